"""A layer's whole sequence when each spike resets at once, remembering little.

Steps say: integrate, fire, reset. Here the loop carries the membrane before
its reset, and a step says: fire, reset, integrate. That one number a neuron
and step is all that is written, during the loop, for spikes and gradient
alike; spikes are taken of all steps together afterwards.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing


def applies(rule: firing.Rule) -> bool:
  """Whether `run` has this rule: resets are at once, or there are none."""
  return rule.reset_time == 'immediate'


def run(
    voltage: jax.Array,
    synapse: Any,
    xs: jax.Array,
    *,
    drive: Callable[[Any, jax.Array], tuple[Any, jax.Array]],
    integrate: Callable[[jax.Array, jax.Array], jax.Array],
    threshold: jax.Array,
    rule: firing.Rule,
    chunk_size: int | None = None,
) -> tuple[jax.Array, Any, jax.Array]:
  """Returns the same numbers as scanning `firing.fire`.

  Args:
    voltage: membranes before the first step [N].
    synapse: whatever else evolves, without hearing of the spikes.
    xs: inputs [T, N].
    drive: (synapse, input) to the next synapse and the membranes' drive [N].
    integrate: (membranes, drive) to the new membranes [N].
    threshold: [N] or [].
    rule: one that `applies`.
    chunk_size: as in `scan.scan`.

  Returns:
    Membranes after the last step [N], the synapse, graded spikes [T, N].
  """

  def reset(voltage, due):
    signal = firing.reset_signal(firing.spikes(voltage, threshold, rule), rule)
    return firing.reset(voltage, due * signal, threshold, rule)

  def step(carry, x_t):
    voltage, synapse, due = carry
    synapse, seen = drive(synapse, x_t)
    voltage = integrate(reset(voltage, due), seen)
    return (voltage, synapse, jnp.ones_like(due)), voltage

  # Nothing resets the membranes that a caller gives.
  start = voltage, synapse, jnp.zeros((), voltage.dtype)
  # Computing a step again costs less than writing what it computed.
  step = jax.checkpoint(step, prevent_cse=False)
  (last, synapse, due), voltages = scan.scan(
      step, start, xs, chunk_size=chunk_size
  )
  last = reset(last, due)
  return last, synapse, firing.spikes_of_all(voltages, threshold, rule)
