"""Weights of Vision Transformers, by the names of three sources.

`transformers`' ViT and DINOv2 (config.json and safetensors), and the official
JAX release (.npz, whose shapes say the sizes; its images have sides of equal
length).
"""

from collections.abc import Mapping
from typing import Any
from typing import Literal

import numpy as np
import numpy.typing as npt

from nmlib.networks.pretrained import official_names
from nmlib.networks.vit import params as params_lib
from nmlib.neurons.core import dtypes

Names = Literal['vit', 'dinov2', 'npz']

_NPZ = 'Transformer/encoderblock_{i}'
_MARK = 'embedding/kernel'  # only in the official release


def config_from_official(
    official: Mapping[str, Any], param_dtype: dtypes.Floating = 'float32'
) -> params_lib.Config:
  """Returns the config that a `config.json`, or the arrays of an .npz, say.

  Args:
    official: either.
    param_dtype: of parameters.

  Raises:
    ValueError: if an option is missing, or not supported.
  """
  if _MARK in official:
    return _of_arrays(official, param_dtype)
  name = official.get('model_type', 'vit')
  of = official_names.options(
      'ViT',
      official,
      dict(
          hidden_size=..., num_hidden_layers=..., num_attention_heads=...,
          intermediate_size=0, mlp_ratio=4, hidden_act='gelu',
          layer_norm_eps=1e-12 if name == 'vit' else 1e-6, image_size=224,
          patch_size=16 if name == 'vit' else 14, num_channels=3, qkv_bias=True,
          num_labels=0, id2label={},
      ),
  )  # fmt: skip
  official_names.only(
      'ViT', official, hidden_act=('gelu', 'gelu_pytorch_tanh', 'relu'),
      model_type=('vit', 'dinov2'), use_swiglu_ffn=(False,),
  )  # fmt: skip
  side, rest = divmod(of['image_size'], of['patch_size'])
  if rest:
    raise ValueError(
        f"image_size={of['image_size']} must be a multiple of"
        f" patch_size={of['patch_size']}."
    )
  tanh = of['hidden_act'] == 'gelu_pytorch_tanh'
  return params_lib.Config(
      len(of['id2label']) or of['num_labels'], (side, side), of['patch_size'],
      of['num_channels'], of['num_hidden_layers'], of['hidden_size'],
      of['num_attention_heads'],
      of['intermediate_size'] or of['mlp_ratio'] * of['hidden_size'],
      of['layer_norm_eps'], 'gelu_tanh' if tanh else of['hidden_act'],
      of['qkv_bias'], name == 'dinov2', param_dtype,
  )  # fmt: skip


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: params_lib.Config
) -> params_lib.Params:
  """Reads weights by name, of whichever source they are.

  Raises:
    ValueError: listing names that are missing or unexpected; or naming an
      array of another shape.
  """
  names: Names = 'dinov2' if config.layer_scale else 'vit'
  if _MARK in arrays:
    names = 'npz'
  prefix = {'vit': 'vit.', 'dinov2': 'dinov2.', 'npz': ''}[names]
  ignored = (r'embeddings\.mask_token', r'pooler\..*')
  return official_names.read(
      arrays, _entries(names), config, prefix, ignored, params_lib.init
  )


def params_to_official(
    params: params_lib.Params, config: params_lib.Config, names: Names = 'vit'
) -> dict[str, np.ndarray]:
  """Returns the weights by the names of a source."""
  return official_names.write(params, _entries(names), config)


def _of_arrays(arrays, param_dtype) -> params_lib.Config:
  shape = lambda name: np.shape(arrays[name])
  patch, _, channels, width = shape(_MARK)
  block = _NPZ.format(i=0)
  heads = shape(f'{block}/MultiHeadDotProductAttention_1/query/bias')[0]
  hidden = shape(f'{block}/MlpBlock_3/Dense_0/bias')[0]
  length = shape('Transformer/posembed_input/pos_embedding')[1] - 1
  side = round(length**0.5)
  if side * side != length:
    raise ValueError(
        f'the positions of the .npz must be of a square grid, got {length};'
        ' give a params_lib.Config.'
    )
  layers = sum(name.endswith('LayerNorm_0/scale') for name in arrays)
  classes = shape('head/bias')[0] if 'head/bias' in arrays else 0
  return params_lib.Config(
      classes, (side, side), patch, channels, layers, width, heads, hidden,
      param_dtype=param_dtype,
  )  # fmt: skip


