"""A language model of LSTM layers: how likely words are of any unit.

That of MILAN (Hernandez et al., arXiv 2201.11114; sizes of the released
program): an embedding, two layers, a readout. `nmlib.neurons.rate.lstm` has the
cell.
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
State = tuple[lstm.State, ...]  # of each layer


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; defaults are those of the released program.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  vocab_size: limits.Count  # W
  hidden: limits.Count = 512  # H
  embedding: limits.Count = 128  # E
  num_layers: limits.Count = 2
  dropout_rate: limits.Fraction = 0.5  # between layers, only with a key
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check

  def cell(self, layer: int) -> lstm.Config:
    """The cell of a layer, without a readout."""
    inputs = self.hidden if layer else self.embedding
    return lstm.Config(inputs, self.hidden, 0, param_dtype=self.param_dtype)


class Params(NamedTuple):
  embedding: jax.Array  # [W, E]
  layers: tuple[lstm.Params, ...]
  output: mlp.Layer  # [H, W]


def init(key: jax.Array, config: Config) -> Params:
  """Draws by PyTorch's defaults: uniform, the embedding ~ N(0, 1)."""
  table, output, *layers = jax.random.split(key, config.num_layers + 2)
  shape = config.vocab_size, config.embedding
  dtype = dtypes.named(config.param_dtype)
  return Params(
      jax.random.normal(table, shape, dtype),
      tuple(
          torch_layouts.draw_cell(
              key, config.cell(i).num_inputs, config.hidden, dtype
          )
          for i, key in enumerate(layers)
      ),
      torch_layouts.draw_dense(output, config.hidden, config.vocab_size, dtype),
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  cells = map(config.cell, range(config.num_layers))
  return tuple(map(lstm.initial_state, cells))


def step(
    params: Params, state: State, token: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Reads one word, int []; returns log-probabilities [W] of the next.

  Raises:
    ValueError: if the word is out of range.
  """
  state, log_probs = unroll(params, state, token[None], config)
  return state, log_probs[0]


def unroll(
    params: Params,
    state: State,
    tokens: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over words.

  Args:
    params: weights.
    state: before the first word.
    tokens: int [T].
    config: static.
    key: turns dropout on.

  Returns:
    The last state, and log-probabilities [T, W].

  Raises:
    ValueError: if a word is out of range.
  """
  checks.shape('tokens', tokens, 'T')
  checks.indices('tokens', tokens, config.vocab_size)
  x, ends = embedding.rows(params.embedding, tokens), []
  for i, (layer, start) in enumerate(zip(params.layers, state, strict=True)):
    if i and key is not None and config.dropout_rate:
      (x,) = dropout.dropout(
          x[None], config.dropout_rate, dropout.key_words(key), i,
          jnp.arange(len(x)),
      )  # fmt: skip
    end, x = lstm.unroll(layer, start, x, config.cell(i))
    ends.append(end)
  return tuple(ends), jax.nn.log_softmax(mlp.dense(params.output, x))


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads arrays by the names of PyTorch modules, in PyTorch's layouts.

  Args:
    arrays: `lm_embed.weight`, the LSTM `lm_lstm` and the Linear `lm_out`;
      others may be there too.
    config: of the sizes.

  Raises:
    ValueError: naming an array that is missing or has another shape.
  """
  reader = torch_layouts.Reader(arrays, config.param_dtype)
  cells = [
      reader.cell('lm_lstm', config.cell(i).num_inputs, config.hidden, f'_l{i}')
      for i in range(config.num_layers)
  ]
  table = reader.array('lm_embed.weight', config.vocab_size, config.embedding)
  output = reader.dense('lm_out', config.hidden, config.vocab_size)
  return Params(table, tuple(cells), output)


def params_to_official(params: Params) -> dict[str, np.ndarray]:
  """Returns arrays as `params_from_official` reads them."""
  found = {'lm_embed.weight': np.asarray(params.embedding)}
  for i, layer in enumerate(params.layers):
    found |= torch_layouts.cell('lm_lstm', layer, f'_l{i}')
  return found | torch_layouts.dense('lm_out', params.output)
