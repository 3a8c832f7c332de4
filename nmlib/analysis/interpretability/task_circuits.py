"""Circuits of two tasks: chosen by what their parts do, judged by lesions.

Choose them on one split of prompts and judge them on another: on the same one
their effects come out too large. Everything takes a `run` of one example as
`nmlib.analysis.patching` does, whose network has sites 'z' [L, T, H, k] and
'mlp_post' [L, T, m], and outputs `logits` of which the last row answers.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis import patching
from nmlib.analysis.interpretability import task_selectivity
from nmlib.analysis.patching import ablation
from nmlib.analysis.patching import sweeps
from nmlib.neurons.core import checks
from nmlib.neurons.core import k_winners

LEVELS = ('heads', 'neurons', 'both')  # parts of a circuit that are put out


class Circuit(NamedTuple):
  """Heads and neurons of every layer."""

  heads: Any  # bool [..., L, H]
  neurons: Any  # bool [..., L, m]


class Counts(NamedTuple):
  """Parts of a circuit."""

  heads: int
  neurons: int


class Effects(NamedTuple):
  """By how much an answer's logit difference falls without a part."""

  heads: Any  # [L, H], of each head
  neurons: Any  # [L, m], of each neuron, to first order
  layers: Any  # [3, L, B], of all heads of a layer, its neurons, and both


def difference(outputs: Any, answers: jax.Array) -> jax.Array:
  """Returns the logit of the right answer less that of the wrong one, []."""
  return patching.logit_difference(outputs.logits[-1], answers)


def scores(outputs: Any, answers: jax.Array) -> jax.Array:
  """Returns whether the answer is right, and `difference`: [2]."""
  logits = outputs.logits[-1]
  right = jnp.argmax(logits) == answers[0]
  return jnp.stack([right.astype(logits.dtype), difference(outputs, answers)])


def effects(run: sweeps.Run, inputs: Any, answers: jax.Array) -> Effects:
  """Returns the effect of every head, neuron and layer on one task.

  Heads and layers are replaced by their mean over inputs. Single neurons are
  too many for that: theirs is the effect, to first order, of a value from the
  next input in its place.

  Args:
    run: of one example; see the module.
    inputs: [B, ...] each.
    answers: int [B, 2], right and wrong.

  Raises:
    ValueError: as of `patching.ablate_sets`; or if there are fewer than two
      inputs.
  """
  checks.count('the number of inputs', sweeps.examples(inputs, answers), 2)
  first = jax.tree.map(lambda leaf: leaf[0], inputs)
  seen = jax.eval_shape(lambda one: run(one, {}, ('z', 'mlp_post'))[1], first)
  (count, _, heads, _), neurons = seen['z'].shape, seen['mlp_post'].shape[2]
  parts = parts_of(count, heads, neurons)
  left = lesions(run, inputs, parts, difference, answers)
  fell = left[:1] - left[1:]  # [E, B]
  others = jax.tree.map(lambda leaf: jnp.roll(leaf, 1, 0), inputs)
  moved = patching.attribution_patch(
      run, inputs, others, 'mlp_post', difference, answers, direction='noise'
  )
  single = fell[: count * heads].mean(1).reshape(count, heads)
  layers = fell[count * heads :].reshape(3, count, -1)
  return Effects(single, -moved.sum(2).mean(0), layers)


def parts_of(num_layers: int, num_heads: int, num_neurons: int) -> Circuit:
  """Returns circuits [1 + L H + 3 L, L, *]: none, heads, parts of layers.

  After the empty one each single head; then of each layer all heads, all
  neurons, and both.
  """
  single = patching.one_at_a_time((num_layers, num_heads), (0, 1))
  layer = patching.one_at_a_time((num_layers, 1), (0,))
  full = lambda size: jnp.broadcast_to(layer, (num_layers, num_layers, size))
  none = lambda count, size: jnp.zeros((count, num_layers, size), bool)
  every, all_neurons = full(num_heads), full(num_neurons)
  heads = none(1, num_heads), single, every, none(num_layers, num_heads), every
  rest = none(1 + len(single) + num_layers, num_neurons)
  return Circuit(
      jnp.concatenate(heads), jnp.concatenate([rest, all_neurons, all_neurons])
  )


def levels(circuits: Circuit) -> Circuit:
  """Returns circuits [C, L, *] at each of `LEVELS`, [3 C, L, *]."""
  none = jax.tree.map(jnp.zeros_like, circuits)
  heads = none._replace(heads=circuits.heads)
  neurons = none._replace(neurons=circuits.neurons)
  together = lambda *leaves: jnp.concatenate(leaves)
  return jax.tree.map(together, heads, neurons, circuits)


def choose(first: Effects, second: Effects, counts: Counts) -> Circuit:
  """Returns the circuits [2, L, *] of two tasks.

  Each holds the parts that serve its own task most and the other least, by
  `task_selectivity.selectivity`.

  Args:
    first: effects on a task.
    second: on another.
    counts: how many heads and how many neurons a circuit has.

  Raises:
    ValueError: if shapes differ, or there are not so many.
  """
  found = []
  for name in Circuit._fields:
    a, b, count = (getattr(of, name) for of in (first, second, counts))
    if not 0 <= 2 * count <= a.size:
      raise ValueError(
          f'two circuits of {count} {name} need {2 * count}, the network has'
          f' {a.size}.'
      )
    apart = task_selectivity.selectivity(a, b)
    best = k_winners.winners
    found.append(jnp.stack([best(apart, count), best(-apart, count)]))
  return Circuit(*found)


def lesions(
    run: sweeps.Run,
    inputs: Any,
    circuits: Circuit,
    metric: sweeps.Metric,
    targets: Any,
    *,
    kind: ablation.Kind = 'mean',
    batch_size: int | None = None,
) -> jax.Array:
  """Returns metrics [E, B, ...] without each of E circuits [E, L, *].

  Resampled values are those of the next input, of the same task.

  Args:
    run: of one example; see the module.
    inputs: [B, ...] each.
    circuits: heads and neurons that are put out together.
    metric: of one example.
    targets: [B, ...] each, what the metric takes besides outputs.
    kind: as of `patching.ablate`.
    batch_size: circuits at once; None: one.

  Raises:
    ValueError: as of `patching.ablate_sets`.
  """
  others = jax.tree.map(lambda leaf: jnp.roll(leaf, 1, 0), inputs)
  masks = {
      'z': circuits.heads[..., :, None, :, None],
      'mlp_post': circuits.neurons[..., :, None, :],
  }
  return patching.ablate_sets(
      run, inputs, masks, metric, targets, kind=kind, others=others,
      batch_size=batch_size,
  )  # fmt: skip
