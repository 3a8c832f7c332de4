"""The spiking-network experiment, as a user starts it."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.snn_surrogate import config as config_lib
from launch.snn_surrogate import experiment
from launch.snn_surrogate import figures
from nmlib import train
from nmlib.neurons.spiking.presets import usual_surrogates
from tests.launch import launcher


class SnnSurrogateTest(launcher.LauncherTest):
  LAUNCHER = 'launch.snn_surrogate'

  def test_smoke_converts_as_closely_as_theory_says(self):
    record = self.smoke().report
    self.assertEqual(
        list(record['figures']), ['surrogates', 'accuracy', 'conversion']
    )
    holds = {claim['text']: claim['holds'] for claim in record['claims']}
    # What needs no training holds at any size.
    (halves,) = (text for text in holds if 'each doubling of T' in text)
    self.assertTrue(holds[halves])

  def test_every_surrogate_is_drawn_once(self):
    figure = figures.surrogates()
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    for name in usual_surrogates.BY_NAME:
      self.assertLen([t for t in titles if t.startswith(f'{name}(')], 1)

  def test_codes_carry_what_they_say(self):
    config = config_lib.Config()
    image = jnp.linspace(0, 1, 11)
    key = jax.random.key(0)
    rate = experiment.encoder(config, 'rate')(key, image)
    latency = experiment.encoder(config, 'latency')(key, image)
    self.assertEqual(rate.shape, (config.num_steps, 11))
    bright = np.asarray(image) > config.latency_threshold + 0.05
    # One spike a bright pixel; the brighter, the earlier.
    np.testing.assert_array_equal(latency.sum(0) > 0, bright)
    self.assertLessEqual(float(latency.sum(0).max()), 1)
    times = np.asarray(latency.argmax(0))[bright]
    self.assertTrue((np.diff(times) <= 0).all())
    self.assertGreater(float(rate[:, -1].sum()), float(rate[:, 2].sum()))

  def test_bad_config_says_what_and_why(self):
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({'surrogates': ('cubic',)}, "surrogates must be one of 'f.*'cubic'"),
        ({'surrogates': ()}, r'config.surrogates must be .*one or more.*\(\)'),
        ({'surrogates': ('arctan',)}, "surrogates must include 'fast_sigmoid'"),
    )
    for change, message in refused:
      with self.assertRaisesRegex(ValueError, message):
        config_lib.Config(**change)

  @pytest.mark.slow
  def test_small_claims_hold(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEmpty(train.unexpected(self.report()))


if __name__ == '__main__':
  absltest.main()
