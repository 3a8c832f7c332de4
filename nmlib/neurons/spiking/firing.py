"""Threshold, reset and refractoriness: what the spiking neurons share.

Libraries differ in when a spike resets the membrane, whether the input of that
step survives, whether the gradient flows through the reset, and whether the
spike that a step returns was there before or after its input. Each is a field
of `Rule`; the neurons' presets (`lif.snntorch`, ...) fill them in.
"""

from collections.abc import Callable
import dataclasses
import math

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import surrogate as surrogate_lib

RESETS = ('subtract', 'zero', 'none')
RESET_TIMES = ('immediate', 'delayed', 'delayed_and_immediate')
RESET_TARGETS = ('before_leak', 'after_leak')
EMISSIONS = ('after', 'before')


@dataclasses.dataclass(frozen=True)
class Rule:
  """How a membrane fires and resets.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)
  # 'subtract' takes off threshold - reset_voltage, 'zero' sets reset_voltage.
  reset: str = 'subtract'
  # 'immediate': in the step of the spike; the state is what the reset left.
  # 'delayed': in the next step, from the membrane before it. The third, of
  # snnTorch: delayed, and at once unless the delayed reset was already due.
  reset_time: str = 'immediate'
  # Where a delayed reset acts: on the old membrane, so that the input of the
  # step survives a reset to zero, or on the new one.
  reset_target: str = 'after_leak'
  detach_reset: bool = True  # no gradient through the reset
  reset_voltage: float = 0.0
  emission: str = 'after'  # or 'before': spikes of the membrane before input
  at_threshold: bool = False  # whether a membrane AT its threshold spikes
  # Only the neuron farthest above its threshold may spike.
  inhibition: bool = False
  graded_spikes: float = 1.0  # size of a spike

  def __post_init__(self):
    for field, allowed in (
        ('reset', RESETS),
        ('reset_time', RESET_TIMES),
        ('reset_target', RESET_TARGETS),
        ('emission', EMISSIONS),
    ):
      if getattr(self, field) not in allowed:
        _fail(field, f'one of {allowed}', getattr(self, field))
    for field in ('reset_voltage', 'graded_spikes'):
      if not math.isfinite(getattr(self, field)):
        _fail(field, 'finite', getattr(self, field))
    if self.emission == 'before' and self.reset_time != 'delayed':
      _fail("reset_time, with emission='before',", "'delayed'", self.reset_time)


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
    voltages = jnp.concatenate([start[None], voltages[:-1]])
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
    new = reset(new, out - signal, threshold, rule)
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


def _fail(field, allowed, value):
  raise ValueError(f'firing.Rule.{field} must be {allowed}, got {value!r}.')


def check(name: str, num_units: int, threshold: float, rule: Rule) -> None:
  """Checks what every neuron's Config shares; raises ValueError."""
  if isinstance(num_units, bool) or num_units < 1:
    raise ValueError(
        f'{name}.Config.num_units must be a positive integer, got {num_units}.'
    )
  if not math.isfinite(threshold):
    raise ValueError(
        f'{name}.Config.threshold must be finite, got {threshold}.'
    )
  if rule.reset != 'none' and not threshold > rule.reset_voltage:
    raise ValueError(
        f'{name}.Config.threshold must exceed the reset voltage'
        f' {rule.reset_voltage}, got {threshold}.'
    )


def check_decay(name: str, field: str, value: float) -> None:
  """Checks a decay a step; raises ValueError."""
  if not 0 <= value <= 1:
    raise ValueError(
        f'{name}.Config.{field} must be a decay a step in [0, 1], got {value};'
        ' see `time_constants.decay` for time constants.'
    )
