r"""A captioner of sets of image regions: an LSTM that attends to them.

That of MILAN (Hernandez et al., arXiv 2201.11114; as in the released program).
Of k regions with features v_i and their mean vbar, before word t:

.. math::
  h_0, c_0 = \tanh(W_h \bar v + b_h), \tanh(W_c \bar v + b_c) \\
  e_i = w_o \cdot \tanh(W_q h_{t-1} + b_q + W_k v_i + b_k) + b_o, \quad
  \alpha_t = \mathrm{softmax}(e) \\
  z_t = \sigma(W_g h_{t-1} + b_g) * \sum_i \alpha_{t,i} v_i \\
  (h_t, c_t) = \mathrm{LSTM}([\mathrm{embed}(y_{t-1}); z_t]), \quad
  \log p(y_t) = \log \mathrm{softmax}(W_y h_t + b_y)

One set of regions, whose order changes nothing.
"""

from collections.abc import Mapping
import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks import mlp
from nmlib.networks.captioning import torch_layouts
from nmlib.neurons.core import checks
from nmlib.neurons.core import dropout
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import embedding
from nmlib.neurons.core import limits
from nmlib.neurons.rate import lstm

PARTITION_RULES = ()
State = lstm.State  # h and c [H]


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; defaults are those of the released program."""

  num_features: limits.Count  # F
  vocab_size: limits.Count  # W
  hidden: limits.Count = 512  # H
  embedding: limits.Count = 128  # E
  attention: limits.Natural = 0  # A; 0: the smaller of H and F
  dropout_rate: limits.Fraction = 0.5  # of h_t before W_y, only with a key
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check

  @property
  def width(self) -> int:
    """A, the width of attention."""
    return self.attention or min(self.hidden, self.num_features)

  @property
  def cell(self) -> lstm.Config:
    """The recurrent cell, without a readout."""
    inputs = self.embedding + self.num_features
    return lstm.Config(inputs, self.hidden, 0, param_dtype=self.param_dtype)


class Params(NamedTuple):
  """Layers have kernels [inputs, outputs]."""

  hidden: mlp.Layer  # W_h [F, H]
  memory: mlp.Layer  # W_c [F, H]
  embedding: jax.Array  # [W, E]
  query: mlp.Layer  # W_q [H, A]
  key: mlp.Layer  # W_k [F, A]
  score: mlp.Layer  # w_o [A, 1]
  gate: mlp.Layer  # W_g [H, F]
  cell: lstm.Params
  output: mlp.Layer  # W_y [H, W]


class Output(NamedTuple):
  """Of one step; time in front after `unroll`."""

  log_probs: jax.Array  # of the next word, [W]
  attention: jax.Array  # alpha, over the regions, [k]


def init(key: jax.Array, config: Config) -> Params:
  """Draws by PyTorch's defaults: uniform, the embedding ~ N(0, 1)."""
  keys = iter(jax.random.split(key, 9))
  dtype = dtypes.named(config.param_dtype)
  table = jax.random.normal(
      next(keys), (config.vocab_size, config.embedding), dtype
  )
  cell = torch_layouts.draw_cell(
      next(keys), config.cell.num_inputs, config.hidden, dtype
  )
  layers = {
      name: torch_layouts.draw_dense(next(keys), *sizes, dtype)
      for name, sizes in _sizes(config).items()
  }
  return Params(**layers, embedding=table, cell=cell)


def initial_state(params: Params, features: jax.Array, config: Config) -> State:
  """Returns h_0 and c_0 of a set of regions.

  Raises:
    ValueError: if the features are not [k, F], or there is no region.
  """
  params, features = _checked(params, features, config)
  mean = jnp.mean(features, 0)
  return State(
      jnp.tanh(mlp.dense(params.hidden, mean)),
      jnp.tanh(mlp.dense(params.memory, mean)),
  )


def step(
    params: Params,
    state: State,
    token: jax.Array,
    features: jax.Array,
    config: Config,
) -> tuple[State, Output]:
  """Reads one word and tells what the next may be.

  Args:
    params: weights.
    state: h and c [H].
    token: y_{t-1}, int [].
    features: v [k, F].
    config: static; errors as of `unroll`.
  """
  state, seen = unroll(params, state, token[None], features, config)
  return state, jax.tree.map(lambda leaf: leaf[0], seen)


