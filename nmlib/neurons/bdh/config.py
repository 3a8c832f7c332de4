"""Hyperparameters of BDH."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of the authors' code (25M weights).

  The defaults differ from the paper's text in three places: most of its
  experiments have 8 layers, its listing (appendix E) has dropout 0.05, and it
  mentions a damping of the state, of unknown rate, that the code lacks.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  vocab_size: limits.Count = 256  # V; 256 are raw bytes
  embed_dim: limits.Count = 256  # d, width of the residual stream
  num_heads: limits.Count = 4  # h
  num_neurons: limits.Count = 32768  # n over all heads; N = n / h is even
  num_layers: limits.Count = 6  # L
  dropout_rate: limits.Fraction = 0.1  # of gated activations y; only with a key
  # Slowest rotation, about 1 / theta rad per token.
  theta: Annotated[float, limits.Range(1, open='low')] = 2.0**16
  epsilon: limits.Positive = 1e-5  # in LN: z / sqrt(var + epsilon)
  # 'value': v = LN(v + LN(u)), the code. 'neuron': x = x_below + relu(v D_x),
  # v = LN(u), equations (4) and (8) of the paper, with x = 0 below layer 1.
  residual: Literal['value', 'neuron'] = 'value'
  decay: limits.NonNegative = 0.0  # damping of the state, e^-decay per token
  detach: bool = False  # no gradient through keys and values (section 7.2)
  # Phases are float32 products in the code. True: integer phases, exact at
  # any distance; for streams of more than 1e5 tokens.
  exact_phases: bool = False
  dtype: dtypes.Products = ''  # of products; sums and LN: float32 or wider
  chunk_size: limits.Count = 256  # tokens a chunk in the chunked form
  # What a layer keeps for the backward pass: 'none' recomputes nothing,
  # 'wide' what is n wide, 'all' all but v (for long windows: no T x T scores).
  remat: Literal['none', 'wide', 'all'] = 'wide'
  scan_layers: bool = True  # False: unrolled, one program of L layers
  num_merged: limits.Count = 1  # models side by side in each head; see `merge`
  # Cuts of a head between devices; a storage order.
  blocks_per_head: limits.Count = 1
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    dtypes.check_products(self)
    pieces = self.num_heads * self.num_merged * self.blocks_per_head
    if self.num_neurons % (2 * pieces):
      raise ValueError(
          'bdh.Config.num_neurons must be a multiple of 2 * num_heads *'
          ' num_merged * blocks_per_head ='
          f' {2 * pieces}, got {self.num_neurons}.'
      )

  @property
  def neurons_per_head(self) -> int:
    """N = n / h."""
    return self.num_neurons // self.num_heads

  @property
  def product_dtype(self) -> str:
    """The dtype of products."""
    return self.dtype or self.param_dtype
