"""Language models from the folder that holds them."""

import json
import os
import pathlib
from typing import NamedTuple

from nmlib.data import weights
from nmlib.data.text import llama2c
from nmlib.data.text import tokenizers
from nmlib.networks import llama
from nmlib.networks import transformer


class LanguageModel(NamedTuple):
  """What `networks.transformer` runs, and what reads text for it."""

  params: transformer.Params
  config: transformer.Config
  tokenizer: tokenizers.Tokenizer


def load(folder: str | os.PathLike[str]) -> LanguageModel:
  """Reads a Llama, Mistral or Qwen2 model.

  Args:
    folder: with `config.json`, `model.safetensors` (or its index and parts) and
      `tokenizer.json`, or with two files of llama2.c, `stories260K.bin` and
      `tok512.bin`.

  Raises:
    FileNotFoundError: if a file is missing.
    ValueError: if one is damaged, or of another family.
  """
  place = pathlib.Path(folder)
  official = place / 'config.json'
  if official.exists():
    described = json.loads(official.read_text())
    index = place / 'model.safetensors.index.json'  # of several files
    one = place / 'model.safetensors'
    arrays = weights.load(index if index.exists() else one)
    tokenizer = tokenizers.load(place / 'tokenizer.json')
  else:
    described, arrays = llama2c.load(place / 'stories260K.bin')
    tokenizer = tokenizers.load(place / 'tok512.bin')
  config = llama.config_from_official(described)
  return LanguageModel(
      llama.params_from_official(arrays, config), config, tokenizer
  )