def unroll(
    params: Params,
    state: State,
    tokens: jax.Array,
    features: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> tuple[State, Output]:
  """Runs `step` over given words [T]: teacher forcing.

  Args:
    params: weights.
    state: before the first word.
    tokens: y_{t-1}, int [T].
    features: v [k, F].
    config: static.
    key: turns dropout on.

  Returns:
    The last state; log-probabilities [T, W] and attention [T, k].

  Raises:
    ValueError: if the features are not [k, F], or a word is out of range.
  """
  params, features = _checked(params, features, config)
  checks.shape('tokens', tokens, 'T')
  checks.indices('tokens', tokens, config.vocab_size)
  keys = mlp.dense(params.key, features)

  def one(state, word):
    asked = mlp.dense(params.query, state.hidden)
    heard = jnp.tanh(asked[None] + keys)
    attention = jax.nn.softmax(mlp.dense(params.score, heard)[:, 0])
    gate = jax.nn.sigmoid(mlp.dense(params.gate, state.hidden))
    context = gate * (attention @ features)
    inputs = jnp.concatenate([word, context])
    state, hidden = lstm.step(params.cell, state, inputs, config.cell)
    return state, (hidden, attention)

  words = embedding.rows(params.embedding, tokens)
  state, (hidden, attention) = jax.lax.scan(one, state, words)
  if key is not None and config.dropout_rate:
    (hidden,) = dropout.dropout(
        hidden[None], config.dropout_rate, dropout.key_words(key), 0,
        jnp.arange(len(hidden)),
    )  # fmt: skip
  log_probs = jax.nn.log_softmax(mlp.dense(params.output, hidden))
  return state, Output(log_probs, attention)


def doubly_stochastic_penalty(attention: jax.Array) -> jax.Array:
  """Returns mean_i (1 - sum_t alpha_{t,i})^2 of attention [T, k].

  Over a description every region is to be attended to as much.
  """
  checks.shape('attention', attention, 'T', 'k')
  return jnp.mean(jnp.square(1 - jnp.sum(attention, 0)))


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads arrays by the names of PyTorch modules, in PyTorch's layouts.

  Args:
    arrays: `init_h`, `init_c`, `att_q`, `att_k`, `att_o`, `gate`, `out` with
      `.weight` and `.bias`, `embed.weight` and the LSTMCell `lstm`; others may
      be there too.
    config: of the sizes.

  Raises:
    ValueError: naming an array that is missing or has another shape.
  """
  reader = torch_layouts.Reader(arrays, config.param_dtype)
  layers = {
      name: reader.dense(_OFFICIAL[name], *sizes)
      for name, sizes in _sizes(config).items()
  }
  table = reader.array('embed.weight', config.vocab_size, config.embedding)
  cell = reader.cell('lstm', config.cell.num_inputs, config.hidden)
  return Params(**layers, embedding=table, cell=cell)


def params_to_official(params: Params) -> dict[str, np.ndarray]:
  """Returns arrays as `params_from_official` reads them."""
  found = {'embed.weight': np.asarray(params.embedding)}
  for name, official in _OFFICIAL.items():
    found |= torch_layouts.dense(official, getattr(params, name))
  return found | torch_layouts.cell('lstm', params.cell)


_OFFICIAL = {
    'hidden': 'init_h', 'memory': 'init_c', 'query': 'att_q', 'key': 'att_k',
    'score': 'att_o', 'gate': 'gate', 'output': 'out',
}  # fmt: skip


def _sizes(config: Config) -> dict[str, tuple[int, int]]:
  """Returns inputs and outputs of each dense layer."""
  f, h, a = config.num_features, config.hidden, config.width
  return {
      'hidden': (f, h), 'memory': (f, h), 'query': (h, a), 'key': (f, a),
      'score': (a, 1), 'gate': (h, f), 'output': (h, config.vocab_size),
  }  # fmt: skip


def _checked(params, features, config):
  checks.shape('features', features, 'k', num_features=config.num_features)
  if not len(features):
    raise ValueError('features must be of at least one region, got none.')
  return params, jnp.asarray(features, params.embedding.dtype)
