"""Several modes of one frozen network: gates for each, and which one it is.

Beyond Ghasemlou (arXiv 2602.11726, 2026), who learns the gates of one mode and
is told when to use them.
"""

from collections.abc import Callable
from collections.abc import Mapping
import functools
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.analysis import sparsity
from nmlib.networks import active_dendrites
from nmlib.networks import gated
from nmlib.neurons.gates import mode_gate


def init(
    widths: dict[str, int],
    num_modes: int,
    config: mode_gate.Config = mode_gate.Config(),
) -> gated.Gates:
  """Returns the gates of `gated.init` for every mode, leaves [M, ...].

  Args:
    widths: from `gated.layers`.
    num_modes: M.
    config: kind of gate.
  """
  stack = lambda leaf: jnp.stack([leaf] * num_modes)
  return jax.tree.map(stack, gated.init(widths, config=config))


def apply(
    network: gated.Network,
    gates: gated.Gates,
    mode: int | jax.Array,
    *arguments: Any,
    **options: Any,
) -> tuple[Any, dict[str, jax.Array]]:
  """Runs the network with the gates of one mode.

  Args:
    network: the network.
    gates: by layer, leaves [M, ...].
    mode: index.
    *arguments: of the network.
    **options: of `gated.apply`, such as `hard=True`.

  Returns:
    What the network returns, and the gate of each gated layer in [0, 1].
  """
  own = jax.tree.map(lambda leaf: leaf[mode], gates)
  return gated.apply(network, own, *arguments, **options)


def prototypes(
    inputs: jax.Array, labels: jax.Array, num_classes: int
) -> jax.Array:
  """Returns the mean input of each class in each mode, [M, C, D].

  Args:
    inputs: the same N examples in every mode, [M, N, ...] of D numbers each.
    labels: int [N].
    num_classes: C; one without examples is infinitely far from everything.
  """
  flat = inputs.reshape(*inputs.shape[:2], -1)
  member = jax.nn.one_hot(labels, num_classes, dtype=flat.dtype)  # [N, C]
  sums = jnp.einsum('nc,mnd->mcd', member, flat, precision='highest')
  counts = member.sum(0)[None, :, None]
  return jnp.where(counts > 0, sums / jnp.maximum(counts, 1), jnp.inf)


def infer(means: jax.Array, x: jax.Array) -> jax.Array:
  """Returns the mode, int [], whose `prototypes` [M, C, D] x is nearest to."""
  num_classes, size = means.shape[1:]
  nearest = active_dendrites.nearest_prototype(
      means.reshape(-1, size), x.reshape(-1)
  )
  return nearest // num_classes


def accuracies(
    answer: Callable[[jax.Array, jax.Array], jax.Array],
    inputs: jax.Array,
    labels: jax.Array,
) -> jax.Array:
  """Returns the accuracy in each mode, [M].

  Args:
    answer: (mode, x) -> logits.
    inputs: the same B examples in every mode, [M, B, ...].
    labels: int [B].
  """

  def one(mode, xs):
    logits = jax.vmap(lambda x: answer(mode, x))(xs)
    return jnp.mean(jnp.argmax(logits, -1) == labels, dtype=float)

  pairs = jnp.arange(len(inputs)), inputs
  return jax.lax.map(lambda pair: one(*pair), pairs)


def evaluate(
    network: gated.Network,
    base: Any,
    gates: gated.Gates,
    means: jax.Array,
    inputs: jax.Array,
    labels: jax.Array,
    *,
    temperature: float = 0.1,
    rivals: Mapping[str, Any] | None = None,
) -> dict[str, jax.Array]:
  """Tests every mode: without gates, the mode told, the mode inferred.

  Args:
    network: (base, x) -> logits.
    base: parameters of the network.
    gates: by layer, leaves [M, ...].
    means: `prototypes` [M, C, D].
    inputs: the same B examples in every mode, [M, B, ...].
    labels: int [B].
    temperature: of soft gates.
    rivals: other parameters of the network, by name, tested without gates.

  Returns:
    Accuracies [M]: `frozen`, of the base; `soft` and `hard` gates of the mode;
    `selected`, hard gates of the mode that was inferred; and by the names of
    rivals. `selector`, the share of inputs whose mode was inferred rightly,
    [M], and `share`, that for which each neuron is on, layer after layer, [M,
    N].
  """
  run = functools.partial(apply, network, gates, temperature=temperature)
  hard = functools.partial(run, hard=True)
  answers = {
      'frozen': lambda mode, x: network(base, x),
      'soft': lambda mode, x: run(mode, base, x)[0],
      'hard': lambda mode, x: hard(mode, base, x)[0],
      'selected': lambda mode, x: hard(infer(means, x), base, x)[0],
  }
  for name, params in (rivals or {}).items():
    answers[name] = lambda mode, x, params=params: network(params, x)
  layers = [n for n in gated.layers(network, base, inputs[0, 0]) if n in gates]

  def used(mode, xs):
    right = jax.vmap(functools.partial(infer, means))(xs) == mode
    on = jax.vmap(lambda x: hard(mode, base, x)[1])(xs)
    share = jnp.concatenate([sparsity.duty_cycle(on[name]) for name in layers])
    return {'selector': jnp.mean(right), 'share': share}

  pairs = jnp.arange(len(means)), inputs
  return jax.lax.map(lambda pair: used(*pair), pairs) | {
      name: accuracies(answer, inputs, labels)
      for name, answer in answers.items()
  }
