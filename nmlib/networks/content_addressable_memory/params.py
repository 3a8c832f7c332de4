"""The memory's populations, constants, parameters and state."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.delays import ring
from nmlib.neurons.spiking import if_curr_exp
from nmlib.plasticity.presets import spynnaker
from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import pair

POPULATIONS = (
    'CueCue', 'CueCont', 'MergeCue', 'OutCue', 'ContCue', 'ContCont',
    'ContCond', 'MergeCont', 'OutCont', 'ContCondInt',
)  # fmt: skip
_FAST = ('CueCont', 'ContCond', 'ContCondInt')
LONGEST = 3.0  # ms, of delays


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; defaults are those of the paper's experiments 1 and 2.

  Raises:
    ValueError: naming the field, if a value is out of range, or the rule's
      step is another one.
  """

  num_cues: limits.Count = 5  # C
  num_contents: limits.Count = 10  # M
  dt: limits.Positive = 1.0  # ms
  tau_refrac: limits.NonNegative = 1.0  # ms
  stdp: pair.Config | None = None  # None: the paper's
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    ring.steps(1.0, self.dt)  # or a sentence
    if self.rule.dt != self.dt:
      raise ValueError(
          'content_addressable_memory.Config.stdp must have the step'
          f' dt={self.dt} ms, got {self.rule.dt}.'
      )

  @property
  def rule(self) -> pair.Config:
    """How synapses between cues and contents learn; weights in nA."""
    return self.stdp or spynnaker.stdp(
        tau_plus=3.0, tau_minus=3.0, A_plus=6.0, A_minus=6.0, w_max=6.0,
        delay=1.0, timestep=self.dt,
    )  # fmt: skip

  @property
  def sizes(self) -> dict[str, int]:
    """Cells of each population."""
    size = {'Cue': self.num_cues, 'Con': self.num_contents}
    sizes = {
        name: size[name.removeprefix('Merge').removeprefix('Out')[:3]]
        for name in POPULATIONS
    }
    return sizes | {'ContCondInt': 1}

  @property
  def places(self) -> dict[str, slice]:
    """Where among all N cells each population is."""
    ends = np.cumsum(list(self.sizes.values())).tolist()
    return {
        name: slice(end - size, end)
        for (name, size), end in zip(self.sizes.items(), ends, strict=True)
    }

  @property
  def cells(self) -> if_curr_exp.Config:
    """All cells, as one population; `init` makes some of them fast."""
    return if_curr_exp.Config(
        sum(self.sizes.values()), self.dt, tau_m=3.0, cm=0.27, v_rest=-60.0,
        v_reset=-60.0, v_thresh=-57.0, tau_refrac=self.tau_refrac,
        tau_syn_e=0.3, tau_syn_i=0.3, heterogeneous=True,
        param_dtype=self.param_dtype,
    )  # fmt: skip


class Weights(NamedTuple):
  """Of the synapses that do not learn, nA, [] each."""

  excitation: jax.Array  # one to one
  lateral: jax.Array  # of inhibition among CueCont, and from other cues
  content: jax.Array  # ContCue to ContCond
  cue: jax.Array  # inhibition, CueCue to ContCond
  any_content: jax.Array  # ContCondInt to ContCond


class Params(NamedTuple):
  cells: if_curr_exp.Params  # [N] each
  weights: Weights


class State(NamedTuple):
  cells: if_curr_exp.State  # [N] each
  line: ring.State  # [2, N], currents on their way
  cue_to_content: deferred.State  # CueCue to ContCue, [C, M]
  content_to_cue: deferred.State  # ContCont to CueCont, [M, C]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the authors' constants; nothing is random."""
  slow = if_curr_exp.init(key, config.cells)
  fast = if_curr_exp.init(
      key, dataclasses.replace(config.cells, tau_m=0.5, cm=0.14)
  )
  parts = []
  for name, size in config.sizes.items():
    part = jax.tree.map(
        lambda a, size=size: a[:size], fast if name in _FAST else slow
    )
    if name.startswith('Out'):
      part = part._replace(threshold=part.threshold - 0.5)
    parts.append(part)
  dtype = dtypes.named(config.param_dtype)
  # The factor is the number of contents, not of cues.
  weights = 6.0, 6.0 * config.num_contents, 9.0, 6.0, 2.0
  return Params(
      jax.tree.map(lambda *a: jnp.concatenate(a), *parts),
      Weights(*(jnp.asarray(weight, dtype) for weight in weights)),
  )


def initial_state(config: Config) -> State:
  """Returns an empty memory."""
  dtype = dtypes.named(config.param_dtype)
  shape = config.num_cues, config.num_contents
  empty = lambda shape: deferred.initial_state(
      jnp.zeros(shape, dtype), config.rule
  )
  longest = ring.steps(LONGEST, config.dt)
  return State(
      if_curr_exp.initial_state(config.cells),
      ring.initial_state(longest, (2, config.cells.num_units), dtype),
      empty(shape),
      empty(shape[::-1]),
  )
