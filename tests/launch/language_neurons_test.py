"""Language neurons, as a user starts the experiment."""

import dataclasses
import json

from absl.testing import absltest
from etils import epath
import jax
import numpy as np
import pytest

from launch.language_neurons import config as config_lib
from launch.language_neurons import experiment
from nmlib import train
from nmlib.analysis import language_survey
from nmlib.data import weights
from nmlib.networks import llama
from nmlib.networks import transformer
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class LanguageNeuronsTest(launcher.LauncherTest):
  LAUNCHER = 'launch.language_neurons'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_report_counts_every_neuron_once(self):
    rows = self.smoke().report['tables']['Neurons by N']['rows']
    self.assertEqual(list(rows), ['0', '1', '2', '3', '4', '5'])
    for column, expected in (('selected', 14), ('all', 48)):
      total = np.sum([row[column] for row in rows.values()], 0)
      np.testing.assert_array_equal(total, [expected] * 2)

  def test_a_model_and_texts_are_read_from_files(self):
    run = train.Run(epath.Path(self.workdir))
    config = dataclasses.replace(
        _SMOKE, source='model', num_seeds=1,
        model=str(self.folder), texts=str(self.folder / 'texts.jsonl'),
    )  # fmt: skip
    official = dict(
        vocab_size=4, num_hidden_layers=2, hidden_size=8,
        num_attention_heads=2, intermediate_size=12, num_key_value_heads=1,
    )  # fmt: skip
    (self.folder / 'config.json').write_text(json.dumps(official))
    network = llama.config_from_official(official)
    arrays = llama.params_to_official(
        transformer.init(jax.random.key(0), network), network
    )
    weights.save(self.folder / 'model.safetensors', arrays)
    library = pytest.importorskip('tokenizers')
    words = library.models.WordLevel({'?': 0, 'a': 1, 'b': 2, 'c': 3}, '?')
    made = library.Tokenizer(words)
    made.pre_tokenizer = library.pre_tokenizers.Whitespace()
    made.save(str(self.folder / 'tokenizer.json'))
    with self.assertRaisesRegex(FileNotFoundError, 'must be a file of JSON'):
      experiment.experiment(config, run)
    with self.assertRaisesRegex(FileNotFoundError, 'give --model=FOLDER'):
      experiment.experiment(dataclasses.replace(config, model=''), run)
    lines = [
        {'language': name, 'prompt': prompt, 'response': 'a c'}
        for name in ('one', 'two')
        for prompt in ('a', 'b a b')
    ]
    text = '\n'.join(map(json.dumps, lines))
    (self.folder / 'texts.jsonl').write_text(text)
    config = dataclasses.replace(config, aligned=config.model)
    report = experiment.experiment(config, run)
    # None of the world's, nor of layers between two.
    self.assertLen(report.claims, 6)
    before = np.load(self.workdir / 'results' / 'base.npz')['before'][0]
    np.testing.assert_allclose(before[:2], np.log(4), rtol=0.1)
    self.assertEqual(before[0], before[1])  # the same texts
    run = train.Run(epath.Path(self.folder / 'other'))
    (self.folder / 'texts.jsonl').write_text(text + '\n{}')
    with self.assertRaisesRegex(ValueError, 'line 5, is no'):
      experiment.experiment(config, run)

  def test_the_paper_preset_reads_a_mistral(self):
    official = dict(
        model_type='mistral', vocab_size=32_000, num_hidden_layers=32,
        hidden_size=4096, num_attention_heads=32, num_key_value_heads=8,
        intermediate_size=14_336, max_position_embeddings=32_768,
        rope_theta=1e4, sliding_window=4096,
    )  # fmt: skip
    network = llama.config_from_official(official)
    params = jax.eval_shape(
        lambda key: transformer.init(key, network), jax.random.key(0)
    )
    self.assertEqual(params.layers.gate.kernel.shape, (32, 4096, 14_336))
    paper = config_lib.PRESETS['paper']
    self.assertEqual(paper.select, language_survey.Selection(0.01, 0.95, 0.2))

  def test_released_counts_are_named_or_refused(self):
    code, _, err = self.run_launcher('--preset=real')
    self.assertEqual(code, 2)
    self.assertIn('give --counts=FOLDER', err)


def test_released_masks_come_out(data_folder, tmp_path):
  folder = data_folder / 'language_neurons'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder language_neurons')
  config = dataclasses.replace(config_lib.PRESETS['real'], counts=str(folder))
  report = experiment.experiment(config, train.Run(tmp_path))
  assert all(claim.holds for claim in report.claims)
  ours = report.claims[0].ours
  sizes = [np.asarray(ours[name]).item() for name in ('en', 'ru', 'sw')]
  assert sizes == [142, 556, 666]


if __name__ == '__main__':
  absltest.main()
