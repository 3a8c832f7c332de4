r"""A biophysical neuron of many compartments: spikes in, voltage out.

A soma with Hodgkin-Huxley channels carries passive dendrites, cables of
compartments with conductance-based synapses:

.. math:: A_i C \dot V_i = A_i g_L (E_L - V_i) + \sum_j G_{ij} (V_j - V_i)
  + I^{chan}_i + I^{syn}_i

Sodium, delayed potassium and the slow M-current are those of the regular
spiking cell of Pospischil et al. (Biological Cybernetics 2008; Traub and Miles
1991 for the first two); NMDA receptors have the magnesium block of Jahr and
Stevens (1990). The tree is small, and dendrites have no channels of their own:
NeuronIO's cell is one of hundreds of compartments with active dendrites.
Steps are implicit in all voltages at once (Hines 1984), by elimination along
each cable to the soma.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.data import pyramidal


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms, lengths in um, voltages in mV, conductances in nS.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_branches: int = 8  # K
  compartments: int = 3  # of a branch
  excitatory: int = 8  # E, synapses a branch
  inhibitory: int = 8  # I
  soma_diameter: float = 25.0  # of a sphere
  branch_length: float = 300.0
  branch_diameter: float = 1.2
  axial_resistivity: float = 150.0  # ohm cm
  capacitance: float = 1.0  # uF / cm^2
  leak: float = 0.05  # mS / cm^2
  leak_reversal: float = -70.0
  sodium: float = 56.0  # mS / cm^2, of the soma, as are the next two
  potassium: float = 6.0
  slow_potassium: float = 0.5  # M-current, which adapts; 0.07 in the paper
  slow_tau: float = 608.0  # its longest time constant
  channel_shift: float = -56.2  # V_T of Pospischil et al.
  # Peaks of a synapse. NMDA receptors outweigh AMPA so far that neighbours
  # which fire together lift a branch out of the magnesium block: a dendrite
  # that is not linear.
  ampa: float = 0.3
  nmda: float = 1.0
  gaba: float = 1.5
  ampa_tau: float = 3.0
  nmda_tau: float = 45.0
  gaba_tau: float = 8.0
  gaba_reversal: float = -80.0
  magnesium: float = 1.0  # mM
  strength_spread: float = 0.4  # of log-normal synapses
  # Rates of the inputs, as in `pyramidal`.
  rate: float = 0.004  # excitatory, a synapse and ms
  rate_spread: float = 1.2
  inhibitory_rate: float = 0.010
  redraw_every: int = 25
  substeps: int = 20  # of a ms
  voltage_ceiling: float = -55.0  # recorded voltages are cut there
  voltage_zero: float = -67.7  # and counted from there, as NeuronIO's are

  def __post_init__(self):
    for field in dataclasses.fields(self):
      value = getattr(self, field.name)
      if field.type is int or field.type == 'int':
        if value < 1:
          self._fail(field.name, 'at least 1', value)
      elif not math.isfinite(value):
        self._fail(field.name, 'finite', value)
    for name in (
        'soma_diameter',
        'branch_length',
        'branch_diameter',
        'axial_resistivity',
        'capacitance',
        'leak',
        'slow_tau',
        'ampa_tau',
        'nmda_tau',
        'gaba_tau',
    ):
      if getattr(self, name) <= 0:
        self._fail(name, 'positive', getattr(self, name))

  def _fail(self, field, allowed, value):
    raise ValueError(
        f'cable_neuron.Config.{field} must be {allowed}, got {value}.'
    )

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


class State(NamedTuple):
  """Voltages in mV, synaptic conductances in nS."""

  soma: jax.Array  # []
  branch: jax.Array  # [K, compartments], nearest the soma first
  sodium: jax.Array  # [2], activation m and inactivation h
  potassium: jax.Array  # [2], n, and p of the M-current
  ampa: jax.Array  # [K, compartments]
  nmda: jax.Array
  gaba: jax.Array


def initial_state(config: Config) -> State:
  """Returns the neuron at its leak's reversal, channels in equilibrium."""
  voltage = jnp.asarray(config.leak_reversal, float)
  rest = jnp.full((config.num_branches, config.compartments), voltage)
  gates = [inf for inf, _ in _gates(voltage, config)]
  none = jnp.zeros_like(rest)
  return State(
      voltage,
      rest,
      jnp.stack(gates[:2]),
      jnp.stack(gates[2:]),
      none,
      none,
      none,
  )


