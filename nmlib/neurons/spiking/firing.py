"""Threshold, reset and refractoriness: what the spiking neurons share.

Libraries differ in when a spike resets the membrane, whether the input of that
step survives, whether the gradient flows through the reset, and whether the
spike that a step returns was there before or after its input. Each is a field
of `Rule`; `spiking.presets` fills them in as each library does.
"""

from collections.abc import Callable
import dataclasses
from types import ModuleType
from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Rule:
  """How a membrane fires and resets.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)
  # 'subtract' takes off threshold - reset_voltage, 'zero' sets reset_voltage.
  reset: Literal['subtract', 'zero', 'none'] = 'subtract'
  # 'immediate': in the step of the spike; the state is what the reset left.
  # 'delayed': in the next step, from the membrane before it. The third, of
  # snnTorch: delayed, and at once unless the delayed reset was already due.
  reset_time: Literal['immediate', 'delayed', 'delayed_and_immediate'] = (
      'immediate'
  )
  # Where a delayed reset acts: on the old membrane, so that the input of the
  # step survives a reset to zero, or on the new one.
  reset_target: Literal['before_leak', 'after_leak'] = 'after_leak'
  detach_reset: bool = True  # no gradient through the reset
  reset_voltage: limits.Finite = 0.0
  # 'before': a step's spikes are those of the membrane before its input.
  emission: Literal['after', 'before'] = 'after'
  at_threshold: bool = False  # whether a membrane AT its threshold spikes
  # Only the neuron farthest above its threshold may spike.
  inhibition: bool = False
  graded_spikes: limits.Finite = 1.0  # size of a spike
  # Part of a reset that comes at once in 'delayed_and_immediate'.
  immediate_share: limits.Finite = 1.0

  def __post_init__(self):
    limits.check(self)
    if self.emission == 'before' and self.reset_time != 'delayed':
      raise ValueError(
          "firing.Rule.reset_time must be 'delayed' where emission is"
          f" 'before', got {self.reset_time!r}."
      )


def spikes(voltage: jax.Array, threshold: jax.Array, rule: Rule) -> jax.Array:
  """Returns the spikes of membranes [N]: 0 or `rule.graded_spikes`."""
  out = surrogate_lib.spike(
      voltage - threshold, rule.surrogate, at_threshold=rule.at_threshold
  )
  if rule.inhibition:
    winner = jnp.argmax(voltage - threshold, axis=-1, keepdims=True)
    out = out * (jnp.arange(voltage.shape[-1]) == winner)
  return out


def fire_parallel(
    start: jax.Array, voltages: jax.Array, threshold: jax.Array, rule: Rule
) -> jax.Array:
  """Returns graded spikes [T, N] of membranes [T, N] that nothing resets.

  Args:
    start: membrane before the first step [N].
    voltages: after each step [T, N].
    threshold: [N] or [].
    rule: without a reset.

  Raises:
    ValueError: if the rule resets: a step then needs the spikes before it.
  """
  if rule.reset != 'none':
    raise ValueError(
        'time runs in parallel only for neurons that do not reset:'
        f" firing.Rule.reset must be 'none', got {rule.reset!r}; use unroll."
    )
  if rule.emission == 'before':
    voltages = jnp.concatenate([start[None], voltages])[:-1]
  return spikes_of_all(voltages, threshold, rule)


def spikes_of_all(
    voltages: jax.Array, threshold: jax.Array, rule: Rule
) -> jax.Array:
  """Returns graded spikes [T, N] of membranes [T, N] as they are."""
  one = lambda voltage: graded(spikes(voltage, threshold, rule), rule)
  return jax.vmap(one)(voltages)


def fire(
    voltage: jax.Array,
    integrate: Callable[[jax.Array], jax.Array],
    threshold: jax.Array,
    rule: Rule,
) -> tuple[jax.Array, jax.Array]:
  """Integrates one step, fires and resets.

  Args:
    voltage: membrane before the step [N].
    integrate: the membrane's leak and input, from old to new [N].
    threshold: [N] or [].
    rule: when and how to reset.

  Returns:
    The membrane after the step [N], and the spikes [N], not yet graded.
  """
  old = jnp.zeros_like(voltage)
  if rule.emission == 'before' or (
      rule.reset != 'none' and rule.reset_time != 'immediate'
  ):
    # Inhibition acts on what is emitted, not on the delayed reset (snnTorch).
    plain = dataclasses.replace(rule, inhibition=False)
    old = spikes(voltage, threshold, plain)
  if rule.reset == 'none':
    new = integrate(voltage)
    out = old if rule.emission == 'before' else spikes(new, threshold, rule)
    return new, out
  if rule.reset_time == 'immediate':
    new = integrate(voltage)
    out = spikes(new, threshold, rule)
    return reset(new, reset_signal(out, rule), threshold, rule), out
  signal = reset_signal(old, rule)
  if rule.reset_target == 'before_leak':
    new = integrate(reset(voltage, signal, threshold, rule))
  else:
    new = reset(integrate(voltage), signal, threshold, rule)
  if rule.emission == 'before':
    return new, old
  out = spikes(new, threshold, rule)
  if rule.reset_time == 'delayed_and_immediate':
    # Not detached: the gradient flows through this reset alone.
    due = rule.immediate_share * out - signal
    new = reset(new, due, threshold, rule)
  return new, out


def graded(out: jax.Array, rule: Rule) -> jax.Array:
  """Returns spikes of the rule's size."""
  return out if rule.graded_spikes == 1 else out * rule.graded_spikes


def reset_signal(out: jax.Array, rule: Rule) -> jax.Array:
  """Returns the spikes as a reset sees them: detached, if the rule says so."""
  return jax.lax.stop_gradient(out) if rule.detach_reset else out


def reset(
    voltage: jax.Array, signal: jax.Array, threshold: jax.Array, rule: Rule
) -> jax.Array:
  """Returns membranes [N], those with signal 1 reset."""
  if rule.reset == 'none':
    return voltage
  if rule.reset == 'subtract':
    return voltage - signal * (threshold - rule.reset_voltage)
  if rule.reset_voltage == 0:
    return voltage - signal * voltage
  return (1 - signal) * voltage + signal * rule.reset_voltage


def check_threshold(config: Any, rule: Rule) -> None:
  """Refuses a Config whose threshold is not above what a spike resets to."""
  if rule.reset != 'none' and not config.threshold > rule.reset_voltage:
    raise ValueError(
        f'{limits.full_name(type(config), "threshold")} must be above the'
        f' reset voltage {rule.reset_voltage}, got {config.threshold}.'
    )


def check_cell(config: Any, family: ModuleType, cell: Any) -> None:
  """Refuses a Config around the cell of a family, if it is another's cell."""
  expected = getattr(family, 'Config', None)
  if expected is None or not isinstance(cell, expected):
    short = family.__name__.rpartition('.')[2]
    raise ValueError(
        f'{limits.full_name(type(config), "cell")} must be a {short}.Config,'
        f' got {cell!r}.'
    )
