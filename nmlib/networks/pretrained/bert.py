"""BERT (Devlin et al. 2018) and encoders made of it, such as MiniLM."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks import transformer
from nmlib.networks.pretrained import official_names
from nmlib.neurons.core import dtypes

_LAYER = 'encoder.layer.{i}.'
_EMBED = 'embeddings.'
_ENTRIES = [
    official_names.Entry(_EMBED + 'word_embeddings.weight', 'embed'),
    official_names.Entry(_EMBED + 'position_embeddings.weight', 'positions'),
    official_names.Entry(
        _EMBED + 'token_type_embeddings.weight', 'token_types'
    ),
    *official_names.norm(_EMBED + 'LayerNorm', 'embed_norm'),
    *official_names.linear(_LAYER + 'attention.self.query', 'layers.query'),
    *official_names.linear(_LAYER + 'attention.self.key', 'layers.key'),
    *official_names.linear(_LAYER + 'attention.self.value', 'layers.value'),
    *official_names.linear(_LAYER + 'attention.output.dense', 'layers.out'),
    *official_names.norm(
        _LAYER + 'attention.output.LayerNorm', 'layers.norm_1'
    ),
    *official_names.linear(_LAYER + 'intermediate.dense', 'layers.mlp_in'),
    *official_names.linear(_LAYER + 'output.dense', 'layers.mlp_out'),
    *official_names.norm(_LAYER + 'output.LayerNorm', 'layers.norm_2'),
]
_IGNORED = (r'embeddings\.position_ids', r'pooler\..*', r'cls\..*')


def config_from_official(
    official: Mapping[str, Any], param_dtype: dtypes.Floating = 'float32'
) -> transformer.Config:
  """Returns the config of the encoder that a `config.json` describes.

  Args:
    official: its contents.
    param_dtype: of parameters.

  Raises:
    ValueError: if an option is missing, or not supported.
  """
  of = official_names.options(
      'BERT',
      official,
      dict(
          vocab_size=..., num_hidden_layers=..., hidden_size=...,
          num_attention_heads=..., intermediate_size=...,
          max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12,
          hidden_act='gelu',
      ),
  )  # fmt: skip
  official_names.only(
      'BERT', official, model_type=('bert',),
      hidden_act=('gelu', 'relu', 'silu'),
      position_embedding_type=('absolute',), is_decoder=(False,),
  )  # fmt: skip
  return transformer.Config(
      of['vocab_size'], of['num_hidden_layers'], of['hidden_size'],
      of['num_attention_heads'], mlp_dim=of['intermediate_size'], causal=False,
      norm_place='post', epsilon=of['layer_norm_eps'],
      max_length=of['max_position_embeddings'],
      token_types=of['type_vocab_size'], activation=of['hidden_act'],
      output='none', param_dtype=param_dtype,
  )  # fmt: skip


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: transformer.Config
) -> transformer.Params:
  """Reads weights by name, as of `transformers`, with 'bert.' or not.

  The pooler and heads for training are left out.

  Raises:
    ValueError: listing names that are missing or unexpected; or naming an
      array of another shape.
  """
  return official_names.read(arrays, _ENTRIES, config, 'bert.', _IGNORED)


def params_to_official(
    params: transformer.Params, config: transformer.Config
) -> dict[str, np.ndarray]:
  """Returns the weights by official name."""
  return official_names.write(params, _ENTRIES, config)


def sentence_embedding(final: jax.Array, mask: jax.Array) -> jax.Array:
  """Returns the mean of states [T, d] over a mask [T], of length 1, as MiniLM.

  Zeros, if the mask holds nothing.
  """
  weights = jnp.asarray(mask, final.dtype)
  mean = weights @ final / jnp.maximum(weights.sum(), 1)
  return mean / jnp.maximum(jnp.linalg.norm(mean), 1e-12)
