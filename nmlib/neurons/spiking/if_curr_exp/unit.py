"""A step of IF_curr_exp, and a run of it."""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.if_curr_exp.params import Config
from nmlib.neurons.spiking.if_curr_exp.params import Params
from nmlib.neurons.spiking.if_curr_exp.params import State


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances dt.

  Args:
    params: of the membrane and its synapses.
    state: membrane, currents and countdown [N].
    x_t: [2, N], nA: summed weights of the excitatory spikes that arrive in
      this step, and of the inhibitory ones, both positive.
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [2, N].
  """
  checks.shape('inputs', x_t, synapses=2, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  excitation = state.excitation + params.excitatory_gain * x_t[0]
  inhibition = state.inhibition + params.inhibitory_gain * x_t[1]
  current = excitation - inhibition + config.i_offset
  target = current * params.resistance + config.v_rest
  moved = target - params.membrane_decay * (target - state.voltage)
  held = state.countdown > 0
  voltage = jnp.where(held, state.voltage, moved)
  ready = jnp.where(held, 0, jnp.ones_like(voltage))
  spikes = ready * surrogate_lib.spike(
      voltage - params.threshold, config.surrogate, at_threshold=True
  )
  fired = jax.lax.stop_gradient(spikes)
  signal = fired if config.detach_reset else spikes
  left = jnp.maximum(state.countdown - 1, 0)
  return (
      State(
          (1 - signal) * voltage + signal * config.v_reset,
          excitation * params.excitatory_decay,
          inhibition * params.inhibitory_decay,
          left + fired * config.refractory_steps,
      ),
      spikes,
  )


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, 2, N]; returns last state, spikes [T, N]."""
  checks.shape('inputs', xs, 'T', synapses=2, num_units=config.num_units)
  xs = dtypes.cast(xs, state.voltage.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )
