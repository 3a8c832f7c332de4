"""Hyperparameters of the ELM neuron in all its published versions."""

import dataclasses
from typing import Annotated
from typing import Any
from typing import Literal

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of the authors' first code (v1).

  Time constants and dt share one unit. `version` gives the later versions.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # D
  num_outputs: limits.Count  # O
  num_memory: limits.Count = 100  # M, memory units
  # lambda: input acts this much faster than m decays.
  input_speed: limits.Positive = 5.0
  num_layers: limits.Natural = 1  # hidden ones of the MLP; 0: linear
  hidden_size: limits.Natural = 0  # of the MLP; 0: 2 M
  activation: Literal['relu', 'silu', 'relu_squared'] = 'relu'  # of the MLP
  # Of synapses or branches; 0: no trace (v3 only).
  trace_tau: limits.NonNegative = 5.0
  tau_min: limits.Positive = 1.0  # of the memory units
  tau_max: limits.Positive = 1000.0
  learn_tau: bool = False
  # r: learned tau in [tau_min / r, tau_max sqrt(r)].
  tau_margin: Annotated[float, limits.Range(1)] = 1.0
  num_branches: limits.Natural = 0  # K; 0: one an input
  synapses_per_branch: limits.Count = 1
  # Of inputs to synapses.
  routing: Literal['none', 'neuronio', 'random'] = 'none'
  dt: limits.Positive = 1.0
  # Gain of the input to memory: 'linear' lambda (1 - kappa), v1;
  # 'exponential' 1 - kappa^lambda, v2 and v3.
  update: Literal['linear', 'exponential'] = 'linear'
  positive_synapses: bool = True  # rectified weights
  # 'uniform' in +-1 / sqrt(per branch), v3.
  synapse_init: Literal['constant', 'uniform'] = 'constant'
  synapse_value: limits.Finite = 0.5  # of 'constant'
  input_scale: limits.Finite = 1.0  # of branch sums, v3
  high_pass_tau: limits.NonNegative = 0.0  # of the output, v3; 0: none
  # Activation after the high-pass, v3.
  output: Literal['identity', 'relu', 'spike'] = 'identity'
  input_dropout: limits.Fraction = 0.0  # of synapses, one mask a trial; v3
  mlp_dropout: limits.Fraction = 0.0  # likewise, of what the MLP puts out
  dtype: dtypes.Products = ''  # of products
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    dtypes.check_products(self)
    if self.tau_min >= self.tau_max:
      raise ValueError(
          f'elm.Config.tau_max must be above tau_min={self.tau_min}, got'
          f' {self.tau_max}.'
      )
    if self.routing == 'none' and self.num_synapses != self.num_inputs:
      raise ValueError(
          f'elm.Config: num_branches * synapses_per_branch={self.num_synapses}'
          f' must be num_inputs={self.num_inputs} without routing; set'
          " routing='neuronio' or 'random'."
      )
    stride = -(-self.num_inputs // self.branches)
    if self.routing == 'neuronio' and self.synapses_per_branch < stride:
      raise ValueError(
          'elm.Config.synapses_per_branch must be at least ceil(num_inputs /'
          f' num_branches)={stride}, so that every input reaches a branch, got'
          f' {self.synapses_per_branch}.'
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


def on_neuronio(number: Literal[1, 3], **fields) -> Config:
  """Returns the Branch-ELM that its authors fit to NeuronIO.

  Args:
    number: 1, the paper's; 3, their run of 2026: the later cell without its
      high-pass, with a trace of 5 ms and weights that start at 0.5 / sqrt(
      synapses a branch) and stay positive.
    **fields: of `Config`; without others, 45 branches of 100 synapses.

  Raises:
    ValueError: no such version, or a field out of range.
  """
  sizes = {'num_branches': 45, 'synapses_per_branch': 100} | fields
  later: dict[str, Any] = {
      'high_pass_tau': 0.0,
      'trace_tau': 5.0,
      'positive_synapses': True,
      'synapse_init': 'constant',
      'synapse_value': 0.5 / sizes['synapses_per_branch'] ** 0.5,
  }
  shared: dict[str, Any] = {'num_outputs': 2, 'routing': 'neuronio'}
  made = shared | (later if number == 3 else {}) | sizes
  return version(number, **made)
