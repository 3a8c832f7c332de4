"""Learners under concept shift, as a user starts them."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.homeostatic_nn import config as config_lib
from launch.homeostatic_nn import experiment
from launch.homeostatic_nn import measure
from nmlib import train
from tests.launch import launcher


class HomeostaticNnTest(launcher.LauncherTest):
  LAUNCHER = 'launch.homeostatic_nn'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    # Five correlations of four numbers: rounding, which differs by machine, may
    # decide.
    clear = lambda text: 'rank correlation' not in text
    self.assertEqual(list(filter(clear, train.unexpected(self.report()))), [])

  @parameterized.parameters('paper', 'fashion')
  def test_data_that_are_absent_are_one_sentence(self, preset):
    config = dataclasses.replace(
        config_lib.PRESETS[preset], path=str(self.workdir)
    )
    with self.assertRaisesRegex(ValueError, 'has neither train-images'):
      experiment.read(config)

  def test_bad_swaps(self):
    with self.assertRaisesRegex(ValueError, r'rising, got \(5, 0\)'):
      config_lib.Config(swaps=(5, 0))
    config = dataclasses.replace(config_lib.PRESETS['smoke'], swaps=(0, 21))
    with self.assertRaisesRegex(ValueError, r'in \[0, 20\].* got 21'):
      experiment.stage(config)


class StageTest(parameterized.TestCase):

  @parameterized.parameters(False, True)
  def test_paper_sized_learners_fit_their_stream(self, per_neuron):
    config = dataclasses.replace(
        config_lib.PRESETS['paper'], per_neuron=per_neuron
    )
    images = jax.ShapeDtypeStruct((60_000, 784), jnp.float32)
    labels = jax.ShapeDtypeStruct((60_000,), jnp.int32)

    def epoch(key, images, labels):
      stream = train.Examples(images, labels)
      stage = experiment.stage(config, 'homeostatic', (stream, stream))
      state = stage.initial(key, None)
      return state, stage.advance(state, None)[0]

    before, after = jax.eval_shape(epoch, jax.random.key(0), images, labels)
    self.assertEqual(after.record.correct.shape, (22, 50, 6000))
    self.assertEqual(after.learner.rate.shape, (22, 150 if per_neuron else 1))
    same = jax.tree.map(lambda a, b: a.shape == b.shape, before, after)
    self.assertTrue(all(jax.tree.leaves(same)))

  def test_every_learner_meets_the_same_stream(self):
    config = config_lib.PRESETS['smoke']
    parts = experiment.read(config)
    ends = []
    for name in ('constant', 'homeostatic'):
      stage = experiment.stage(config, name, parts)
      state = stage.initial(jax.random.key(0), None)
      ends.append(jax.jit(lambda s, g=stage: g.advance(s, None)[0])(state))
    meanings = [np.asarray(end.learner.permutation) for end in ends]
    np.testing.assert_array_equal(meanings[0], meanings[1])
    np.testing.assert_array_equal(meanings[0][0], np.arange(10))  # no swaps
    self.assertFalse((meanings[0][1] == np.arange(10)).all())
    np.testing.assert_array_equal(  # the last images seen
        ends[0].learner.images, ends[1].learner.images
    )


class MeasureTest(absltest.TestCase):

  def test_what_is_lost_after_a_swap(self):
    config = dataclasses.replace(
        config_lib.PRESETS['smoke'], swaps=(0, 2), epochs=4
    )
    accuracy = np.full(48, 0.8)
    # Of 12 minibatches an epoch, swaps come after the 6th and the 12th.
    for place in range(6, 48, 6):
      accuracy[place : place + 3] = 0.5, 0.6, 0.7
    places, around = measure.around_swaps(config, 2, accuracy)
    np.testing.assert_array_equal(places, np.arange(-2, 6))
    np.testing.assert_allclose(around, [0.8, 0.8, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8])
    np.testing.assert_allclose(measure.lost(config, 2, accuracy), 6)  # samples
    self.assertTrue(np.isnan(measure.lost(config, 0, accuracy)))


if __name__ == '__main__':
  absltest.main()
