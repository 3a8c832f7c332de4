"""The experiment of growing dendrites, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np
import pytest

from launch.dendrite_growth import config as config_lib
from launch.dendrite_growth import experiment
from nmlib import train
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import sizes
from nmlib.neurons import sites
from tests.launch import launcher


class DendriteGrowthTest(launcher.LauncherTest):
  LAUNCHER = 'launch.dendrite_growth'

  def test_smoke_counts_parameters(self):
    record = self.smoke().report
    rows = record['tables']['shallow']['rows']
    self.assertEqual(rows['correlation, 1']['parameters'], 936)

  @parameterized.parameters(*config_lib.TASKS)
  def test_every_network_carries_dendrites(self, name):
    task = experiment.make(config_lib.Config(), name)
    network, examples = task.grown.network, task.grown.data.train
    x = examples.inputs[0]
    base = task.init(jax.random.key(0), task.width)
    params = task.grown.bare(base)
    plain = network(base, x, sites.PLAIN)
    new = task.grown.draw(jax.random.key(1), params, 0.1)
    grown = dendritic.accept(params, new)
    np.testing.assert_array_equal(task.grown.answer(grown, x), plain)
    values = dendritic.candidate_values(network, params, new, x)
    errors = dendritic.errors(
        network, params, x, lambda y: y[examples.labels[0]]
    )
    for layer in values:
      self.assertEqual(values[layer].shape, errors[layer].shape)
    target = dendritic.count(grown)
    width = sizes.matched_width(task.init, target)
    gaps = [
        abs(dendritic.count(task.init(jax.random.key(2), w)) - target)
        for w in (width - 1, width, width + 1)
    ]
    self.assertEqual(min(gaps), gaps[1])

  def test_stand_ins_have_the_known_sizes(self):
    found = []
    for name in ('shallow', 'deep'):
      task = experiment.make(config_lib.Config(), name)
      base = task.init(jax.random.key(0), task.width)
      x = task.grown.data.train.inputs[0]
      found.append(sizes.with_dendrites(task.grown.network, base, x, 2))
    self.assertEqual(found, [1428, 1044])

  def test_rates_that_rise_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'config.rate_factors must fall'):
      config_lib.Config(rate_factors=(0.1, 1.0))

  @pytest.mark.slow
  def test_small_says_what_is_clear_over_six_seeds(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEmpty(train.unexpected(self.report()), out)


if __name__ == '__main__':
  absltest.main()