def _entries(names: Names) -> list[official_names.Entry]:
  if names == 'npz':
    return _npz_entries()
  entry, layers = official_names.Entry, 'encoder.layers'
  block = 'encoder.layer.{i}'
  dino = names == 'dinov2'
  linear = lambda name, leaf: official_names.linear(
      f'{block}.{name}', f'{layers}.{leaf}'
  )
  norms = (
      ('norm1', 'norm2') if dino else ('layernorm_before', 'layernorm_after')
  )
  first, second = (
      ('mlp.fc1', 'mlp.fc2') if dino else ('intermediate.dense', 'output.dense')
  )
  patch = 'embeddings.patch_embeddings.projection'
  return [
      entry(f'{patch}.weight', 'patch.kernel', axes=(3, 2, 0, 1)),
      entry(f'{patch}.bias', 'patch.bias'),
      entry('embeddings.cls_token', 'cls', axes=(0,), ones=2),
      entry('embeddings.position_embeddings', 'positions', axes=(0, 1), ones=1),
      *official_names.norm(f'{block}.{norms[0]}', f'{layers}.norm_1'),
      *linear('attention.attention.query', 'query'),
      *linear('attention.attention.key', 'key'),
      *linear('attention.attention.value', 'value'),
      *linear('attention.output.dense', 'out'),
      *official_names.norm(f'{block}.{norms[1]}', f'{layers}.norm_2'),
      *linear(first, 'mlp_in'),
      *linear(second, 'mlp_out'),
      entry(f'{block}.layer_scale1.lambda1', f'{layers}.scale_1'),
      entry(f'{block}.layer_scale2.lambda1', f'{layers}.scale_2'),
      *official_names.norm('layernorm', 'encoder.final_norm'),
      *official_names.linear('classifier', 'encoder.output'),
  ]


def _npz_entries() -> list[official_names.Entry]:
  """As they are in memory: queries [d, H, k], outputs [H, k, d]."""
  entry, layers = official_names.Entry, 'encoder.layers'

  def both(name, leaf, kernel='kernel', size=2, bias=1):
    as_is = lambda count: tuple(range(count))
    return [
        entry(f'{name}/{kernel}', f'{leaf}.{kernel}', axes=as_is(size)),
        entry(f'{name}/bias', f'{leaf}.bias', axes=as_is(bias)),
    ]

  attention = f'{_NPZ}/MultiHeadDotProductAttention_1'
  return [
      *both('embedding', 'patch', size=4),
      entry('cls', 'cls', axes=(0,), ones=2),
      entry(
          'Transformer/posembed_input/pos_embedding', 'positions', axes=(0, 1),
          ones=1,
      ),
      *both(f'{_NPZ}/LayerNorm_0', f'{layers}.norm_1', 'scale', 1),
      *both(f'{attention}/query', f'{layers}.query', size=3, bias=2),
      *both(f'{attention}/key', f'{layers}.key', size=3, bias=2),
      *both(f'{attention}/value', f'{layers}.value', size=3, bias=2),
      *both(f'{attention}/out', f'{layers}.out', size=3),
      *both(f'{_NPZ}/LayerNorm_2', f'{layers}.norm_2', 'scale', 1),
      *both(f'{_NPZ}/MlpBlock_3/Dense_0', f'{layers}.mlp_in'),
      *both(f'{_NPZ}/MlpBlock_3/Dense_1', f'{layers}.mlp_out'),
      *both('Transformer/encoder_norm', 'encoder.final_norm', 'scale', 1),
      *both('head', 'encoder.output'),
  ]  # fmt: skip
