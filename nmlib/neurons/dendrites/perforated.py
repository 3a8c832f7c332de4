r"""Dendrite nodes: helpers grown onto the neurons of a trained layer.

Brenner and Itti (arXiv 2501.18018, 2025), with the candidate rule of
Cascade-Correlation (Fahlman and Lebiere 1990). A dendrite is a copy of the
layer's architecture with its own weights; it hears the earlier dendrites of
the same neuron, and its answer is added to the neuron's input by one weight:

.. math::
  u_k &= layer(x; \theta_k) + \sum_{j<k} q_{kj} d_j, \quad d_k = \phi(u_k) \\
  a &= layer(x; \theta) + \sum_k r_k d_k

It is trained, with all else frozen, to covary with the error that remains at
its neuron; then it is frozen too. Everything takes the layer as a function, so
dense, convolutional and recurrent layers are alike, whatever axes lead x.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import normalization

KINDS = ('covariance', 'normalized', 'pearson')
Layer = Callable[[Any, jax.Array], jax.Array]
Activation = Callable[[jax.Array], jax.Array]


class Dendrite(NamedTuple):
  """One dendrite for each of N neurons."""

  layer: Any  # like the parameters of the neurons' own layer
  from_previous: tuple[jax.Array, ...]  # q: one [N] for each earlier dendrite


def init(
    key: jax.Array,
    layer: Any,
    num_neurons: int,
    num_previous: int = 0,
    scale: float = 0.01,
    *,
    relative: bool = False,
) -> Dendrite:
  """Draws N(0, scale^2) weights; weights from earlier dendrites are zero.

  Args:
    key: of the weights.
    layer: parameters of the neurons' layer, for their shapes.
    num_neurons: N.
    num_previous: dendrites that each neuron already has.
    scale: standard deviation.
    relative: multiply it by the mean magnitude of the layer's own weights
      (matrices and kernels; its vectors count if it has nothing else).
  """
  leaves, structure = jax.tree.flatten(layer)
  deviation = jnp.asarray(scale, leaves[0].dtype)
  if relative:
    weights = [leaf for leaf in leaves if leaf.ndim > 1] or leaves
    size = sum(leaf.size for leaf in weights)
    deviation *= sum(jnp.sum(jnp.abs(leaf)) for leaf in weights) / size
  keys = jax.random.split(key, len(leaves))
  drawn = [
      deviation * jax.random.normal(k, leaf.shape, leaf.dtype)
      for k, leaf in zip(keys, leaves, strict=True)
  ]
  zeros = (jnp.zeros(num_neurons, leaves[0].dtype),) * num_previous
  return Dendrite(jax.tree.unflatten(structure, drawn), zeros)


def forward(
    dendrites: Sequence[Dendrite],
    layer: Layer,
    x: jax.Array,
    *,
    activation: Activation = jax.nn.sigmoid,
    neuron_axis: int = -1,
) -> list[jax.Array]:
  """Returns the answers d_k of all dendrites, each shaped as the layer's.

  Args:
    dendrites: oldest first.
    layer: `(parameters, x) -> pre-activations`.
    x: inputs of the layer.
    activation: phi.
    neuron_axis: axis of the pre-activations that numbers neurons (channels).

  Raises:
    ValueError: if a dendrite does not have a weight for each earlier one.
  """
  answers: list[jax.Array] = []
  for k, dendrite in enumerate(dendrites):
    if len(dendrite.from_previous) != k:
      raise ValueError(
          f'dendrite {k} must have {k} weights from earlier ones, got'
          f' {len(dendrite.from_previous)}.'
      )
    u = layer(dendrite.layer, x)
    u = combine(u, answers, dendrite.from_previous, neuron_axis=neuron_axis)
    answers.append(activation(u))
  return answers


def combine(
    a: jax.Array,
    answers: Sequence[jax.Array],
    weights: Sequence[jax.Array],
    *,
    neuron_axis: int = -1,
) -> jax.Array:
  """Adds sum_k weights[k] answers[k] to a, one weight [N] a neuron.

  Raises:
    ValueError: if there are not as many weights as answers.
  """
  if len(weights) != len(answers):
    raise ValueError(
        f'{len(answers)} dendrites need as many weights, got {len(weights)}.'
    )
  shape = [1] * a.ndim
  shape[neuron_axis] = a.shape[neuron_axis]
  for weight, answer in zip(weights, answers, strict=True):
    a = a + weight.reshape(shape) * answer
  return a


def apply(
    neurons: Any,
    dendrites: Sequence[Dendrite],
    to_neuron: Sequence[jax.Array],
    layer: Layer,
    x: jax.Array,
    *,
    activation: Activation = jax.nn.sigmoid,
    neuron_axis: int = -1,
    perforated: bool = True,
) -> jax.Array:
  """Returns the neurons' pre-activations, before the network's own function.

  Args:
    neurons: parameters of the neurons' own layer.
    dendrites: oldest first.
    to_neuron: r, one [N] a dendrite.
    layer: and x, activation, neuron_axis: as in `forward`.
    perforated: send no error through dendrites to earlier layers; False
      trains dendrites like any other weights, by gradient descent.
  """
  heard = jax.lax.stop_gradient(x) if perforated else x
  answers = forward(
      dendrites, layer, heard, activation=activation, neuron_axis=neuron_axis
  )
  own = layer(neurons, x)
  return combine(own, answers, to_neuron, neuron_axis=neuron_axis)


def candidate_score(
    values: jax.Array,
    errors: jax.Array,
    kind: str = 'covariance',
    means: tuple[jax.Array, jax.Array] | None = None,
) -> jax.Array:
  r"""How strongly each candidate covaries with its neuron's error.

  .. math:: S_i = |mean_p (V_{pi} - \bar V_i)(E_{pi} - \bar E_i)|

  'normalized' divides by the error's standard deviation, which moves no
  optimum but puts neurons and layers on one scale; 'pearson' divides by both.
  The gradient is Fahlman and Lebiere's: the sign of the covariance times the
  centred error.

  Args:
    values: answers V of the candidates, [P, N] (samples, and positions of a
      convolution, in front).
    errors: dL/da at the neurons' pre-activations, [P, N].
    kind: one of `KINDS`.
    means: of values and of errors, [N] each, to centre by (running means for
      small batches); None takes those of the batch.

  Returns:
    S, [N].

  Raises:
    ValueError: if the kind is unknown or shapes differ.
  """
  return jnp.abs(candidate_covariance(values, errors, kind, means))


def candidate_covariance(
    values: jax.Array,
    errors: jax.Array,
    kind: str = 'covariance',
    means: tuple[jax.Array, jax.Array] | None = None,
) -> jax.Array:
  """`candidate_score` before its absolute value is taken, [N].

  Means of small batches are taken of this: those of the score are too large.
  """
  if kind not in KINDS:
    raise ValueError(f'kind must be one of {KINDS}, got {kind!r}.')
  if values.shape != errors.shape or values.ndim != 2:
    raise ValueError(
        f'values and errors must both be [P, N], got {list(values.shape)} and'
        f' {list(errors.shape)}.'
    )
  if means is None:
    means = jnp.mean(values, axis=0), jnp.mean(errors, axis=0)
  v = values - means[0][None]
  e = errors - means[1][None]
  covariance = jnp.mean(v * e, axis=0)
  if kind != 'covariance':
    power = jnp.mean(e**2, axis=0)
    if kind == 'pearson':
      power = power * jnp.mean(v**2, axis=0)
    scale = normalization.safe_sqrt(power)  # a constant has no correlation
    covariance = normalization.safe_ratio(covariance, scale)
  return covariance


def errors_at(loss: Callable[[Any], jax.Array], probes: Any) -> Any:
  """Returns dL/da wherever a network adds a zero probe to its activations.

  Args:
    loss: function of the probes, pytree of arrays shaped like the
      pre-activations that each is added to.
    probes: that pytree, for its shapes.
  """
  return jax.grad(loss)(jax.tree.map(jnp.zeros_like, probes))


def better_rows(
    best: Any, new: Any, better: jax.Array, neuron_axis: Any
) -> Any:
  """Takes each neuron's own weights from `new` where it is better.

  Args:
    best: parameters so far.
    new: parameters, same structure.
    better: bool [N].
    neuron_axis: pytree of ints, the axis of each leaf that numbers neurons.
  """

  def choose(old, candidate, axis):
    shape = [1] * old.ndim
    shape[axis] = len(better)
    return jnp.where(better.reshape(shape), candidate, old)

  return jax.tree.map(choose, best, new, neuron_axis)
