"""The study of cortex and cerebellum, as a user starts it."""

import dataclasses
from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.cc_rnn import config as config_lib
from launch.cc_rnn import experiment
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.text import captions
from tests.launch import launcher


class CcRnnTest(launcher.LauncherTest):
  LAUNCHER = 'launch.cc_rnn'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  @pytest.mark.slow
  def test_smoke_on_own_captions(self):
    file = self.folder / 'mine.npz'
    random = np.random.default_rng(0)
    np.savez(
        file,
        features=random.normal(size=(30, 5)),
        words=random.integers(0, 7, (30, 6)),
    )
    code, _, err = self.run_launcher(
        '--preset=smoke', f'--config.captions={file}',
        '--config.caption_model.num_units=4',
        '--config.caption_loop.num_steps=10',
        '--config.caption_loop.log_every=10',
        '--config.caption_loop.eval_every=10',
    )  # fmt: skip
    self.assertEqual(code, 0, err)
    self.assertIn('ccRNN', self.report()['tables']['Captions']['rows'])

  def test_report_says_what_was_not_run(self):
    record = self.smoke().report
    self.assertEqual(record['data']['captions'], 'none given: not run')
    self.assertIn(
        'No benefit is claimed from T = 3', str(record['differences'])
    )
    self.assertLen(record['claims'][0]['ours']['ccRNN'], 2)

  def test_second_half_goes_on_with_the_data_that_follow(self):
    config = config_lib.PRESETS['smoke']
    whole: Any = experiment.stage(config)
    state = whole.initial(jax.random.key(1), None)
    began = jax.tree.map(
        lambda a: a[None], (jnp.int32(4), state.params, state.opt_state)
    )
    start = train.TrainState(began[0], began[1], began[2], state.key)
    part = experiment.learner(
        'part', config.model, config.loop, 1, data=whole.data,
        evaluate=whole.evaluate, start=start,
    )  # fmt: skip
    first = jax.tree.map(lambda a: a[0], part.starts)
    again = part.initial(jax.random.key(1), first)
    self.assertEqual(int(again.step), 4)
    now, then = (whole.data(state.key, t) for t in (0, again.step))
    np.testing.assert_array_equal(
        then.inputs, whole.data(again.key, jnp.int32(4)).inputs
    )
    self.assertFalse(np.array_equal(now.inputs, then.inputs))

  def test_paper_preset_has_the_authors_shapes(self):
    config = config_lib.PRESETS['paper']
    model = config.model
    self.assertEqual(model.granule_widths, (100, 400, 400, 100))
    self.assertEqual(config.windows, (1, 2, 3, 4, 5, 7, 10))
    shown = digits.Digits(
        np.zeros((60, 28, 28), np.float32), np.zeros(60, np.int32)
    )
    for task in config.rows:
      stage: Any = experiment.row_stage(
          config, digits.Split(shown, shown, shown), task, 'learning'
      )
      state = jax.eval_shape(lambda k, s=stage: s.initial(k, None), _key())
      self.assertEqual(state.params.cell.input.shape, (4, 28, 30))
      batch = jax.eval_shape(stage.data, _key(), jnp.int32(0))
      self.assertEqual(batch[0].shape, (50, 28, 28))
      jax.eval_shape(stage.step, state, batch)

  def test_captions_are_read_and_refused(self):
    file = self.folder / 'mine.npz'
    words = np.array([[1, 0, 2], [2, 2, 0]])
    np.savez(file, features=np.ones((2, 4)), words=words)
    read = captions.load(str(file))
    config = dataclasses.replace(
        config_lib.PRESETS['smoke'], captions=str(file)
    )
    stage: Any = experiment.caption_stage(config, read, 'learning')
    batch = jax.eval_shape(stage.data, _key(), jnp.int32(0))
    self.assertEqual(batch[0].shape, (50, 3, 7))
    bad: tuple[tuple[dict[str, Any], str], ...] = (
        ({'features': np.ones((2, 4))}, 'must hold `features`'),
        ({'features': np.ones((3, 4)), 'words': words}, 'a caption for each'),
        ({'features': np.ones((2, 4)), 'words': -words}, 'at least 0'),
    )
    for arrays, message in bad:
      np.savez(file, **arrays)
      with self.assertRaisesRegex(ValueError, message):
        captions.load(str(file))
    with self.assertRaisesRegex(ValueError, 'does not exist'):
      captions.load('missing.npz')
    file.write_bytes(b'no')
    with self.assertRaisesRegex(ValueError, 'no .npz'):
      captions.load(str(file))

  def test_ablations_must_fit_the_loop(self):
    with self.assertRaisesRegex(ValueError, 'half of config.loop.num_steps'):
      config_lib.Config(loop=train.Loop(3, 5))


def _key():
  return jax.random.key(0)


if __name__ == '__main__':
  absltest.main()
