"""Models in the format of llama2.c (A. Karpathy, version 0 of its files).

Seven little-endian int32 (width, hidden units, layers, heads, heads of keys and
values, vocabulary, context), then float32 arrays; a negative vocabulary says
that the read-out is an array of its own. Rotary pairs are neighbours.
"""

import os
import pathlib
from typing import Any
from typing import NamedTuple

import numpy as np


class Model(NamedTuple):
  """What `networks.llama` reads."""

  config: dict[str, Any]  # as a config.json, for `config_from_official`
  arrays: dict[str, np.ndarray]  # for `params_from_official`


def load(path: str | os.PathLike[str]) -> Model:
  """Reads a model.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if the file is not of this format, or not whole.
  """
  file = pathlib.Path(path)
  data = file.read_bytes()
  header = np.frombuffer(data[: len(data[:28]) // 4 * 4], '<i4')
  if len(header) < 7 or min(*header[:5], header[6], abs(header[5])) < 1:
    raise ValueError(f'{file} is no file of llama2.c: header {header}.')
  width, hidden, layers, heads, groups, vocab, length = map(int, header)
  tied, vocab = vocab > 0, abs(vocab)
  head = width // heads
  narrow = groups * head
  shapes = {
      'model.embed_tokens.weight': (vocab, width),
      'input_layernorm.weight': (layers, width),
      'self_attn.q_proj.weight': (layers, heads * head, width),
      'self_attn.k_proj.weight': (layers, narrow, width),
      'self_attn.v_proj.weight': (layers, narrow, width),
      'self_attn.o_proj.weight': (layers, width, heads * head),
      'post_attention_layernorm.weight': (layers, width),
      'mlp.gate_proj.weight': (layers, hidden, width),
      'mlp.down_proj.weight': (layers, width, hidden),
      'mlp.up_proj.weight': (layers, hidden, width),
      'model.norm.weight': (width,),
      'rotary tables': (2, length, head // 2),
  }
  if not tied:
    shapes['lm_head.weight'] = (vocab, width)
  whole = 28 + 4 * sum(int(np.prod(shape)) for shape in shapes.values())
  if len(data) != whole:
    raise ValueError(
        f'{file} must have {whole} bytes by its header, got {len(data)}.'
    )
  arrays, place = {}, 28
  for name, shape in shapes.items():
    array = np.frombuffer(data, '<f4', int(np.prod(shape)), place)
    array, place = array.reshape(shape), place + array.nbytes
    if name.startswith(('model.', 'lm_head')):
      arrays[name] = array
    elif name != 'rotary tables':  # they can be computed
      for i, row in enumerate(array):
        arrays[f'model.layers.{i}.{name}'] = row
  config = {
      'vocab_size': vocab, 'num_hidden_layers': layers, 'hidden_size': width,
      'num_attention_heads': heads, 'num_key_value_heads': groups,
      'intermediate_size': hidden, 'max_position_embeddings': length,
      'rms_norm_eps': 1e-5, 'tie_word_embeddings': tied,
      'rope_interleaved': True,
  }  # fmt: skip
  return Model(config, arrays)
