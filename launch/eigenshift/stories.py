"""A trained model by path, and what it tells by itself."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from launch.eigenshift.config import Config
from launch.eigenshift.measure import Text
from nmlib import train
from nmlib.analysis import text_measures
from nmlib.data import language_models
from nmlib.networks import transformer

_BEGIN = 1  # token, of Llama and its kin


def load(config: Config, run: train.Run):
  """Returns a model's config, its params [1, ...], and texts of its own.

  Raises:
    ValueError: if the folder holds no such model, or too few of its stories
      are without a word of the lexicon.
  """
  folder = pathlib.Path(config.path)
  if not (folder / 'stories260K.bin').is_file() and not any(
      folder.glob('*.safetensors')
  ):
    raise ValueError(
        f'--path={config.path} must be a folder with stories260K.bin, or with'
        ' config.json, tokenizer.json and weights in safetensors of a Llama.'
    )
  params, model, tokenizer = language_models.load(folder)
  codes = [tokenizer.encode(word) for word in config.words]
  patterns = np.full((len(codes), max(map(len, codes))), -1)
  for row, code in zip(patterns, codes, strict=True):
    row[: len(code)] = code
  told = run.result('stories', lambda: _told(params, model, config))['tokens']
  told = jnp.asarray(told)
  asked = [tokenizer.encode(text) for text in config.prompts]
  if short := [len(x) for x in asked if len(x) < config.prompt_length]:
    raise ValueError(
        'config.prompts must have prompt_length='
        f'{config.prompt_length} tokens or more each, got {min(short)}.'
    )
  ends = [tokens[-config.prompt_length :] for tokens in asked]
  text = split(told, jnp.asarray(patterns), config, ends)
  said = tokenizer.decode(told[0].tolist())
  run.say(f'{len(told)} stories of its own, such as: {said}')
  return model, jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], params), text


def _told(params, model, config: Config):
  """Samples texts from the beginning on, tokens [4 N + 2 C, T]."""
  count = 4 * config.num_prompts + 2 * config.corpus_size
  length = config.prompt_length + config.new_tokens
  one = lambda i: transformer.generate(
      params, jnp.array([_BEGIN]), length - 1, model, temperature=1.0,
      key=jax.random.fold_in(jax.random.key(0), i),
  )  # fmt: skip
  tokens = jax.jit(lambda index: jax.lax.map(one, index, batch_size=128))
  return {'tokens': tokens(jnp.arange(count))}


def split(told, patterns, config: Config, asked=()) -> Text:
  """Returns texts; prompts are those asked for, or the most marked beginnings.

  States are collected on beginnings and, where there are some, on what is
  asked, half and half.
  """
  pool, rest = jnp.split(told, [4 * config.num_prompts])
  mixed = pool[: config.num_prompts, : config.prompt_length]
  many = text_measures.occurrences(pool, patterns)[:, : config.prompt_length]
  labels = text_measures.occurrences(rest, patterns).any(1)
  count, plain = config.num_tried + config.num_judged, rest[~labels]
  if len(plain) < count or not labels.any():
    raise ValueError(
        f'{len(plain)} of {len(rest)} stories are without words of the lexicon:'
        f' {count} must be, and some not. Take other --config.words.'
    )
  prompts = pool[jnp.argsort(-many.sum(1))[:count], : config.prompt_length]
  if len(asked):
    row = jnp.arange(max(count, config.num_prompts)) % len(asked)
    prompts = jnp.asarray(asked)[row]
    mixed = mixed.at[::2].set(prompts[: len(mixed[::2])])
  return Text(
      mixed, prompts[:count], plain[:count], rest[:count],
      rest.reshape(2, -1, rest.shape[1]), labels.reshape(2, -1), patterns,
  )  # fmt: skip
