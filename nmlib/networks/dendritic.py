"""Any network, with dendrites on the neurons of its layers.

A network is a function `(params, x, call) -> outputs` of one example that runs
each layer through `call(name, layer, layer_params, x)`, where
`layer(layer_params, x)` gives pre-activations with neurons on the last axis:
dense layers, convolutions (channels last) and recurrent cells alike. A name
used several times (a cell, a layer shared over points) is one layer, with one
set of dendrites; errors of all its uses count. Loops over time are written in
Python: inside `lax.scan` the uses of a layer cannot be told apart.
`mlp.apply` and `image_classifiers` take a `call`; so may any other network.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons.dendrites import perforated as dendrite_nodes

Network = Callable[[Any, Any, mlp.Call], jax.Array]
plain = mlp.plain  # the `call` of a network without dendrites


class Params(NamedTuple):
  """A network and what has grown on it; K dendrites a neuron so far."""

  base: Any
  to_neuron: dict[str, tuple[jax.Array, ...]]  # K times [N]
  dendrites: dict[str, tuple[dendrite_nodes.Dendrite, ...]]


class Layer(NamedTuple):
  """What is known of a layer without running it."""

  params: Any  # shapes of its own parameters
  num_neurons: int
  uses: tuple[Any, ...]  # shapes of the pre-activations of each use


def layers(network: Network, base: Any, x: Any) -> dict[str, Layer]:
  """Returns what can carry dendrites, in order of first use.

  Raises:
    ValueError: if a layer is used inside `lax.scan` or the like.
  """
  found: dict[str, Layer] = {}
  traces: list[Any] = []

  def call(name, layer, params, x):
    a = layer(params, x)
    # Within a loop values belong to a trace of its body; nothing public tells.
    if getattr(a, '_trace', traces[0]) is not traces[0]:
      raise ValueError(
          f'layer {name!r} is used inside a loop or a transformation of JAX'
          ' (lax.scan, jit, vmap), where its uses cannot be told apart: write'
          ' the loop in Python.'
      )
    shape = jax.ShapeDtypeStruct(a.shape, a.dtype)
    uses = found[name].uses if name in found else ()
    shapes = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), params
    )
    found[name] = Layer(shapes, a.shape[-1], (*uses, shape))
    return a

  def run(base, x):
    traces.append(getattr(jax.tree.leaves((base, x))[0], '_trace', None))
    return network(base, x, call)

  jax.eval_shape(run, base, x)
  return found


def bare(network: Network, base: Any, x: Any, names=None) -> Params:
  """Returns a network with no dendrites yet.

  Args:
    network: the network.
    base: its parameters.
    x: one example, for shapes.
    names: of the layers that will carry dendrites; None takes all.

  Raises:
    ValueError: if the network has no layer of a given name.
  """
  known = layers(network, base, x)
  names = tuple(known) if names is None else tuple(names)
  for name in names:
    if name not in known:
      raise ValueError(
          f'the network has no layer {name!r} to grow dendrites on; it has'
          f' {", ".join(known)}.'
      )
  return Params(base, {n: () for n in names}, {n: () for n in names})


def init_candidates(
    key: jax.Array,
    network: Network,
    params: Params,
    x: Any,
    scale: float,
    *,
    relative: bool = False,
) -> dict[str, dendrite_nodes.Dendrite]:
  """Draws one candidate dendrite for each neuron that carries dendrites.

  Args:
    key: of the weights.
    network: the network.
    params: with the dendrites that it has.
    x: one example, for shapes.
    scale: standard deviation of the weights.
    relative: in units of the mean magnitude of each layer's own weights.
  """
  known = layers(network, params.base, x)
  own = {name: layer.params for name, layer in known.items()}
  if relative:

    def call(name, layer, theta, x):
      own[name] = theta
      return layer(theta, x)

    network(params.base, x, call)
  keys = jax.random.split(key, len(params.dendrites))
  return {
      name: dendrite_nodes.init(
          k,
          own[name],
          known[name].num_neurons,
          len(params.dendrites[name]),
          scale,
          relative=relative,
      )
      for k, name in zip(keys, params.dendrites, strict=True)
  }


def accept(
    params: Params, candidates: dict[str, dendrite_nodes.Dendrite]
) -> Params:
  """Adds the candidates, each with a weight of zero: nothing changes yet."""
  return Params(
      params.base,
      {
          name: (*weights, jnp.zeros_like(_bias_like(candidates[name])))
          for name, weights in params.to_neuron.items()
      },
      {
          name: (*grown, candidates[name])
          for name, grown in params.dendrites.items()
      },
  )


def apply(
    network: Network,
    params: Params,
    x: Any,
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
    perforated: bool = True,
    probes: dict[str, list[jax.Array]] | None = None,
) -> jax.Array:
  """Runs one example.

  Args:
    network: the network.
    params: with its dendrites.
    x: the example.
    activation: of dendrites.
    perforated: send no error through dendrites to earlier layers.
    probes: added to the pre-activations of each use of each layer.
  """
  uses: dict[str, int] = {}

  def call(name, layer, theta, x):
    a = dendrite_nodes.apply(
        theta,
        params.dendrites.get(name, ()),
        params.to_neuron.get(name, ()),
        layer,
        x,
        activation=activation,
        perforated=perforated,
    )
    if probes is not None and name in probes:
      uses[name] = uses.get(name, -1) + 1
      a = a + probes[name][uses[name]]
    return a

  return network(params.base, x, call)


def errors(
    network: Network,
    params: Params,
    x: Any,
    loss: Callable[[jax.Array], jax.Array],
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
) -> dict[str, jax.Array]:
  """Returns the error that arrives at each neuron's pre-activation.

  Args:
    network: the network.
    params: with its dendrites.
    x: one example.
    loss: of the outputs.
    activation: of dendrites.

  Returns:
    dL/da, [P, N] for each layer: uses and positions are samples.
  """
  known = layers(network, params.base, x)
  probes = {
      name: [jnp.zeros(use.shape, use.dtype) for use in known[name].uses]
      for name in params.dendrites
  }

  def of_probes(probes):
    outputs = apply(network, params, x, activation=activation, probes=probes)
    return loss(outputs)

  return _samples(dendrite_nodes.errors_at(of_probes, probes))


def candidate_values(
    network: Network,
    params: Params,
    candidates: dict[str, dendrite_nodes.Dendrite],
    x: Any,
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
) -> dict[str, jax.Array]:
  """Returns what candidates answer, [P, N] for each layer, as `errors`.

  The network runs as it is: candidates listen and say nothing yet.
  """
  values: dict[str, list[jax.Array]] = {name: [] for name in candidates}

  def call(name, layer, theta, x):
    grown = params.dendrites.get(name, ())
    listening = (candidates[name],) if name in candidates else ()
    answers = dendrite_nodes.forward(
        (*grown, *listening), layer, x, activation=activation
    )
    if listening:
      values[name].append(answers.pop())
    weights = params.to_neuron.get(name, ())
    return dendrite_nodes.combine(layer(theta, x), answers, weights)

  network(params.base, x, call)
  return _samples(values)


def count(params: Params) -> int:
  """Returns the number of parameters, dendrites included."""
  return sum(leaf.size for leaf in jax.tree.leaves(params))


def _bias_like(dendrite: dendrite_nodes.Dendrite) -> jax.Array:
  """Returns an array [N] of the layer, by its last axis."""
  leaf = jax.tree.leaves(dendrite.layer)[0]
  return leaf.reshape(-1, leaf.shape[-1])[0]


def _samples(per_use: dict[str, list[jax.Array]]) -> dict[str, jax.Array]:
  return {
      name: jnp.concatenate([v.reshape(-1, v.shape[-1]) for v in values])
      for name, values in per_use.items()
  }
