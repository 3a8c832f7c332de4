"""Llama, Mistral and Qwen2: their options and the names of their weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nmlib.networks import transformer
from nmlib.networks.pretrained import official_names
from nmlib.neurons.core import dtypes

_LAYER = 'model.layers.{i}.'
_ENTRIES = [
    official_names.Entry('model.embed_tokens.weight', 'embed'),
    *official_names.norm(_LAYER + 'input_layernorm', 'layers.norm_1'),
    *official_names.linear(_LAYER + 'self_attn.q_proj', 'layers.query'),
    *official_names.linear(_LAYER + 'self_attn.k_proj', 'layers.key'),
    *official_names.linear(_LAYER + 'self_attn.v_proj', 'layers.value'),
    *official_names.linear(_LAYER + 'self_attn.o_proj', 'layers.out'),
    *official_names.norm(_LAYER + 'post_attention_layernorm', 'layers.norm_2'),
    *official_names.linear(_LAYER + 'mlp.gate_proj', 'layers.gate'),
    *official_names.linear(_LAYER + 'mlp.up_proj', 'layers.mlp_in'),
    *official_names.linear(_LAYER + 'mlp.down_proj', 'layers.mlp_out'),
    *official_names.norm('model.norm', 'final_norm'),
    official_names.Entry('lm_head.weight', 'output.kernel', True),
]
_IGNORED = (r'.*\.rotary_emb\.inv_freq',)
_FAMILY = ('llama', 'mistral', 'qwen2')


def config_from_official(
    official: Mapping[str, Any], param_dtype: dtypes.Floating = 'float32'
) -> transformer.Config:
  """Returns the config that a `config.json` describes.

  Args:
    official: its contents. `rope_interleaved` (not an official option) says
      that rotary pairs are neighbours, as in the files of llama2.c.
    param_dtype: of parameters.

  Raises:
    ValueError: if an option is missing, or not supported, such as scaled
      rotary positions.
  """
  of = official_names.options(
      'Llama',
      official,
      dict(
          vocab_size=..., num_hidden_layers=..., hidden_size=...,
          num_attention_heads=..., num_key_value_heads=0, head_dim=0,
          intermediate_size=..., max_position_embeddings=2048,
          rms_norm_eps=1e-6, rope_theta=10_000.0, tie_word_embeddings=False,
          attention_bias=False, mlp_bias=False, rope_interleaved=False,
          model_type='llama',
      ),
  )  # fmt: skip
  official_names.only(
      'Llama', official, model_type=_FAMILY, hidden_act=('silu',),
      rope_scaling=(None,), partial_rotary_factor=(None, 1.0),
  )  # fmt: skip
  rope = official.get('rope_parameters') or {}  # of transformers 5
  official_names.only(
      'Llama', rope, rope_type=('default',), partial_rotary_factor=(None, 1.0)
  )
  of['rope_theta'] = rope.get('rope_theta', of['rope_theta'])
  window = official.get('sliding_window')
  if window and official.get('use_sliding_window', True):
    of['max_position_embeddings'] = min(window, of['max_position_embeddings'])
  qwen = of['model_type'] == 'qwen2'
  return transformer.Config(
      of['vocab_size'], of['num_hidden_layers'], of['hidden_size'],
      of['num_attention_heads'], of['num_key_value_heads'] or None,
      of['head_dim'] or None, of['intermediate_size'], norm='rms',
      epsilon=of['rms_norm_eps'],
      positions='rotary_pairs' if of['rope_interleaved'] else 'rotary',
      max_length=of['max_position_embeddings'],
      rotary_base=float(of['rope_theta']), gated=True, activation='silu',
      qkv_bias=qwen or of['attention_bias'], out_bias=of['attention_bias'],
      mlp_bias=of['mlp_bias'],
      output='tied' if of['tie_word_embeddings'] else 'separate',
      param_dtype=param_dtype,
  )  # fmt: skip


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: transformer.Config
) -> transformer.Params:
  """Reads weights by name, as of `transformers`.

  Raises:
    ValueError: listing names that are missing or unexpected; or naming an
      array of another shape.
  """
  ignored = _IGNORED
  if config.output == 'tied':  # some files hold the embedding twice
    ignored += (r'lm_head\.weight',)
  return official_names.read(arrays, _ENTRIES, config, ignored=ignored)


def params_to_official(
    params: transformer.Params, config: transformer.Config
) -> dict[str, np.ndarray]:
  """Returns the weights by official name."""
  return official_names.write(params, _ENTRIES, config)
