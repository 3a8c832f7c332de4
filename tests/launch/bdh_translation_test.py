"""Translators that merge, as a user starts them."""

import dataclasses

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.bdh.translation import config as config_lib
from launch.bdh.translation import experiment
from nmlib import train
from nmlib.data.text import parallel
from nmlib.neurons import bdh
from tests.launch import launcher


class BdhTranslationTest(launcher.LauncherTest):
  LAUNCHER = 'launch.bdh.translation'

  def test_report_has_the_six_directions_of_each_model_and_of_the_paper(self):
    tables = self.smoke().report['tables']
    rows = tables['Loss of the translation by direction (nats a byte)']['rows']
    directions = ['es>en', 'fr>en', 'pt>en', 'en>es', 'en>fr', 'en>pt']
    for name in ('base', 'tuned on fr', 'tuned on pt', 'merged'):
      self.assertEqual(list(rows[name]), directions)
      self.assertEqual(list(rows[f'{name}, paper']), directions)
      self.assertLen(rows[name]['es>en'], 2)
    halves = tables['Loss on each half of a text (nats a byte)']['rows']
    np.testing.assert_allclose(
        halves['base with itself']['half 1'], halves['base']['half 1'], rtol=0.1
    )

  def test_losses_are_means_over_the_bytes_of_each_label(self):
    model = config_lib.PRESETS['smoke'].model
    params = bdh.init(jax.random.key(0), model)
    text = parallel.Parallel(('en', 'es'), ((b'four', b'cuatro'),) * 20)
    windows = parallel.windows(parallel.stream(text, seed=1), 150, 3)
    found = experiment.losses(params, windows, model)
    logits = jax.vmap(lambda x: bdh.apply(params, x, model).logits)(
        jnp.asarray(windows['tokens'])
    )
    chance = np.asarray(jax.nn.log_softmax(logits))
    loss = -np.take_along_axis(chance, windows['targets'][..., None], 2)[..., 0]
    for label in range(5):
      expected = loss[windows['labels'] == label].mean()
      np.testing.assert_allclose(found[label], expected, rtol=1e-4)

  def test_own_texts_are_read_from_the_path(self):
    config = dataclasses.replace(
        config_lib.PRESETS['smoke'], path=str(self.folder)
    )
    with self.assertRaisesRegex(ValueError, 'en-es has neither train.en nor'):
      experiment.read(config, 'es')

  def test_bytes_that_the_model_does_not_know_are_refused(self):
    smoke = config_lib.PRESETS['smoke']
    model = dataclasses.replace(smoke.model, vocab_size=100)
    config = dataclasses.replace(smoke, model=model)
    text = experiment.read(config, 'es')
    with self.assertRaisesRegex(ValueError, r'text must be in \[0, 100\)'):
      experiment.stage(config, 'base', text)

  def test_languages_that_do_not_make_an_experiment_are_refused(self):
    for languages in (('es', 'fr'), ('es', 'es', 'fr'), ('en', 'fr', 'pt')):
      with self.assertRaisesRegex(ValueError, 'three different languages'):
        config_lib.Config(languages=languages)

  def test_paper_preset_has_the_base_of_table_2_and_wants_texts(self):
    model = config_lib.PRESETS['paper'].model
    with self.assertRaisesRegex(ValueError, 'path must name a folder'):
      experiment.read(config_lib.PRESETS['paper'], 'es')
    self.assertEqual(round(3 * model.num_neurons * model.embed_dim / 1e6), 19)

  @pytest.mark.slow
  def test_small_claims_come_out_as_said(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [], out)


if __name__ == '__main__':
  absltest.main()
