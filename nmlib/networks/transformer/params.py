"""Options and arrays of the Transformer."""

from collections.abc import Sequence
import dataclasses
import functools
from typing import Annotated
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and options; the defaults are a small GPT-2.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  vocab_size: limits.Count  # V, also of what is only put out
  num_layers: limits.Count = 2  # L
  width: limits.Count = 64  # d
  num_heads: limits.Count = 4  # H
  num_kv_heads: limits.Count | None = None  # G, a divisor of H; None: H
  head_dim: limits.Count | None = None  # k; None: d / H
  mlp_dim: limits.Count | None = None  # m; None: 4 d
  causal: bool = True  # whether a token reads no later ones
  norm: Literal['layer', 'rms'] = 'layer'
  norm_place: Literal['pre', 'post'] = 'pre'
  epsilon: limits.Positive = 1e-5  # in norms
  # 'rotary' turns halves of a head against each other, 'rotary_pairs'
  # neighbours; the others' weights are permuted, the function is the same.
  positions: Literal['learned', 'rotary', 'rotary_pairs', 'none'] = 'learned'
  max_length: limits.Count = 1024  # longest sequence
  rotary_base: Annotated[float, limits.Range(1, open='low')] = 10_000.0
  token_types: limits.Natural = 0  # kinds of tokens with an embedding; 0: none
  gated: bool = False  # silu(W_g x) * W_1 x, in place of an activation
  activation: Literal['gelu_tanh', 'gelu', 'relu', 'silu'] = 'gelu_tanh'
  qkv_bias: bool = True
  out_bias: bool = True  # of W_O
  mlp_bias: bool = True
  layer_scale: bool = False  # factors on what each half of a layer adds
  embedding: bool = True  # False: what enters comes by `apply(start=...)`
  output: Literal['tied', 'separate', 'none'] = 'tied'  # none: no logits
  output_bias: bool = False
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    name = 'transformer.Config'
    if self.head_dim is None and self.width % self.num_heads:
      raise ValueError(
          f'{name}.width must be a multiple of num_heads={self.num_heads},'
          f' unless head_dim is given, got {self.width}.'
      )
    if self.num_heads % self.kv_heads:
      raise ValueError(
          f'{name}.num_kv_heads must divide num_heads={self.num_heads}, got'
          f' {self.num_kv_heads}.'
      )
    if self.positions.startswith('rotary') and self.key_dim % 2:
      raise ValueError(
          f'{name}.head_dim must be even for positions={self.positions!r}, got'
          f' {self.key_dim}.'
      )
    if not self.embedding and (
        self.output == 'tied' or self.positions == 'learned' or self.token_types
    ):
      raise ValueError(
          f"{name}.embedding=False needs output 'separate' or 'none', and no"
          f' learned positions or token_types, got {self.output!r},'
          f' {self.positions!r}, {self.token_types}.'
      )
    if self.output == 'none' and self.output_bias:
      raise ValueError(
          f"{name}.output_bias must be False for output='none', got True."
      )

  @property
  def kv_heads(self) -> int:
    """G."""
    return self.num_kv_heads or self.num_heads

  @property
  def key_dim(self) -> int:
    """Numbers k of a head."""
    return self.head_dim or self.width // self.num_heads

  @property
  def hidden(self) -> int:
    """Hidden units m of the perceptron."""
    return self.mlp_dim or 4 * self.width


class Norm(NamedTuple):
  scale: jax.Array  # [..., d]
  bias: jax.Array | None  # [..., d]; None of RMS norms


class Linear(NamedTuple):
  kernel: jax.Array  # inputs first, outputs last
  bias: jax.Array | None


class Readout(NamedTuple):
  kernel: jax.Array | None  # [d, V]; None if tied or none
  bias: jax.Array | None  # [V]


class Layer(NamedTuple):
  """Weights of all layers, stacked in front."""

  norm_1: Norm  # [L, d]
  query: Linear  # [L, d, H, k]
  key: Linear  # [L, d, G, k]
  value: Linear  # [L, d, G, k]
  out: Linear  # [L, H, k, d]
  norm_2: Norm  # [L, d]
  gate: Linear | None  # [L, d, m]
  mlp_in: Linear  # [L, d, m]
  mlp_out: Linear  # [L, m, d]
  scale_1: jax.Array | None = None  # [L, d], on what attention adds
  scale_2: jax.Array | None = None  # [L, d], on what the perceptron adds


