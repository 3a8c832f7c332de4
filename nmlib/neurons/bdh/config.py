"""Hyperparameters of BDH."""

import dataclasses

REMATS = ('none', 'wide', 'all')
RESIDUALS = ('value', 'neuron')
DTYPES = ('bfloat16', 'float32', 'float64')

_POSITIVE_INTEGERS = (
    'vocab_size',
    'embed_dim',
    'num_heads',
    'num_neurons',
    'num_layers',
    'chunk_size',
    'num_merged',
    'blocks_per_head',
)


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are those of the authors' code (25M weights).

  The defaults differ from the paper's text in three places: most of its
  experiments have 8 layers, its listing (appendix E) has dropout 0.05, and it
  mentions a damping of the state, of unknown rate, that the code lacks.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  vocab_size: int = 256  # V; 256 are raw bytes
  embed_dim: int = 256  # d, width of the residual stream
  num_heads: int = 4  # h
  num_neurons: int = 32768  # n over all heads; N = n / h is even
  num_layers: int = 6  # L
  dropout_rate: float = 0.1  # of gated activations y; only with a key
  theta: float = 2.0**16  # slowest rotation, about 1 / theta rad per token
  epsilon: float = 1e-5  # in LN: z / sqrt(var + epsilon)
  # 'value': v = LN(v + LN(u)), the code. 'neuron': x = x_below + relu(v D_x),
  # v = LN(u), equations (4) and (8) of the paper, with x = 0 below layer 1.
  residual: str = 'value'
  decay: float = 0.0  # damping of the state, e^-decay per token
  detach: bool = False  # no gradient through keys and values (section 7.2)
  # Phases are float32 products in the code. True: integer phases, exact at
  # any distance; for streams of more than 1e5 tokens.
  exact_phases: bool = False
  dtype: str = 'float32'  # of products; sums, LN and state: float32 or wider
  chunk_size: int = 256  # tokens a chunk in the chunked form
  # What a layer keeps for the backward pass: 'none' recomputes nothing,
  # 'wide' what is n wide, 'all' all but v (for long windows: no T x T scores).
  remat: str = 'wide'
  scan_layers: bool = True  # False: unrolled, one program of L layers
  num_merged: int = 1  # models side by side in each head; see `merge`
  blocks_per_head: int = 1  # cuts of a head between devices; a storage order

  def __post_init__(self):
    for field in _POSITIVE_INTEGERS:
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(field, 'a positive integer', value)
    pieces = self.num_heads * self.num_merged * self.blocks_per_head
    if self.num_neurons % (2 * pieces):
      raise ValueError(
          'bdh.Config.num_neurons must be a multiple of 2 * num_heads *'
          ' num_merged * blocks_per_head ='
          f' {2 * pieces}, got {self.num_neurons}.'
      )
    if not 0 <= self.dropout_rate < 1:
      _fail('dropout_rate', 'in [0, 1)', self.dropout_rate)
    if not self.theta > 1:
      _fail('theta', 'greater than 1', self.theta)
    if not self.epsilon > 0:
      _fail('epsilon', 'positive', self.epsilon)
    if not 0 <= self.decay < float('inf'):
      _fail('decay', 'at least 0 and finite', self.decay)
    if self.residual not in RESIDUALS:
      _fail('residual', f'one of {RESIDUALS}', self.residual)
    if self.remat not in REMATS:
      _fail('remat', f'one of {REMATS}', self.remat)
    if self.dtype not in DTYPES:
      _fail('dtype', f'one of {DTYPES}', self.dtype)

  @property
  def neurons_per_head(self) -> int:
    """N = n / h."""
    return self.num_neurons // self.num_heads


def _fail(field, allowed, value):
  raise ValueError(f'bdh.Config.{field} must be {allowed}, got {value!r}.')
