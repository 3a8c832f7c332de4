"""Models from files, and prompts that they may answer."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from launch.recall_reasoning.config import Config
from nmlib.data import weights
from nmlib.data.text import llama2c
from nmlib.data.text import recall_prompts
from nmlib.data.text import tokenizers
from nmlib.networks import llama
from nmlib.networks import transformer


def read(config: Config):
  """Returns parameters, their config, and splits of prompts by seed.

  Raises:
    FileNotFoundError: if the folder does not hold the model's files.
    ValueError: if there is no path.
  """
  if not config.path:
    raise ValueError(
        f'config.path must be the folder of a model for source='
        f'{config.source!r}; give it by --path.'
    )
  folder, count = pathlib.Path(config.path), config.num_prompts
  if config.source == 'facts':
    model = llama.config_from_official(
        json.loads((folder / 'config.json').read_text())
    )
    arrays = weights.load(folder / 'model.safetensors')
    encode = tokenizers.load(folder / 'tokenizer.json').encode
    draw = lambda seed: recall_prompts.fact_splits(seed, encode, count)
    return llama.params_from_official(arrays, model), model, draw
  official, arrays = llama2c.load(folder / 'stories260K.bin')
  model = llama.config_from_official(official)
  params = llama.params_from_official(arrays, model)
  tell = lambda key: transformer.generate(
      params, jnp.array([1]), 120, model, temperature=1.0, key=key
  )
  told = jax.lax.map(tell, jax.random.split(jax.random.key(0), 48))
  stories = np.asarray(told)[:, 1:]  # without the token that starts them
  draw = lambda seed: recall_prompts.story_splits(seed, stories, count)
  return params, model, draw
