r"""A network that is active by itself: its cliques win in turn, for a while.

Gros and Kaczor, "Semantic learning in autonomously active recurrent neural
networks" (arXiv 0903.1979). Only the abstract could be read. The dynamics
(dHan) are recalled from this group's other papers and confirmed by simulation;
the wiring is that of a re-implementation, which ascribes it to the paper (other
rings: `nmlib.neurons.initializers.clique_rings`); the sensory part is that of a
re-implementation or a reconstruction (`nmlib.plasticity.transition_learning`).

Units have an activity x and a reservoir phi. Links within a clique excite, all
other pairs inhibit, so that a clique wins; its reservoirs run down, and another
one takes over. Of the reservoirs, the receiver's gates excitation and the
sender's gates inhibition.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.initializers import clique_rings as rings
from nmlib.plasticity import transition_learning


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; time has no unit.

  Reservoirs of 0.015 and 0.04 are a faster variant, with which it learns. Where
  cliques share no unit, excitation of 0.4 and inhibition of 0.3 keep it active.
  """

  num_cliques: limits.Count = 10  # C
  num_inputs: limits.Count = 25  # D
  excitation: limits.Positive = 0.15  # w of a link
  inhibition: limits.Positive = 1.0  # -z of any other pair
  threshold: limits.OpenUnitInterval = 0.85  # x_c, above which reservoirs fall
  recovery: limits.Positive = 0.004  # Gamma+ of reservoirs
  depletion: limits.Positive = 0.009  # Gamma-
  excitation_centre: limits.OpenUnitInterval = 0.7  # of the gate of w
  inhibition_centre: limits.OpenUnitInterval = 0.15  # of the gate of z
  gate_width: limits.Positive = 0.05  # Gamma_phi
  excitation_floor: limits.UnitInterval = 0.05  # of the gate of w
  inhibition_floor: limits.UnitInterval = 0.0
  afferent_scale: limits.Positive = 0.05  # median of v at the start
  afferent_spread: limits.NonNegative = 0.3  # of log v at the start
  dt: limits.Positive = 0.2
  wiring: rings.Kind = 'overlapping'
  clique_size: limits.Count = 4  # units of a clique
  # None: v stays.
  rule: transition_learning.Rule | None = transition_learning.Covariance()
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    cliques(self)  # or a sentence

  @property
  def num_units(self) -> int:
    """N: where cliques overlap, each unit is in two."""
    return rings.num_units(self.wiring, self.num_cliques, self.clique_size)


class Params(NamedTuple):
  afferent: jax.Array  # v [N, D] >= 0, as it starts
  fixed_excitation: jax.Array  # w [N, N] >= 0, to units from units
  fixed_inhibition: jax.Array  # z [N, N] <= 0, likewise


class State(NamedTuple):
  activity: jax.Array  # x [N], in [0, 1]
  reservoir: jax.Array  # phi [N], in [0, 1]
  signal: jax.Array  # S [], of the diffusive rule
  afferent_change: jax.Array  # [N, D], what v has learned


class Velocity(NamedTuple):
  activity: jax.Array  # dx/dt [N]
  reservoir: jax.Array  # dphi/dt [N]


def cliques(config: Config) -> np.ndarray:
  """Returns the members, int [C, clique_size]."""
  return rings.members(config.wiring, config.num_cliques, config.clique_size)


def init(key: jax.Array, config: Config) -> Params:
  """Links the cliques and draws afferent weights, v = 0.05 exp(0.3 N(0, 1))."""
  dtype = dtypes.named(config.param_dtype)
  linked = rings.links(config.wiring, config.num_cliques, config.clique_size)
  alone = ~linked & ~np.eye(config.num_units, dtype=bool)
  shape = (config.num_units, config.num_inputs)
  spread = config.afferent_spread * jax.random.normal(key, shape, dtype)
  return Params(
      config.afferent_scale * jnp.exp(spread),
      jnp.asarray(config.excitation * linked, dtype),
      jnp.asarray(-config.inhibition * alone, dtype),
  )


def initial_state(config: Config, *, key: jax.Array | None = None) -> State:
  """Returns a start that breaks the symmetry of the cliques.

  Args:
    config: static.
    key: draws x ~ U(0, 0.5) and phi ~ U(0, 1); None: an uneven ramp of each.
  """
  dtype = dtypes.named(config.param_dtype)
  size = config.num_units
  if key is None:
    place = jnp.arange(size, dtype=dtype)
    activity, reservoir = place / (2 * size), (0.618034 * place) % 1
  else:
    keys = jax.random.split(key)
    activity = jax.random.uniform(keys[0], (size,), dtype, 0, 0.5)
    reservoir = jax.random.uniform(keys[1], (size,), dtype)
  change = jnp.zeros((size, config.num_inputs), dtype)
  return State(activity, reservoir, jnp.zeros((), dtype), change)


def gate(
    reservoir: jax.Array, floor: float, centre: float, width: float
) -> jax.Array:
  r"""Returns f(phi), which rises from `floor` at 0 to 1 at 1.

  .. math::
    f(\phi) = f_{min} + (1 - f_{min})
    \frac{a(\phi) - a(0)}{a(1) - a(0)}, \quad
    a(\phi) = \arctan((\phi - \phi_c) / \Gamma_\phi)
  """
  low, high = (math.atan((end - centre) / width) for end in (0, 1))
  rise = jnp.arctan((reservoir - centre) / width) - low
  return floor + (1 - floor) * (rise / (high - low))


def growth_rate(
    params: Params, activity: jax.Array, reservoir: jax.Array, config: Config
) -> jax.Array:
  r"""Returns r [N] without input, of activities and reservoirs [N].

  .. math::
    r_i = f_w(\phi_i) \sum_j w_{ij} x_j + \sum_j z_{ij} f_z(\phi_j) x_j
  """
  gated = lambda low, at: gate(reservoir, low, at, config.gate_width)
  excitation = gated(config.excitation_floor, config.excitation_centre)
  inhibition = gated(config.inhibition_floor, config.inhibition_centre)
  excited = excitation * (params.fixed_excitation @ activity)
  return excited + params.fixed_inhibition @ (inhibition * activity)


def velocity(
    growth: jax.Array, activity: jax.Array, reservoir: jax.Array, config: Config
) -> Velocity:
  r"""Returns what activities and reservoirs do, of r with its input, all [N].

  .. math::
    \dot x = (1 - x) r \text{ if } r > 0 \text{ else } x r, \quad
    \dot\phi = \Gamma^+ (1 - x / x_c) (1 - \phi) \text{ if } x < x_c
    \text{ else } -\Gamma^- \phi
  """
  room = jnp.where(growth > 0, 1 - activity, activity)
  resting = 1 - activity / config.threshold
  filling = config.recovery * resting * (1 - reservoir)
  emptying = -config.depletion * reservoir
  below = activity < config.threshold
  return Velocity(room * growth, jnp.where(below, filling, emptying))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances by dt (Euler, all from the same old state, clipped to [0, 1]).

  The input adds Delta r = v y to r, and v learns by `config.rule`.

  Args:
    params: weights.
    state: of the network; v is `params.afferent + state.afferent_change`.
    x_t: y [D], in [0, 1].
    config: static.

  Returns:
    The next state, and its activities [N].

  Raises:
    ValueError: if x_t is not [D], or beyond [0, 1].
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  checks.within('inputs', x_t, 0, 1)
  params, y = dtypes.cast((params, x_t), state.activity.dtype)
  x, phi, signal, change = state
  afferent = params.afferent + change
  drive = afferent @ y
  growth = growth_rate(params, x, phi, config)
  moved = velocity(growth + drive, x, phi, config)
  dt = config.dt
  if config.rule is not None:
    learned, signal = transition_learning.advance(
        afferent, signal, x, moved.activity, y, growth, drive, config.rule, dt
    )
    change = learned - params.afferent
  activity = jnp.clip(x + dt * moved.activity, 0, 1)
  reservoir = jnp.clip(phi + dt * moved.reservoir, 0, 1)
  return State(activity, reservoir, signal, change), activity


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config, *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:  # fmt: skip
  """Runs `step` over inputs [T, D]; returns last state, activities [T, N].

  Raises:
    ValueError: if inputs are not [T, D], or beyond [0, 1].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  checks.within('inputs', xs, 0, 1)
  advance = lambda state, x_t: step(params, state, x_t, config)
  return scan.scan(advance, state, xs, chunk_size=chunk_size)


def winner(activity: jax.Array, config: Config) -> jax.Array:
  """Returns the clique [...] that is whole at activities [..., N]; -1: none.

  That is the one whose weakest member is strongest, if it exceeds x_c.

  Raises:
    ValueError: if activities are of other units.
  """
  checks.trailing('activity', activity, num_units=config.num_units)
  weakest = activity[..., cliques(config)].min(-1)
  whole = weakest.max(-1) > config.threshold
  return jnp.where(whole, weakest.argmax(-1), -1)


def receptive_fields(afferent: jax.Array, config: Config) -> jax.Array:
  """Returns the mean [..., C, D] over each clique of weights [..., N, D].

  Raises:
    ValueError: if weights are of other units.
  """
  checks.trailing('afferent', afferent, num_units=config.num_units, D=None)
  return afferent[..., cliques(config), :].mean(-2)