def strengths(key: jax.Array, config: Config) -> jax.Array:
  """Draws a neuron: strengths [K, E + I] of its synapses, of median 1."""
  shape = (config.num_branches, config.excitatory + config.inhibitory)
  return jnp.exp(config.strength_spread * jax.random.normal(key, shape))


def simulate(
    key: jax.Array, strength: jax.Array, length: int, config: Config
) -> pyramidal.Recording:
  """Simulates `length` ms of the neuron under random input.

  Returns:
    Input spikes [T, D], excitatory +1 and inhibitory -1; the soma's voltage
    [T] at the end of each ms, cut at the ceiling and counted from the zero;
    whether the soma crossed 0 mV upwards in it.
  """
  spikes = pyramidal.input_spikes(key, length, config)  # [T, K, E + I]
  _, (voltage, fired) = respond(initial_state(config), spikes, strength, config)
  sign = jnp.where(jnp.arange(strength.shape[1]) < config.excitatory, 1.0, -1.0)
  inputs = (spikes * sign[None, None]).reshape(length, -1)
  seen = jnp.minimum(voltage, config.voltage_ceiling) - config.voltage_zero
  return pyramidal.Recording(inputs, seen, fired)


def respond(
    state: State, spikes: jax.Array, strength: jax.Array, config: Config
) -> tuple[State, tuple[jax.Array, jax.Array]]:
  """Runs the neuron on spikes [T, K, E + I].

  Returns:
    The state after; the soma's voltage [T], mV, and spikes [T].
  """
  place = _placement(config)  # [E + I, compartments]
  weighted = spikes * strength[None]
  split = config.excitatory
  excitation = weighted[..., :split] @ place[:split]
  inhibition = weighted[..., split:] @ place[split:]

  def one_ms(state, jumps):
    excite, inhibit = jumps
    state = state._replace(
        ampa=state.ampa + config.ampa * excite,
        nmda=state.nmda + config.nmda * excite,
        gaba=state.gaba + config.gaba * inhibit,
    )

    def substep(carry, _):
      state, fired = carry
      after = step(state, jnp.zeros(()), config)
      fired |= (state.soma < 0) & (after.soma >= 0)
      return (after, fired), None

    (state, fired), _ = jax.lax.scan(
        substep, (state, jnp.asarray(False)), length=config.substeps
    )
    return state, (state.soma, fired.astype(state.soma.dtype))

  return jax.lax.scan(one_ms, state, (excitation, inhibition))


