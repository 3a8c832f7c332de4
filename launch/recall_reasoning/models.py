"""Models from files, and prompts that they can answer."""

import json
import pathlib
from typing import Any

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
  """Returns parameters, their config, and draws of prompts and texts by seed.

  Raises:
    FileNotFoundError: if the folder does not hold the model's files.
    ValueError: if there is no path.
  """
  if not config.path:
    raise ValueError(
        f'config.path must be the folder of a model for source='
        f'{config.source!r}; give it by --path.'
    )
  folder = pathlib.Path(config.path)
  stories = config.source == 'stories'
  if stories:
    found = llama2c.load(folder / 'stories260K.bin')
    official, arrays = found.config, found.arrays
  else:
    official = json.loads((folder / 'config.json').read_text())
    arrays = weights.load(folder / 'model.safetensors')
  model = llama.config_from_official(official)
  params = llama.params_from_official(arrays, model)
  draw = _of_stories if stories else _of_facts
  return params, model, draw(config, folder, params, model)


def _of_stories(config, folder, params, model):
  """Bigrams of stories that the model tells, against copies of rows."""
  del folder
  tell = lambda key: transformer.generate(
      params, jnp.array([1]), 120, model, temperature=1.0, key=key
  )
  keys = jax.random.split(jax.random.key(0), 48)
  told = np.asarray(jax.lax.map(tell, keys))[:, 1:]

  def draw(seed):
    rng = np.random.default_rng(seed)
    count, length = config.num_prompts, 16
    both = lambda: _stacked(
        recall_prompts.story_bigrams(rng, told, count, length),
        recall_prompts.copies(rng, told, count, length),
    )
    text = told[rng.integers(0, len(told), count), : 2 * length]
    return both(), both(), jnp.asarray(text)

  return draw


def _of_facts(config, folder, params, model):
  """Capitals, against roads between them."""
  del params, model
  tokenizer = tokenizers.load(folder / 'tokenizer.json')

  def draw(seed):
    rng = np.random.default_rng(seed)
    both = lambda: _stacked(
        *recall_prompts.facts_and_chains(
            rng, tokenizer.encode, config.num_prompts
        )
    )
    text = tokenizer.encode(recall_prompts.CONTROL)
    return both(), both(), jnp.array([text, text])

  return draw


def _stacked(*batches: recall_prompts.Batch) -> Any:
  return jax.tree.map(lambda *a: jnp.asarray(np.stack(a)), *batches)
