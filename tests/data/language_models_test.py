"""A folder of a language model: its weights in one file, or in several."""

import json

import jax
import numpy as np
import pytest

from nmlib.data import language_models
from nmlib.data import weights
from nmlib.data.text import tokenizers
from nmlib.networks import llama
from nmlib.networks import transformer

_OFFICIAL = dict(
    model_type='llama', vocab_size=50, hidden_size=8, num_hidden_layers=1,
    num_attention_heads=2, num_key_value_heads=1, intermediate_size=12,
    max_position_embeddings=16, rms_norm_eps=1e-5, tie_word_embeddings=False,
)  # fmt: skip


@pytest.fixture(name='folder')
def _folder(tmp_path, monkeypatch):
  monkeypatch.setattr(tokenizers, 'load', lambda file: file.name)
  (tmp_path / 'config.json').write_text(json.dumps(_OFFICIAL))
  return tmp_path


@pytest.mark.parametrize('parts', (['model'], ['other'], ['a', 'b']))
def test_weights_in_one_file_or_several(folder, parts):
  config = llama.config_from_official(_OFFICIAL)
  params = transformer.init(jax.random.key(0), config)
  arrays = llama.params_to_official(params, config)
  for i, part in enumerate(parts):
    some = sorted(arrays)[i :: len(parts)]
    weights.save(
        folder / f'{part}.safetensors', {name: arrays[name] for name in some}
    )
  found = language_models.load(folder)
  assert (found.config, found.tokenizer) == (config, 'tokenizer.json')
  jax.tree.map(np.testing.assert_array_equal, found.params, params)


def test_a_missing_file_is_named(folder):
  with pytest.raises(FileNotFoundError, match='model.safetensors: no such'):
    language_models.load(folder)
