r"""A neuron of many compartments: a spiking soma, dendrites that are cables.

A soma with Hodgkin-Huxley channels (`channels`) carries passive dendrites,
cables of compartments with conductance-based synapses:

.. math:: A_i C \dot V_i = A_i g_L (E_L - V_i) + \sum_j G_{ij} (V_j - V_i)
  + I^{chan}_i + I^{syn}_i

Dendrites have no channels of their own but NMDA receptors. Steps are implicit
in all voltages at once (Hines 1984), by elimination along each cable to the
soma.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.biophysical import channels
from nmlib.neurons.biophysical import hines
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

_NS = 1e6  # nS in a mS; of a capacity, nS ms in a uF


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms, lengths in um, voltages in mV, conductances in nS."""

  num_branches: limits.Count = 8  # K
  compartments: limits.Count = 3  # of a branch
  excitatory: limits.Count = 8  # E, synapses a branch
  inhibitory: limits.Count = 8  # I
  soma_diameter: limits.Positive = 25.0  # of a sphere
  branch_length: limits.Positive = 300.0
  branch_diameter: limits.Positive = 1.2
  axial_resistivity: limits.Positive = 150.0  # ohm cm
  capacitance: limits.Positive = 1.0  # uF / cm^2
  leak: limits.Positive = 0.05  # mS / cm^2
  leak_reversal: limits.Finite = -70.0
  sodium: limits.NonNegative = 56.0  # mS / cm^2, of the soma, as the next two
  potassium: limits.NonNegative = 6.0
  slow_potassium: limits.NonNegative = 0.5  # M-current; 0.07 in the paper
  slow_tau: limits.Positive = 608.0  # its longest time constant
  channel_shift: limits.Finite = -56.2  # V_T of Pospischil et al.
  # Peaks of a synapse. NMDA receptors outweigh AMPA so far that neighbours
  # which fire together lift a branch out of the magnesium block: a dendrite
  # that is not linear.
  ampa: limits.NonNegative = 0.3
  nmda: limits.NonNegative = 1.0
  gaba: limits.NonNegative = 1.5
  ampa_tau: limits.Positive = 3.0
  nmda_tau: limits.Positive = 45.0
  gaba_tau: limits.Positive = 8.0
  gaba_reversal: limits.Finite = -80.0
  magnesium: limits.NonNegative = 1.0  # mM
  strength_spread: limits.NonNegative = 0.4  # of log-normal synapses
  substeps: limits.Count = 20  # of a ms
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check

  @property
  def num_inputs(self) -> int:
    """D = K (E + I), branch by branch, excitatory synapses first."""
    return self.num_branches * (self.excitatory + self.inhibitory)

  @property
  def areas(self) -> tuple[float, float]:
    """Membrane of the soma and of a dendritic compartment, cm^2."""
    length = self.branch_length / self.compartments
    soma = math.pi * self.soma_diameter**2
    return soma * 1e-8, math.pi * self.branch_diameter * length * 1e-8

  @property
  def axial(self) -> float:
    """Conductance between neighbours in a branch, nS; to the soma twice it."""
    length = self.branch_length / self.compartments * 1e-4  # cm
    section = math.pi * (self.branch_diameter * 1e-4) ** 2 / 4
    return 1e9 * section / (self.axial_resistivity * length)


class Params(NamedTuple):
  strength: jax.Array  # [K, E + I], of the synapses


class State(NamedTuple):
  """Voltages in mV, synaptic conductances in nS."""

  soma: jax.Array  # []
  branch: jax.Array  # [K, compartments], nearest the soma first
  gates: jax.Array  # [4]: m and h of sodium, n of potassium, p of the M-current
  ampa: jax.Array  # [K, compartments]
  nmda: jax.Array
  gaba: jax.Array


class Output(NamedTuple):
  voltage: jax.Array  # [], of the soma at the end of the ms, mV
  spikes: jax.Array  # [], 1. if it crossed 0 mV upwards in the ms, or 0.


def init(key: jax.Array, config: Config) -> Params:
  """Draws strengths of median 1, log-normal."""
  shape = (config.num_branches, config.excitatory + config.inhibitory)
  normal = jax.random.normal(key, shape, dtypes.named(config.param_dtype))
  return Params(jnp.exp(config.strength_spread * normal))


