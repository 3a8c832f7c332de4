"""A folder of a language model: its weights in one file, or in several."""

import json

import jax
import numpy as np
import pytest

from nmlib.data import language_models
from nmlib.data import weights
from nmlib.data.text import tokenizers
from nmlib.networks import gpt2
from nmlib.networks import llama
from nmlib.networks import transformer

_LLAMA = dict(
    model_type='llama', vocab_size=50, hidden_size=8, num_hidden_layers=1,
    num_attention_heads=2, num_key_value_heads=1, intermediate_size=12,
    max_position_embeddings=16, rms_norm_eps=1e-5, tie_word_embeddings=False,
)  # fmt: skip
_GPT2 = dict(
    model_type='gpt2', vocab_size=50, n_embd=8, n_layer=2, n_head=2,
    n_positions=16, tie_word_embeddings=True,
)  # fmt: skip


@pytest.fixture(name='folder')
def _folder(tmp_path, monkeypatch):
  monkeypatch.setattr(tokenizers, 'load', lambda file: file.name)
  (tmp_path / 'config.json').write_text(json.dumps(_LLAMA))
  return tmp_path


@pytest.mark.parametrize('parts', (['model'], ['other'], ['a', 'b']))
@pytest.mark.parametrize(
    ('family', 'official'), ((llama, _LLAMA), (gpt2, _GPT2))
)
def test_weights_in_one_file_or_several(folder, family, official, parts):
  (folder / 'config.json').write_text(json.dumps(official))
  config = family.config_from_official(official)
  params = transformer.init(jax.random.key(0), config)
  arrays = family.params_to_official(params, config)
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


@pytest.mark.parametrize(
    ('text', 'message'),
    [('{"model', 'no whole JSON file'), ('[1]', 'must be an object of JSON')],
)
def test_a_damaged_description_is_named(tmp_path, text, message):
  (tmp_path / 'config.json').write_text(text)
  with pytest.raises(ValueError, match=rf'config\.json .*{message}'):
    language_models.load(tmp_path)
