"""The experiment of growing dendrites, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.dendrite_growth import config as config_lib
from launch.dendrite_growth import experiment
from launch.dendrite_growth import stages
from launch.dendrite_growth import tasks
from nmlib import train
from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import sizes
from nmlib.neurons import sites
from tests.launch import launcher


def _config(**kwargs):
  short = config_lib.Config(
      num_seeds=2,
      neuron_steps=20,
      more_steps=20,
      candidate_steps=20,
      trial_steps=10,
      inner_steps=10,
      rate_factors=(1.0,),
  )
  return dataclasses.replace(short, **kwargs)


class DendriteGrowthTest(launcher.LauncherTest):
  LAUNCHER = 'launch.dendrite_growth'

  def test_smoke_counts_parameters(self):
    record = self.smoke().report
    rows = record['tables']['shallow']['rows']
    self.assertEqual(rows['correlation, 1']['parameters'], 936)

  def test_phases_leave_alone_what_they_must(self):
    config = _config()
    run = train.Run(epath.Path(self.workdir))
    task = tasks.make(config, 'shallow')
    base = experiment.first_phase(config, run, 'first', task, 6)
    grown = experiment.dendrites(config, run, 'c', task, 'correlation', base)
    params = jax.vmap(dendritic.accept)(base, grown)
    x = task.test.inputs[0]
    seed = lambda tree, s: jax.tree.map(lambda leaf: leaf[s], tree)
    for s in range(2):
      before = dendritic.apply(task.network, seed(base, s), x)
      after = dendritic.apply(task.network, seed(params, s), x)
      np.testing.assert_array_equal(before, after)
    done = experiment.train_on(config, run, 'more', task, 'correlation', params)
    for old, new in zip(
        *map(
            jax.tree.leaves, (params.dendrites, done.learner.params.dendrites)
        ),
        strict=True,
    ):
      np.testing.assert_array_equal(old, new)
    moved = jax.tree.map(
        lambda r: float(jnp.abs(r).max()), done.learner.params.to_neuron
    )
    self.assertGreater(min(jax.tree.leaves(moved)), 0)
    free = experiment.train_on(config, run, 'free', task, 'gradient', params)
    old = params.dendrites['dense_1'][0].layer.kernel
    new = free.learner.params.dendrites['dense_1'][0].layer.kernel
    self.assertGreater(float(jnp.abs(new - old).max()), 0)

  def test_cycle_that_brings_no_best_is_taken_back(self):
    # A rate of nothing can bring no new best: the network stays as it was.
    config = _config(max_tries=2, learning_rate=1e-12)
    run = train.Run(epath.Path(self.workdir))
    task = tasks.make(config, 'shallow')
    base = experiment.first_phase(config, run, 'first', task, 6)
    best = experiment.measure(run, 'first', task, base)['validation']
    params, kept, _ = experiment.one_cycle(
        config, run, 'cycle', task, 'correlation', base, np.ones(2, bool), best
    )
    np.testing.assert_array_equal(kept, False)
    tried = [p.name for p in (self.workdir / 'checkpoints').iterdir()]
    self.assertIn('cycle_try1_candidates', tried)
    for weight in jax.tree.leaves(params.to_neuron):
      np.testing.assert_array_equal(weight, 0)

  def test_a_seed_that_has_stopped_stays_as_it_is(self):
    config = _config(max_tries=1)
    run = train.Run(epath.Path(self.workdir))
    task = tasks.make(config, 'shallow')
    base = experiment.first_phase(config, run, 'first', task, 6)
    params, kept, _ = experiment.one_cycle(
        config, run, 'c', task, 'random', base, np.array([True, False]), 0.0
    )
    np.testing.assert_array_equal(kept, [True, False])
    run_all = jax.vmap(
        lambda p: dendritic.apply(task.network, p, task.test.inputs[0])
    )
    same = (run_all(base) == run_all(params)).all(-1)
    np.testing.assert_array_equal(same, [False, True])

  def test_candidates_of_small_batches_correlate_too(self):
    config = _config(
        candidate_batch=100,
        candidate_decay=0.8,
        num_candidates=2,
        candidate_steps=100,
        candidate_patience=5,
        relative_scale=True,
        activation='tanh',
    )
    run = train.Run(epath.Path(self.workdir))
    task = tasks.make(config, 'shallow')
    base = experiment.first_phase(config, run, 'first', task, 6)
    found = {}
    for kind in ('correlation', 'random'):
      new = experiment.dendrites(config, run, kind, task, kind, base)
      found[kind] = experiment.mean_pearson(run, kind, task, base, new).mean()
    self.assertGreater(found['correlation'], 2 * found['random'])

  def test_seed_whose_history_says_so_holds_still(self):
    config = _config(switch='history', patience=1, learning_rate=1e-12)
    run = train.Run(epath.Path(self.workdir))
    task = tasks.make(config, 'shallow')
    params = dendritic.bare(
        task.network, task.init(jax.random.key(0), 6), task.train.inputs[0]
    )
    two = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), params)
    done = train.fit(
        run,
        stages.neurons(config, task, two, 'held', 50, np.full(2, 1e-12)),
    ).state
    # The first look is a best, the second is not: then it holds.
    np.testing.assert_array_equal(done.learner.step, 20)

  @parameterized.parameters(*config_lib.TASKS)
  def test_every_network_carries_dendrites(self, name):
    task = tasks.make(config_lib.Config(), name)
    x = task.train.inputs[0]
    base = task.init(jax.random.key(0), task.width)
    params = dendritic.bare(task.network, base, x)
    plain = task.network(base, x, sites.PLAIN)
    new = dendritic.init_candidates(
        jax.random.key(1), task.network, params, x, 0.1
    )
    grown = dendritic.accept(params, new)
    np.testing.assert_array_equal(
        dendritic.apply(task.network, grown, x), plain
    )
    values = dendritic.candidate_values(task.network, params, new, x)
    errors = dendritic.errors(
        task.network, params, x, lambda y: y[task.train.labels[0]]
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
    config, found = _config(), []
    for name in ('shallow', 'deep'):
      task = tasks.make(config, name)
      base = task.init(jax.random.key(0), task.width)
      x = task.train.inputs[0]
      found.append(sizes.with_dendrites(task.network, base, x, 2))
    self.assertEqual(found, [1428, 1044])

  def test_rates_that_rise_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'rate_factors must fall'):
      config_lib.Config(rate_factors=(0.1, 1.0))

  @pytest.mark.slow
  def test_small_says_what_is_clear_over_six_seeds(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEmpty(train.unexpected(self.report()), out)


if __name__ == '__main__':
  absltest.main()
