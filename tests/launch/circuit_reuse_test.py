"""Circuits in networks that are trained or read, as a user starts it."""

import dataclasses
import re

from absl.testing import absltest
import jax
import numpy as np
import pytest

from launch.circuit_reuse import circuits
from launch.circuit_reuse import config as config_lib
from launch.circuit_reuse import experiment
from launch.circuit_reuse import pretrained
from nmlib import train
from nmlib.data import weights
from nmlib.data.tasks import circuit_tasks
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

  def test_paper_is_gpt2_medium_and_its_two_percent(self):
    official = dict(vocab_size=50257, n_layer=24, n_embd=1024, n_head=16)
    self.assertEqual(gpt2.config_from_official(official), _PAPER.model)
    self.assertEqual(_PAPER.top_k, int(0.02 * 24 * 16))
    for layer, head in pretrained._REPAIR:
      self.assertTrue(layer < 24 and head < 16)

  def test_lesson_and_examples_weigh_what_they_say(self):
    config = config_lib.PRESETS['small']
    names = config.tasks.names()
    for task in range(3):
      shares = tuple(float(i == task) for i in range(3))
      for lesson in (False, True):
        tokens, targets, weights_ = map(
            np.asarray,
            experiment._example(jax.random.key(task), shares, lesson, config),
        )
        counted = [
            (names[tokens[i]], names[targets[i]])
            for i in np.flatnonzero(weights_)
        ]
        if task == 1:  # each object's colour stands before it
          words = [names[t] for t in tokens]
          self.assertEqual(counted[:3], [
              (words[i], words[i - 1]) for i in (2, 4, 6)
          ])  # fmt: skip
          if lesson:
            self.assertLen(counted, 3)
            continue
          asked = words.index(words[-1])
          self.assertEqual(counted[-1], (words[-1], words[asked - 1]))
        elif not lesson:
          self.assertLen(counted, 1)
          self.assertEqual(weights_[-1], 1)

  def test_heads_that_read_wrong_candidates_alone(self):
    config = transformer.Config(
        circuit_tasks.Config().vocab_size, 1, 8, 2, max_length=10,
        output='separate',
    )  # fmt: skip
    params = transformer.init(jax.random.key(0), config)
    run = circuits.runner(params, config)
    prompts = jax.vmap(circuit_tasks.coloured_objects)(
        jax.random.split(jax.random.key(1), 4)
    )
    none, both = np.zeros((1, 2), bool), np.ones((1, 2), bool)
    before, _ = circuits.overridden(run, prompts, none)
    plain = jax.vmap(
        lambda t, a: circuits.metric(run(t, {}, ())[0], a)
    )(prompts.tokens, prompts.answers)  # fmt: skip
    np.testing.assert_allclose(before, plain, atol=1e-6)
    after, _ = circuits.overridden(run, prompts, both)
    self.assertTrue(np.any(np.abs(after - before) > 1e-6))

  def test_random_heads_are_as_many_as_asked(self):
    drawn = circuits.random_heads(jax.random.key(0), (4, 3), 5)
    self.assertEqual((drawn.shape, int(drawn.sum())), ((4, 3), 5))

  def test_presets_that_read_files_ask_for_them(self):
    for preset in ('paper', 'real'):
      code, _, err = self.run_launcher(f'--preset={preset}')
      self.assertNotEqual(code, 0)
      self.assertIn('give --weights=FILE', err)

  def test_settings_that_do_not_fit_are_refused(self):
    small = config_lib.PRESETS['small']
    with self.assertRaisesRegex(ValueError, 'vocab_size must be that of'):
      dataclasses.replace(small, tasks=circuit_tasks.Config())
    with self.assertRaisesRegex(ValueError, 'top_k must be at most'):
      dataclasses.replace(small, top_k=7)


@pytest.mark.slow
def test_paper_runs_on_a_random_network(tmp_path, monkeypatch):
  """The whole pipeline of text, on two small layers."""
  monkeypatch.setattr(pretrained, '_REPAIR', ((0, 1), (1, 0)))
  rng = np.random.default_rng(0)
  pairs = circuit_prompts.coloured_objects(rng, 300)
  pairs += circuit_prompts.indirect_objects(rng, 300)
  text = ' '.join(pair.text + pair.answer for pair in pairs)
  found = sorted({*re.findall(r'\w+|[^\w\s]', text)})
  words = ['[UNK]', '[SEP]', '[CLS]', *found]
  (tmp_path / 'vocab.txt').write_text('\n'.join(words))
  config = transformer.Config(len(words), 2, 8, 2, max_length=64)
  params = transformer.init(jax.random.key(0), config)
  weights.save(
      tmp_path / 'model.safetensors', gpt2.params_to_official(params, config)
  )
  settings = dataclasses.replace(
      _PAPER, model=config, num_prompts=4, batch_size=4, random_sets=2,
      resamples=2, top_k=1, largest_k=1,
      weights=str(tmp_path / 'model.safetensors'),
      tokenizer=str(tmp_path / 'vocab.txt'),
  )  # fmt: skip
  report = experiment.experiment(settings, train.Run(tmp_path / 'run'))
  assert len(report.claims) == 2 and len(report.figures) == 2


def test_real_weights_copy_a_name(data_folder, tmp_path):
  folder = data_folder / 'tinystories260k'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder tinystories260k')
  settings = dataclasses.replace(
      config_lib.PRESETS['real'], weights=str(folder / 'stories260K.bin'),
      tokenizer=str(folder / 'tok512.bin'),
  )  # fmt: skip
  report = experiment.experiment(settings, train.Run(tmp_path / 'run'))
  (claim,) = report.claims
  assert claim.holds


if __name__ == '__main__':
  absltest.main()
