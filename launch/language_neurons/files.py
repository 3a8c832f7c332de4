"""Models, texts and counts that are read, none of which has a stand-in."""

import collections
import json
import pathlib

import jax
import numpy as np

from launch.language_neurons import measure
from launch.language_neurons.config import Config
from nmlib.analysis import language_neurons
from nmlib.analysis import language_texts
from nmlib.data import weights
from nmlib.data.recordings import language_counts
from nmlib.data.text import tokenizers
from nmlib.networks import llama
from nmlib.networks import transformer


def read_model(folder: str, config: Config):
  """Returns weights [1, ...] and options of a Llama, Mistral or Qwen2.

  Raises:
    FileNotFoundError: if there are none.
  """
  path = pathlib.Path(folder)
  parts = sorted(path.glob('*.safetensors'))
  if not folder or not parts or not (path / 'config.json').is_file():
    raise FileNotFoundError(
        f'{folder!r} must be a folder with config.json and *.safetensors; give'
        ' --model=FOLDER.'
    )
  network = llama.config_from_official(
      json.loads((path / 'config.json').read_text('utf-8'))
  )
  arrays = collections.ChainMap(*(dict(weights.load(p)) for p in parts))
  params = llama.params_from_official(arrays, network)
  return jax.tree.map(lambda leaf: leaf[None], params), network


def read_texts(config: Config) -> tuple[tuple[str, ...], language_texts.Texts]:
  """Returns the languages, and their texts.

  Raises:
    FileNotFoundError: if there are no texts or no tokenizer.
    ValueError: naming the line, if one is none; if languages differ in number.
  """
  path = pathlib.Path(config.texts)
  if not config.texts or not path.is_file():
    raise FileNotFoundError(
        f'{config.texts!r} must be a file of JSON lines; give --texts=FILE.'
    )
  tokenizer = tokenizers.load(
      config.tokenizer or pathlib.Path(config.model) / 'tokenizer.json'
  )
  rows: dict[str, list[tuple[list[int], list[int]]]] = {}
  for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
    try:
      said = json.loads(line)
      pair = [tokenizer.encode(said[key]) for key in ('prompt', 'response')]
      rows.setdefault(str(said['language']), []).append((pair[0], pair[1]))
    except (ValueError, KeyError, TypeError) as e:
      raise ValueError(
          f'{path}, line {number}, is no {{"language", "prompt", "response"}}:'
          f' {e!r}.'
      ) from e
  return tuple(rows), language_texts.padded(list(rows.values()))


def from_counts(config: Config):
  """Returns languages, what is found in released counts, and masks that differ.

  Raises:
    FileNotFoundError: if there are none.
    ValueError: if they come without masks.
  """
  if not config.counts:
    raise FileNotFoundError(
        "'' must be a folder of released counts; give --counts=FOLDER."
    )
  released = language_counts.load(config.counts)
  if released.masks is None:
    raise ValueError(f'{config.counts} has no official_masks.json.gz.')
  with jax.enable_x64(True):
    p = language_neurons.activation_probability(
        released.counts, released.totals
    )
    found, masks = measure.survey(config, p)
    found = {key: np.asarray(value)[None] for key, value in found.items()}
  wrong = np.sum(masks[1] != released.masks, (1, 2))
  return released.languages, found, wrong


def check_paper(
    network: transformer.Config, texts: language_texts.Texts
) -> None:
  """Refuses texts that a model cannot read.

  Raises:
    ValueError: if they are too long, or of another tokenizer.
  """
  length, token = texts.tokens.shape[-1] - 1, int(texts.tokens.max())
  if length > network.max_length or token >= network.vocab_size:
    raise ValueError(
        f'the texts must have at most {network.max_length} tokens, each below'
        f' {network.vocab_size}, as the model says, got {length} and {token}.'
    )
