"""Language models from the folder that holds them."""

from collections.abc import Mapping
import os
import pathlib
from typing import NamedTuple

import numpy as np

from nmlib.data import weights
from nmlib.data.text import llama2c
from nmlib.data.text import tokenizers
from nmlib.networks import gpt2
from nmlib.networks import llama
from nmlib.networks import transformer


class LanguageModel(NamedTuple):
  """What `networks.transformer` runs, and what reads text for it."""

  params: transformer.Params
  config: transformer.Config
  tokenizer: tokenizers.Tokenizer


def load(folder: str | os.PathLike[str]) -> LanguageModel:
  """Reads a GPT-2, Llama, Mistral or Qwen2 model.

  Args:
    folder: with `config.json`, `model.safetensors` (or its index and parts, or
      other names of `.safetensors` files) and `tokenizer.json`, or with two
      files of llama2.c, `stories260K.bin` and `tok512.bin`.

  Raises:
    FileNotFoundError: if a file is missing.
    ValueError: if one is damaged, or of another family.
  """
  place = pathlib.Path(folder)
  official = place / 'config.json'
  if official.exists():
    described = weights.described(official)
    arrays = _arrays(place)
    tokenizer = tokenizers.load(place / 'tokenizer.json')
  else:
    described, arrays = llama2c.load(place / 'stories260K.bin')
    tokenizer = tokenizers.load(place / 'tok512.bin')
  family = gpt2 if described.get('model_type') == 'gpt2' else llama
  config = family.config_from_official(described)
  return LanguageModel(
      family.params_from_official(arrays, config), config, tokenizer
  )


def _arrays(place: pathlib.Path) -> Mapping[str, np.ndarray]:
  index = place / 'model.safetensors.index.json'  # of several files
  files = sorted(place.glob('*.safetensors'))
  if index.exists() or len(files) < 2:
    one = files[0] if files else place / 'model.safetensors'
    return weights.load(index if index.exists() else one)
  parts = [weights.load(file) for file in files]
  return {name: part[name] for part in parts for name in part}