def step(state: State, current: jax.Array, config: Config) -> State:
  """Advances 1 / substeps ms.

  Gates by exponential Euler at the old voltage, synapses exactly, then all
  voltages implicitly, with the conductances as they then are.

  Args:
    state: before.
    current: into the soma, pA.
    config: static.
  """
  dt = 1 / config.substeps
  gates = []
  old = jnp.concatenate([state.sodium, state.potassium])
  for gate, (inf, tau) in zip(old, _gates(state.soma, config), strict=True):
    gates.append(inf + (gate - inf) * jnp.exp(-dt / tau))
  m, h, n, p = gates
  ampa = state.ampa * math.exp(-dt / config.ampa_tau)
  nmda = state.nmda * math.exp(-dt / config.nmda_tau)
  gaba = state.gaba * math.exp(-dt / config.gaba_tau)

  soma_area, area = config.areas
  to_ns = 1e6  # of mS
  block = 1 / (1 + config.magnesium / 3.57 * jnp.exp(-0.062 * state.branch))
  excite = ampa + nmda * block  # reversal 0 mV
  leak = config.leak * area * to_ns
  capacity = config.capacitance * area * 1e6 / dt  # pF / ms = nS
  diagonal = capacity + leak + excite + gaba
  right = (
      leak * (config.leak_reversal - state.branch)
      - excite * state.branch
      + gaba * (config.gaba_reversal - state.branch)
  )

  na = config.sodium * soma_area * to_ns * m**3 * h
  k = soma_area * to_ns * (config.potassium * n**4 + config.slow_potassium * p)
  soma_leak = config.leak * soma_area * to_ns
  soma_capacity = config.capacitance * soma_area * 1e6 / dt
  soma_diagonal = soma_capacity + soma_leak + na + k
  soma_right = (
      soma_leak * (config.leak_reversal - state.soma)
      + na * (50 - state.soma)
      + k * (-90 - state.soma)
      + current
  )
  # To the neighbour nearer the soma, from which the first is half as far.
  links = jnp.full(config.compartments, config.axial).at[0].mul(2)
  inner = jnp.concatenate(
      [
          jnp.broadcast_to(state.soma, (config.num_branches, 1)),
          state.branch[:, :-1],
      ],
      axis=1,
  )
  axial = links[None] * (inner - state.branch)
  outwards = jnp.concatenate(
      [axial[:, 1:], jnp.zeros((config.num_branches, 1))], axis=1
  )
  # Solved for the changes, which float32 holds better than the voltages.
  soma, branch = _solve(
      soma_diagonal,
      soma_right - jnp.sum(axial[:, 0]),
      diagonal,
      right + axial - outwards,
      config.axial,
  )
  return State(
      state.soma + soma,
      state.branch + branch,
      jnp.stack([m, h]),
      jnp.stack([n, p]),
      ampa,
      nmda,
      gaba,
  )


def _solve(soma_diagonal, soma_right, diagonal, right, axial: float):
  """Solves the implicit step of a soma and cables on it, by elimination.

  The soma touches the middle of the first compartment, half a compartment
  away: twice the axial conductance.
  """
  count = diagonal.shape[1]
  links = [2 * axial] + [axial] * (count - 1)  # to the one nearer the soma
  own, known = [jnp.zeros(())] * count, [jnp.zeros(())] * count
  for i in reversed(range(count)):
    total = diagonal[:, i] + links[i]
    known[i] = right[:, i]
    if i + 1 < count:
      total = total + links[i + 1] - links[i + 1] ** 2 / own[i + 1]
      known[i] = known[i] + links[i + 1] * known[i + 1] / own[i + 1]
    own[i] = total
  near = links[0]
  soma_own = soma_diagonal + jnp.sum(near - near**2 / own[0])
  soma = (soma_right + jnp.sum(near * known[0] / own[0])) / soma_own
  changes, before = [], jnp.broadcast_to(soma, own[0].shape)
  for i in range(count):
    before = (known[i] + links[i] * before) / own[i]
    changes.append(before)
  return soma, jnp.stack(changes, axis=1)


def _gates(voltage, config: Config):
  """Returns equilibrium and time constant (ms) of m, h, n, p."""
  v = voltage - config.channel_shift
  pairs = (
      (0.32 * 4 * _linear((v - 13) / 4), 0.28 * 5 * _linear((40 - v) / 5)),
      (0.128 * jnp.exp((17 - v) / 18), 4 / (1 + jnp.exp((40 - v) / 5))),
      (0.032 * 5 * _linear((v - 15) / 5), 0.5 * jnp.exp((10 - v) / 40)),
  )
  found = [(a / (a + b), 1 / (a + b)) for a, b in pairs]
  u = (voltage + 35) / 20
  slow = config.slow_tau / (3.3 * jnp.exp(u) + jnp.exp(-u))
  return *found, (1 / (1 + jnp.exp(-2 * u)), slow)


def _linear(x):
  """x / (1 - exp(-x)), 1 at 0."""
  near = jnp.abs(x) < 1e-3
  safe = jnp.where(near, 1.0, x)
  return jnp.where(near, 1 + x / 2, safe / -jnp.expm1(-safe))


def _placement(config: Config) -> jax.Array:
  """Spreads synapses of both kinds over a branch's compartments, in turn."""
  index = jnp.concatenate(
      [jnp.arange(config.excitatory), jnp.arange(config.inhibitory)]
  )
  return jax.nn.one_hot(index % config.compartments, config.compartments)
