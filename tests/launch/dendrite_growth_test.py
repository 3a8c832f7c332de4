"""The experiment of growing dendrites, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch import dendrite_growth
from launch import dendrite_growth_candidates
from launch import dendrite_growth_stages
from launch import dendrite_growth_tasks
from nmlib import train
from nmlib.networks import dendritic
from nmlib.neurons import sites
from tests.launch import launcher


def _config(**kwargs):
  short = dendrite_growth.Config(
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

  def test_smoke_writes_a_whole_report(self):
    code, out, err = self.run_launcher(
        '--preset=smoke',
        '--config.kinds=("correlation", "random")',
    )
    self.assertEqual(code, 0, err)
    self.assertIn('Report:', out)
    record = self.report()
    self.assertLen(record['claims'], 3)
    self.assertIn('correlation     1     936', record['notes']['shallow'])
    self.assertLen(record['figures'], 1)

  def test_phases_leave_alone_what_they_must(self):
    config = _config()
    run = train.Run(epath.Path(self.workdir))
    task = dendrite_growth_tasks.make('shallow')
    base = dendrite_growth.first_phase(config, run, 'first', task, 6)
    grown = dendrite_growth_candidates.candidates(config, run, 'c', task, base)
    params = jax.vmap(dendritic.accept)(base, grown)
    x = task.test.inputs[0]
    seed = lambda tree, s: jax.tree.map(lambda leaf: leaf[s], tree)
    for s in range(2):
      before = dendritic.apply(task.network, seed(base, s), x)
      after = dendritic.apply(task.network, seed(params, s), x)
      np.testing.assert_array_equal(before, after)
    done = dendrite_growth.train_on(
        config, run, 'more', task, 'correlation', params
    )
    for old, new in zip(
        *map(jax.tree.leaves, (params.dendrites, done['params'].dendrites)),
        strict=True,
    ):
      np.testing.assert_array_equal(old, new)
    moved = jax.tree.map(
        lambda r: float(jnp.abs(r).max()), done['params'].to_neuron
    )
    self.assertGreater(min(jax.tree.leaves(moved)), 0)
    free = dendrite_growth.train_on(
        config, run, 'free', task, 'gradient', params
    )
    old = params.dendrites['dense_1'][0].layer.kernel
    new = free['params'].dendrites['dense_1'][0].layer.kernel
    self.assertGreater(float(jnp.abs(new - old).max()), 0)

  def test_cycle_that_brings_no_best_is_taken_back(self):
    # A rate of nothing can bring no new best: the network stays as it was.
    config = _config(max_tries=2, learning_rate=1e-12)
    run = train.Run(epath.Path(self.workdir))
    task = dendrite_growth_tasks.make('points')
    base = dendrite_growth.first_phase(config, run, 'first', task, 3)
    params, kept, _ = dendrite_growth.one_cycle(
        config, run, 'cycle', task, 'correlation', base, np.ones(2, bool)
    )
    np.testing.assert_array_equal(kept, False)
    tried = [p.name for p in (self.workdir / 'checkpoints').iterdir()]
    self.assertIn('cycle_try1_candidates', tried)
    for weight in jax.tree.leaves(params.to_neuron):
      np.testing.assert_array_equal(weight, 0)

  def test_a_seed_that_has_stopped_stays_as_it_is(self):
    config = _config(max_tries=1)
    run = train.Run(epath.Path(self.workdir))
    task = dendrite_growth_tasks.make('shallow')
    base = dendrite_growth.first_phase(config, run, 'first', task, 6)
    params, kept, _ = dendrite_growth.one_cycle(
        config, run, 'c', task, 'random', base, np.array([True, False])
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
    task = dendrite_growth_tasks.make('shallow')
    base = dendrite_growth.first_phase(config, run, 'first', task, 6)
    found = {}
    for kind in ('correlation', 'random'):
      new = dendrite_growth.dendrites(config, run, kind, task, kind, base)
      found[kind] = dendrite_growth.mean_pearson(config, task, base, new).mean()
    self.assertGreater(found['correlation'], 2 * found['random'])

  def test_seed_whose_history_says_so_holds_still(self):
    config = _config(switch='history', patience=1, learning_rate=1e-12)
    run = train.Run(epath.Path(self.workdir))
    task = dendrite_growth_tasks.make('shallow')
    params = dendritic.bare(
        task.network, task.init(jax.random.key(0), 6), task.train.inputs[0]
    )
    two = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), params)
    done = dendrite_growth_stages.neurons(
        config, run, 'held', task, two, 50, rates=np.full(2, 1e-12)
    )
    # The first look is a best, the second is not: then it holds.
    np.testing.assert_array_equal(done['steps'], 20)

  @parameterized.parameters(*dendrite_growth_tasks.NAMES)
  def test_every_network_carries_dendrites(self, name):
    task = dendrite_growth_tasks.make(name)
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
    width = dendrite_growth_tasks.matched_width(task, target)
    gaps = [
        abs(dendritic.count(task.init(jax.random.key(2), w)) - target)
        for w in (width - 1, width, width + 1)
    ]
    self.assertEqual(min(gaps), gaps[1])

  def test_stand_ins_have_the_known_sizes(self):
    config = _config()
    sizes = [
        dendrite_growth.final_size(config, dendrite_growth_tasks.make(name))
        for name in ('shallow', 'deep')
    ]
    self.assertEqual(sizes, [1428, 1044])

  @parameterized.parameters(
      (dict(tasks=('faces',)), "tasks must be among .*, got 'faces'"),
      (dict(kinds=('bigger',)), "kinds must be among .*, got 'bigger'"),
      (dict(switch='now'), "switch must be one of .*, got 'now'"),
      (dict(score='cosine'), "score must be one of .*, got 'cosine'"),
      (dict(cycles=0), 'cycles must be at least 1, got 0'),
      (dict(widen=()), 'widen must be one or more factors of at least 1'),
      (dict(activation='step'), "activation must be one of .*, got 'step'"),
      (dict(candidate_decay=1.0), r'candidate_decay must be in \[0, 1\)'),
      (dict(max_tries=-1), 'max_tries must be 0 or more, got -1'),
      (dict(rate_factors=(0.1, 1.0)), 'rate_factors must fall'),
  )
  def test_bad_config(self, kwargs, message):
    with self.assertRaisesRegex(ValueError, message):
      dendrite_growth.Config(**kwargs)

  @pytest.mark.slow
  def test_small_says_what_is_clear_over_six_seeds(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    record = self.report()

    def holds(task, words):
      (found,) = [
          claim['holds']
          for claim in record['claims']
          if claim['text'].startswith(task) and words in claim['text']
      ]
      return found

    self.assertTrue(holds('shallow', 'training loss is below half'), out)
    for task in ('shallow', 'points'):
      self.assertTrue(holds(task, 'stay random'), out)
    for task in ('shallow', 'deep', 'points'):
      self.assertTrue(holds(task, 'than with training on'), out)
      self.assertTrue(holds(task, 'every cycle lowers'), out)
      self.assertTrue(holds(task, 'correlate with the error'), out)
      # Ordinary gradients do as well, or better where layers are deep, and a
      # plain network of the same size is better throughout.
      self.assertFalse(holds(task, 'ordinary gradients'), out)
      self.assertFalse(holds(task, 'a plain network'), out)


if __name__ == '__main__':
  absltest.main()
