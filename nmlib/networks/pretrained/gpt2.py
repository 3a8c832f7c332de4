"""GPT-2 (Radford et al. 2019): its options and the names of its weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nmlib.networks import transformer
from nmlib.networks.pretrained import official_names
from nmlib.neurons.core import dtypes

_LINEAR = official_names.linear
_ENTRIES = [
    official_names.Entry('wte.weight', 'embed'),
    official_names.Entry('wpe.weight', 'positions'),
    *official_names.norm('h.{i}.ln_1', 'layers.norm_1'),
    # Weights are [inputs, outputs]; queries, keys, values are thirds.
    *_LINEAR('h.{i}.attn.c_attn', 'layers.query', False, (0, 3)),
    *_LINEAR('h.{i}.attn.c_attn', 'layers.key', False, (1, 3)),
    *_LINEAR('h.{i}.attn.c_attn', 'layers.value', False, (2, 3)),
    *_LINEAR('h.{i}.attn.c_proj', 'layers.out', False),
    *official_names.norm('h.{i}.ln_2', 'layers.norm_2'),
    *_LINEAR('h.{i}.mlp.c_fc', 'layers.mlp_in', False),
    *_LINEAR('h.{i}.mlp.c_proj', 'layers.mlp_out', False),
    *official_names.norm('ln_f', 'final_norm'),
]
# Masks that old files hold, and the read-out, which is the embedding.
_IGNORED = (r'h\.\d+\.attn\.(masked_)?bias', r'lm_head\.weight')


def config_from_official(
    official: Mapping[str, Any], param_dtype: dtypes.Floating = 'float32'
) -> transformer.Config:
  """Returns the config that a `config.json` describes.

  Args:
    official: its contents.
    param_dtype: of parameters.

  Raises:
    ValueError: if an option is missing, or not supported.
  """
  of = official_names.options(
      'GPT-2',
      official,
      dict(
          vocab_size=..., n_layer=..., n_embd=..., n_head=..., n_positions=1024,
          n_inner=0, layer_norm_epsilon=1e-5, activation_function='gelu_new',
      ),
  )  # fmt: skip
  official_names.only(
      'GPT-2', official, activation_function=('gelu_new', 'gelu', 'relu'),
      model_type=('gpt2',), scale_attn_weights=(True,),
      scale_attn_by_inverse_layer_idx=(False,), tie_word_embeddings=(True,),
  )  # fmt: skip
  activation = of['activation_function']
  return transformer.Config(
      of['vocab_size'], of['n_layer'], of['n_embd'], of['n_head'],
      mlp_dim=of['n_inner'] or None, max_length=of['n_positions'],
      epsilon=of['layer_norm_epsilon'],
      activation='gelu_tanh' if activation == 'gelu_new' else activation,
      param_dtype=param_dtype,
  )  # fmt: skip


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: transformer.Config
) -> transformer.Params:
  """Reads weights by name, as of `transformers`, with 'transformer.' or not.

  Raises:
    ValueError: listing names that are missing or unexpected; or naming an
      array of another shape.
  """
  return official_names.read(arrays, _ENTRIES, config, 'transformer.', _IGNORED)


def params_to_official(
    params: transformer.Params, config: transformer.Config
) -> dict[str, np.ndarray]:
  """Returns the weights by official name."""
  return official_names.write(params, _ENTRIES, config)