def initial_state(config: Config) -> State:
  """Returns the neuron at its leak's reversal, channels in equilibrium."""
  dtype = dtypes.named(config.param_dtype)
  voltage = jnp.asarray(config.leak_reversal, dtype)
  rest = jnp.full((config.num_branches, config.compartments), voltage)
  gates = [inf for inf, _ in _gates(voltage, config)]
  none = jnp.zeros_like(rest)
  return State(voltage, rest, jnp.stack(gates), none, none, none)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """Advances 1 ms.

  Args:
    params: of the synapses.
    state: before.
    x_t: spikes that arrive at its beginning [K, E + I], 0. or 1.; synapses of
      either kind lie on the compartments of their branch in turn.
    config: static.

  Returns:
    The state after, and the soma's voltage and spike.
  """
  checks.shape(
      'x_t',
      x_t,
      num_branches=config.num_branches,
      synapses=config.excitatory + config.inhibitory,
  )
  params, x_t = dtypes.cast((params, x_t), state.soma.dtype)
  weighted = x_t * params.strength
  excite = _placed(weighted[:, : config.excitatory], config)
  inhibit = _placed(weighted[:, config.excitatory :], config)
  state = state._replace(
      ampa=state.ampa + config.ampa * excite,
      nmda=state.nmda + config.nmda * excite,
      gaba=state.gaba + config.gaba * inhibit,
  )

  def one(carry, _):
    state, fired = carry
    after = substep(state, jnp.zeros_like(state.soma), config)
    return (after, fired | (state.soma < 0) & (after.soma >= 0)), None

  (state, fired), _ = jax.lax.scan(
      one, (state, jnp.asarray(False)), length=config.substeps
  )
  return state, Output(state.soma, fired.astype(state.soma.dtype))


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, Output]:
  """Runs over spikes [T, K, E + I]; the output has T in front."""
  return jax.lax.scan(lambda s, x: step(params, s, x, config), state, xs)


def substep(state: State, current: jax.Array, config: Config) -> State:
  """Advances 1 / substeps ms.

  Gates by exponential Euler at the old voltage, synapses exactly, then all
  voltages implicitly, with the conductances as they then are.

  Args:
    state: before.
    current: into the soma, pA.
    config: static.
  """
  dt = 1 / config.substeps
  pairs = zip(state.gates, _gates(state.soma, config), strict=True)
  gates = [inf + (g - inf) * jnp.exp(-dt / tau) for g, (inf, tau) in pairs]
  state = state._replace(
      gates=jnp.stack(gates),
      ampa=state.ampa * math.exp(-dt / config.ampa_tau),
      nmda=state.nmda * math.exp(-dt / config.nmda_tau),
      gaba=state.gaba * math.exp(-dt / config.gaba_tau),
  )
  own, flow = _branches(state, config)
  soma_own, soma_flow = _soma(state, current, config)
  near, far = hines.currents(state.soma, state.branch, config.axial)
  # Solved for the changes, which float32 holds better than the voltages.
  soma, branch = hines.solve(
      soma_own,
      soma_flow - jnp.sum(near[:, 0]),
      own,
      flow + near + far,
      config.axial,
  )
  return state._replace(soma=state.soma + soma, branch=state.branch + branch)


def _gates(voltage: jax.Array, config: Config):
  return channels.gates(voltage, config.channel_shift, config.slow_tau)


def _branches(state: State, config: Config) -> tuple[jax.Array, jax.Array]:
  """Conductance (nS) with capacity, and current (pA), of each compartment."""
  area = config.areas[1]
  block = channels.magnesium_block(state.branch, config.magnesium)
  excite = state.ampa + state.nmda * block  # reversal 0 mV
  leak = config.leak * area * _NS
  capacity = config.capacitance * area * _NS * config.substeps
  current = (
      leak * (config.leak_reversal - state.branch)
      - excite * state.branch
      + state.gaba * (config.gaba_reversal - state.branch)
  )
  return capacity + leak + excite + state.gaba, current


def _soma(
    state: State, current: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """The same of the soma, whose channels are there and whose synapses not."""
  area = config.areas[0]
  m, h, n, p = state.gates
  sodium = config.sodium * area * _NS * m**3 * h
  potassium = area * _NS * (config.potassium * n**4 + config.slow_potassium * p)
  leak = config.leak * area * _NS
  capacity = config.capacitance * area * _NS * config.substeps
  total = (
      leak * (config.leak_reversal - state.soma)
      + sodium * (channels.SODIUM_REVERSAL - state.soma)
      + potassium * (channels.POTASSIUM_REVERSAL - state.soma)
      + current
  )
  return capacity + leak + sodium + potassium, total


def _placed(weighted: jax.Array, config: Config) -> jax.Array:
  """Spreads synapses [K, n] of one kind over the compartments, in turn."""
  index = jnp.arange(weighted.shape[1]) % config.compartments
  placed = jax.nn.one_hot(index, config.compartments, dtype=weighted.dtype)
  return weighted @ placed