class Params(NamedTuple):
  embed: jax.Array | None  # [V, d]
  positions: jax.Array | None  # [max_length, d]
  token_types: jax.Array | None  # [token_types, d]
  embed_norm: Norm | None  # of what enters the first layer, norms after
  layers: Layer
  final_norm: Norm | None  # of what leaves the last layer, norms before
  output: Readout


# As Megatron-LM: heads and hidden units are split, a layer has two sums.
PARTITION_RULES = (
    (r'(.*/)?(query|key|value)/kernel', P(None, None, 'model', None)),
    (r'(.*/)?(query|key|value)/bias', P(None, 'model', None)),
    (r'(.*/)?layers/out/kernel', P(None, 'model', None, None)),
    (r'(.*/)?(gate|mlp_in)/kernel', P(None, None, 'model')),
    (r'(.*/)?(gate|mlp_in)/bias', P(None, 'model')),
    (r'(.*/)?mlp_out/kernel', P(None, 'model', None)),
    ('.*', P()),
)


def init(key: jax.Array, config: Config) -> Params:
  """Samples weights from N(0, 0.02^2), as GPT-2 does.

  Of what is added to the residual 0.02 / sqrt(2 L); biases 0, scales 1.
  """
  d, m, k = config.width, config.hidden, config.key_dim
  h, g, count = config.num_heads, config.kv_heads, config.num_layers
  dtype = dtypes.named(config.param_dtype)
  keys = iter(jax.random.split(key, 12))
  small = (2 * count) ** -0.5

  def normal(*shape, scale=1.0):
    return 0.02 * scale * jax.random.normal(next(keys), shape, dtype)

  def linear(*shape, bias, scale=1.0):
    kernel = normal(count, *shape, scale=scale)
    return Linear(kernel, jnp.zeros((count, *bias), dtype) if bias else None)

  def norm(*lead):
    shift = jnp.zeros((*lead, d), dtype) if config.norm == 'layer' else None
    return Norm(jnp.ones((*lead, d), dtype), shift)

  of = lambda has, *shape: shape if has else ()
  layers = Layer(
      norm(count),
      linear(d, h, k, bias=of(config.qkv_bias, h, k)),
      linear(d, g, k, bias=of(config.qkv_bias, g, k)),
      linear(d, g, k, bias=of(config.qkv_bias, g, k)),
      linear(h, k, d, bias=of(config.out_bias, d), scale=small),
      norm(count),
      linear(d, m, bias=of(config.mlp_bias, m)) if config.gated else None,
      linear(d, m, bias=of(config.mlp_bias, m)),
      linear(m, d, bias=of(config.mlp_bias, d), scale=small),
      *((jnp.ones((count, d), dtype),) * 2 if config.layer_scale else ()),
  )
  pre, vocab = config.norm_place == 'pre', config.vocab_size
  return Params(
      normal(vocab, d) if config.embedding else None,
      normal(config.max_length, d) if config.positions == 'learned' else None,
      normal(config.token_types, d) if config.token_types else None,
      None if pre else norm(),
      layers,
      norm() if pre else None,
      Readout(
          normal(d, vocab) if config.output == 'separate' else None,
          jnp.zeros(vocab, dtype) if config.output_bias else None,
      ),
  )


def check_params(params: Params, config: Config) -> None:
  """Refuses parameters of another config, naming the first that differs.

  Raises:
    ValueError: if one is missing, too many, or of another shape.
  """
  wanted, given = _shapes_of(config), _shapes(params)
  for name in (*wanted, *given):
    want, got = wanted.get(name, 'absent'), given.get(name, 'none')
    if want != got:
      raise ValueError(
          f'params{name} must be {want} by the config, got {got}: they do not'
          ' belong together.'
      )


@functools.cache
def _shapes_of(config: Config) -> dict[str, tuple[int, ...]]:
  return _shapes(jax.eval_shape(lambda: init(jax.random.key(0), config)))


def _shapes(params: Params) -> dict[str, tuple[int, ...]]:
  leaves = jax.tree_util.tree_leaves_with_path(params)
  return {jax.tree_util.keystr(path): leaf.shape for path, leaf in leaves}


def scaled(
    params: Params,
    factor: float,
    kept: Sequence[str] = ('norm', 'gate', 'mlp'),
) -> Params:
  """Returns weights times a factor, but of norms and perceptrons.

  GPT-2's initial ones, of deviation 0.02, are for widths of 768 and more; in
  narrow networks attention starts too even.

  Args:
    params: weights.
    factor: of all weights.
    kept: but of those whose name holds one of these.
  """

  def one(path, leaf):
    name = jax.tree_util.keystr(path)
    return leaf if any(part in name for part in kept) else factor * leaf

  return jax.tree_util.tree_map_with_path(one, params)
