"""Circuits in networks that are trained or read, as a user starts it."""

import dataclasses
import json
import re

from absl.testing import absltest
import jax
import numpy as np
import pytest

from launch.circuit_reuse import config as config_lib
from launch.circuit_reuse import experiment
from nmlib import train
from nmlib.analysis.interpretability import head_circuits
from nmlib.data import weights
from nmlib.data.text import circuit_prompts
from nmlib.networks import gpt2
from nmlib.networks import transformer
from tests.launch import launcher

_PAPER = config_lib.PRESETS['paper']


class CircuitReuseTest(launcher.LauncherTest):
  LAUNCHER = 'launch.circuit_reuse'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_paper_takes_two_percent_of_gpt2_medium(self):
    self.assertEqual(_PAPER.search.top_k, int(0.02 * 24 * 16))
    self.assertLen(_PAPER.heads, 4)
    for layer, head in _PAPER.heads:
      self.assertTrue(layer < 24 and head < 16)

  def test_presets_that_read_files_ask_for_them(self):
    for preset in ('paper', 'real'):
      code, _, err = self.run_launcher(f'--preset={preset}')
      self.assertNotEqual(code, 0)
      self.assertIn('--path must be given', err)


@pytest.fixture(name='folder')
def _folder(tmp_path):
  """A random GPT-2 of a layer, with a token for each word of the prompts."""
  library = pytest.importorskip('tokenizers')
  rng = np.random.default_rng(0)
  pairs = circuit_prompts.coloured_objects(rng, 300)
  pairs += circuit_prompts.indirect_objects(rng, 300)
  text = ' '.join(pair.text + pair.answer for pair in pairs)
  words = ['[UNK]', *sorted({*re.findall(r'\w+|[^\w\s]', text)})]
  ids = {word: i for i, word in enumerate(words)}
  tokenizer = library.Tokenizer(library.models.WordLevel(ids, '[UNK]'))
  tokenizer.pre_tokenizer = library.pre_tokenizers.Whitespace()
  tokenizer.save(str(tmp_path / 'tokenizer.json'))
  official = dict(
      model_type='gpt2', vocab_size=len(words), n_embd=8, n_layer=1, n_head=2,
      n_positions=64, tie_word_embeddings=True,
  )  # fmt: skip
  (tmp_path / 'config.json').write_text(json.dumps(official))
  config = gpt2.config_from_official(official)
  params = transformer.init(jax.random.key(0), config)
  weights.save(
      tmp_path / 'model.safetensors', gpt2.params_to_official(params, config)
  )
  return tmp_path


def test_paper_runs_on_a_random_network(folder):
  """The whole pipeline of text: overlaps beside chance, and the repair."""
  settings = dataclasses.replace(
      _PAPER, path=str(folder), num_prompts=4, heads=((0, 1),),
      search=head_circuits.Search(1, 2, 2, 2),
  )  # fmt: skip
  report = experiment.experiment(settings, train.Run(folder / 'run'))
  overlap, repair = report.claims
  assert {'copying tasks', 'copying tasks: chance'} <= {*overlap.ours}
  assert 'repaired' in repair.ours
  circuits, curve = (report.tables[n].rows for n in report.tables)
  assert [*circuits] == ['indirect objects', 'coloured objects']
  for row in curve.values():
    # Of two heads one or both are taken: chance is 0.5 or 1.
    (chance,) = np.ravel(np.asarray(row['copying tasks: chance'], float))
    assert 0.5 <= chance <= 1
  assert {*report.figures} == {'patch_grid', 'paths', 'overlap'}


def test_real_weights_copy_a_name(data_folder, tmp_path):
  folder = data_folder / 'tinystories260k'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder tinystories260k')
  settings = dataclasses.replace(config_lib.PRESETS['real'], path=str(folder))
  report = experiment.experiment(settings, train.Run(tmp_path / 'run'))
  (claim,) = report.claims
  assert claim.holds


if __name__ == '__main__':
  absltest.main()
