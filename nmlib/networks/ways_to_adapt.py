"""Ways to adapt a frozen perceptron: what learns, how, and what it then does.

A way is a method of `adaptation` with what its training needs: how gates
sharpen while they learn, what they pay for being open, when they turn hard. For
perceptrons with hidden layers.
"""

import dataclasses
import functools
from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp
import optax

from nmlib.networks import adaptation
from nmlib.networks import hardening_quality
from nmlib.networks import mlp
from nmlib.neurons.core import limits
from nmlib.neurons.gates import mode_gate

Name = Literal[
    'frozen', 'bitfit', 'threshold', 'ia3', 'mode_gate', 'mode_gate_annealed',
    'mode_gate_through', 'mode_gate_tied', 'mode_gate_positive', 'lora_1',
    'lora_2', 'lora_4', 'lora_8', 'linear_probe', 'full',
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Way:
  """One way to adapt.

  Attributes:
    method: one of `adaptation.METHODS`.
    temperatures: of gates, at the first step and at the last.
    rank: of LoRA.
    penalty: on the mean gate, added to the cross-entropy.
    through: last share of the steps in which gates are hard, with the gradient
      of smooth ones.
    gate: kind of gate.
  """

  method: adaptation.Method
  temperatures: tuple[limits.Positive, limits.Positive] = (0.1, 0.1)
  rank: limits.Count = 1
  penalty: limits.NonNegative = 0.0
  through: limits.UnitInterval = 0.0
  gate: mode_gate.Config = mode_gate.Config()

  __post_init__ = limits.check


def named(
    name: str, *, temperature: float = 0.1,
    annealed: tuple[float, float] = (0.5, 0.05), through: float = 0.1,
    penalty: float = 0.0,
) -> Way:  # fmt: skip
  """Returns a way by its name: a method, or one with a change.

  Args:
    name: as in `Name`; LoRA of any rank is 'lora_<rank>'.
    temperature: of gates that are not annealed.
    annealed: first and last, of those that are.
    through: of 'mode_gate_through'.
    penalty: on the mean gate.

  Raises:
    ValueError: if the name is unknown.
  """
  method, _, rank = name.rpartition('_')
  fields: dict[str, Any] = {
      'method': name,
      'temperatures': (temperature, temperature),
      'penalty': penalty,
  }
  if method == 'lora' and rank.isdecimal():
    fields |= {'method': method, 'rank': int(rank)}
  known: dict[str, dict[str, Any]] = {
      'mode_gate_annealed': {'temperatures': annealed},
      'mode_gate_through': {'through': through},
      'mode_gate_tied': {'gate': mode_gate.Config(tied=True)},
      'mode_gate_positive': {'gate': mode_gate.Config(signed_gain=False)},
  }
  if name in known:
    fields |= {'method': 'mode_gate'} | known[name]
  return Way(**fields)


def init(way: Way, key: jax.Array, base: mlp.Params) -> adaptation.Adapter:
  """Returns what learns, as `adaptation.init` does."""
  return adaptation.init(way.method, key, base, rank=way.rank, gate=way.gate)


def activity(
    way: Way,
    adapter: adaptation.Adapter,
    base: mlp.Params,
    x: jax.Array,
    *,
    temperature: float | jax.Array | None = None,
    hard: bool = False,
) -> tuple[jax.Array, tuple[jax.Array, ...], tuple[jax.Array, ...]]:
  """Runs the adapted network on one input, as `adaptation.activity` does.

  Args:
    way: how it is adapted.
    adapter: from `init`, trained or not.
    base: the frozen network.
    x: input of D numbers, such as an image; of any shape.
    temperature: of smooth gates; None: the last one.
    hard: gate by 0 or 1; gradients see the smooth gate.

  Returns:
    Logits, and for each hidden layer gates and activations [N].
  """
  if temperature is None:
    temperature = way.temperatures[-1]
  return adaptation.activity(
      way.method, base, adapter, x.reshape(-1), temperature=temperature,
      hard=hard, straight_through=True, gate=way.gate,
  )  # fmt: skip


def loss(
    way: Way,
    total: int,
    adapter: adaptation.Adapter,
    base: mlp.Params,
    x: jax.Array,
    label: jax.Array,
    step: int | jax.Array,
) -> jax.Array:
  """Returns cross-entropy and penalty of one input, nats, [].

  Args:
    way: how it is adapted.
    total: steps of the training.
    adapter: from `init`, trained or not.
    base: the frozen network.
    x: input, as of `activity`.
    label: int [].
    step: of the training, int [].
  """
  temperature = mode_gate.anneal(step, total, *way.temperatures)

  def cost(hard):
    logits, gates, _ = activity(
        way, adapter, base, x, temperature=temperature, hard=hard
    )
    mean_gate = jnp.mean(jnp.stack([jnp.mean(gate) for gate in gates]))
    nats = optax.losses.softmax_cross_entropy_with_integer_labels(logits, label)
    return nats + way.penalty * mean_gate

  if not way.through:
    return cost(hard=False)
  late = step >= (1 - way.through) * total
  return jnp.where(late, cost(hard=True), cost(hard=False))


def accuracy(
    way: Way,
    adapter: adaptation.Adapter,
    base: mlp.Params,
    inputs: jax.Array,
    labels: jax.Array,
) -> jax.Array:
  """Returns the share of inputs [B, ...] told as labels [B] say, []."""
  run = lambda x: activity(way, adapter, base, x)[0]
  return _right(jax.vmap(run)(inputs), labels)


def measure(
    way: Way,
    adapter: adaptation.Adapter,
    base: mlp.Params,
    inputs: jax.Array,
    labels: jax.Array,
    modes: tuple[str, str] = ('other', 'own'),
) -> dict[str, jax.Array]:
  """Tests an adapted network in the mode it has learned, and in another.

  Args:
    way: how it is adapted.
    adapter: trained.
    base: the frozen network.
    inputs: the same B examples in both modes, the learned one last, [2, B,
      ...].
    labels: int [B].
    modes: what the modes are called.

  Returns:
    The accuracy in each mode by its name, and `hard`, that of hard gates in the
    learned one; and how neurons are used, as of `hardening_quality.usage`.
  """
  right = functools.partial(accuracy, way, adapter, base)
  hard = lambda x: activity(way, adapter, base, x, hard=True)
  logits, on, after = jax.vmap(jax.vmap(hard))(inputs)
  return hardening_quality.usage(on, after) | {
      modes[0]: right(inputs[0], labels),
      modes[1]: right(inputs[1], labels),
      'hard': _right(logits[1], labels),
  }


def _right(logits: jax.Array, labels: jax.Array) -> jax.Array:
  return jnp.mean(jnp.argmax(logits, -1) == labels, dtype=float)
