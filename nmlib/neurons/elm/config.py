"""Hyperparameters of the ELM neuron in all its published versions."""

import dataclasses
from typing import Any

ACTIVATIONS = ('relu', 'silu', 'relu_squared')
OUTPUTS = ('identity', 'relu', 'spike')
ROUTINGS = ('none', 'neuronio', 'random')
UPDATES = ('linear', 'exponential')
SYNAPSES = ('constant', 'uniform')
DTYPES = ('', 'bfloat16', 'float32', 'float64')


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of the authors' first code (v1).

  Time constants and dt share one unit. `version` gives the later versions.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: int  # D
  num_outputs: int  # O
  num_memory: int = 100  # M, memory units
  input_speed: float = 5.0  # lambda: input acts this much faster than m decays
  num_layers: int = 1  # hidden layers of the MLP; 0: linear integration
  hidden_size: int = 0  # of the MLP; 0: 2 M
  activation: str = 'relu'  # of the hidden layers
  trace_tau: float = 5.0  # of synapses or branches; 0: no trace (v3 only)
  tau_min: float = 1.0  # of the memory units
  tau_max: float = 1000.0
  learn_tau: bool = False
  tau_margin: float = 1.0  # r: learned tau in [tau_min / r, tau_max sqrt(r)]
  num_branches: int = 0  # K; 0: one an input
  synapses_per_branch: int = 1
  routing: str = 'none'  # of inputs to synapses
  dt: float = 1.0
  # Gain of the input to memory: 'linear' lambda (1 - kappa), v1;
  # 'exponential' 1 - kappa^lambda, v2 and v3.
  update: str = 'linear'
  positive_synapses: bool = True  # rectified weights
  synapse_init: str = 'constant'  # or 'uniform' in +-1 / sqrt(per branch), v3
  synapse_value: float = 0.5  # of 'constant'
  input_scale: float = 1.0  # of branch sums, v3
  high_pass_tau: float = 0.0  # of the output, v3; 0: none
  output: str = 'identity'  # activation after the high-pass, v3
  input_dropout: float = 0.0  # of synapses, one mask for all steps; v3
  mlp_dropout: float = 0.0  # likewise, of what the MLP puts out
  dtype: str = ''  # of products; '': that of the parameters

  def __post_init__(self):
    for field in ('num_inputs', 'num_outputs', 'num_memory'):
      _integer(self, field, 1)
    _integer(self, 'synapses_per_branch', 1)
    for field in ('num_layers', 'hidden_size', 'num_branches'):
      _integer(self, field, 0)
    for field in ('input_speed', 'tau_min', 'dt', 'tau_margin'):
      if not 0 < getattr(self, field) < float('inf'):
        _fail(field, 'positive and finite', getattr(self, field))
    for field in ('trace_tau', 'high_pass_tau'):
      if not 0 <= getattr(self, field) < float('inf'):
        _fail(field, 'at least 0 and finite', getattr(self, field))
    if not self.tau_min < self.tau_max < float('inf'):
      _fail('tau_max', f'above tau_min={self.tau_min}', self.tau_max)
    if self.tau_margin < 1:
      _fail('tau_margin', 'at least 1', self.tau_margin)
    for field, allowed in (
        ('activation', ACTIVATIONS),
        ('output', OUTPUTS),
        ('routing', ROUTINGS),
        ('update', UPDATES),
        ('synapse_init', SYNAPSES),
        ('dtype', DTYPES),
    ):
      if getattr(self, field) not in allowed:
        _fail(field, f'one of {allowed}', getattr(self, field))
    for field in ('input_dropout', 'mlp_dropout'):
      if not 0 <= getattr(self, field) < 1:
        _fail(field, 'in [0, 1)', getattr(self, field))
    if self.routing == 'none' and self.num_synapses != self.num_inputs:
      raise ValueError(
          f'elm.Config: num_branches * synapses_per_branch={self.num_synapses}'
          f' must be num_inputs={self.num_inputs} without routing; set'
          " routing='neuronio' or 'random'."
      )
    stride = -(-self.num_inputs // self.branches)
    if self.routing == 'neuronio' and self.synapses_per_branch < stride:
      _fail(
          'synapses_per_branch',
          f'at least ceil(num_inputs / num_branches)={stride}, so that every'
          ' input reaches a branch',
          self.synapses_per_branch,
      )

  @property
  def branches(self) -> int:
    """K, branches of the dendrite."""
    return self.num_branches or self.num_inputs

  @property
  def num_synapses(self) -> int:
    """S = K * synapses_per_branch, those masked by routing included."""
    return self.branches * self.synapses_per_branch

  @property
  def hidden(self) -> int:
    """H, width of the hidden layers."""
    return self.hidden_size or 2 * self.num_memory

  @property
  def tau_bounds(self) -> tuple[float, float]:
    """Lowest and highest time constant that a memory unit can have."""
    high = self.tau_max
    if self.update == 'exponential':
      high = max(high, self.tau_min + 3e-6)
    return self.tau_min / self.tau_margin, high * self.tau_margin**0.5


_VERSIONS: dict[int, dict[str, Any]] = {
    1: {},
    2: {'update': 'exponential'},
    3: {
        'update': 'exponential',
        'activation': 'relu_squared',
        'positive_synapses': False,
        'synapse_init': 'uniform',
        'tau_margin': 10.0,
        'trace_tau': 0.0,
        'high_pass_tau': 5.0,
    },
}


def version(number: int, **fields) -> Config:
  """Returns the config of a published version, with some fields replaced.

  Args:
    number: 1, the paper; 2, the authors' later file; 3, the cell of the ELM
      Network (arXiv 2605.12049).
    **fields: of `Config`.

  Raises:
    ValueError: no such version, or a field out of range.
  """
  if number not in _VERSIONS:
    raise ValueError(f'version must be 1, 2 or 3, got {number!r}.')
  return Config(**{**_VERSIONS[number], **fields})


def _integer(config, field, least):
  value = getattr(config, field)
  if isinstance(value, bool) or not isinstance(value, int) or value < least:
    _fail(field, f'an integer of at least {least}', value)


def _fail(field, allowed, value):
  raise ValueError(f'elm.Config.{field} must be {allowed}, got {value!r}.')
