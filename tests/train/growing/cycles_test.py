"""Cycles of growth: what learns, what stays, what is taken back."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train
from nmlib.data.images import digits
from nmlib.networks import mlp
from nmlib.networks.dendrites import dendritic
from nmlib.train.growing import classifier
from nmlib.train.growing import cycles
from nmlib.train.growing import settings as settings_lib
from nmlib.train.growing import stages

_SHORT = settings_lib.Settings(
    num_seeds=2,
    neuron_steps=20,
    more_steps=20,
    candidate_steps=20,
    trial_steps=10,
    inner_steps=10,
    rate_factors=(1.0,),
)


def _settings(**options):
  return dataclasses.replace(_SHORT, **options)


def _init(key):
  return mlp.init(key, (64, 6, 10))


class CyclesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.workdir = epath.Path(self.create_tempdir().full_path)
    self.run_ = train.Run(self.workdir)
    flat = lambda images: images.reshape(len(images), -1)
    self.digits = classifier.Classifier(
        mlp.apply, jax.nn.sigmoid, train.examples.split(digits.small(), flat)
    )

  def _first(self, settings):
    return cycles.first_phase(self.run_, settings, self.digits, 'first', _init)

  def test_phases_leave_alone_what_they_must(self):
    settings = _settings(candidate_steps=15)
    base = self._first(settings)
    here = self.run_, settings, self.digits
    grown = cycles.dendrites(*here, 'c', 'correlation', base)
    params = jax.vmap(dendritic.accept)(base, grown)
    answer = jax.vmap(
        lambda mine: self.digits.answer(mine, self.digits.data.test.inputs[0])
    )
    np.testing.assert_array_equal(answer(base), answer(params))
    done = cycles.train_on(*here, 'more', 'correlation', params)
    jax.tree.map(
        np.testing.assert_array_equal,
        params.dendrites,
        done.learner.params.dendrites,
    )
    for weight in jax.tree.leaves(done.learner.params.to_neuron):
      self.assertGreater(float(jnp.abs(weight).max()), 0)
    free = cycles.train_on(*here, 'free', 'gradient', params)
    # What has no candidates gets their 15 steps, up to the next look.
    np.testing.assert_array_equal(done.learner.step, 20)
    np.testing.assert_array_equal(free.learner.step, 40)
    old, new = (
        p.dendrites['dense_1'][0].layer.kernel
        for p in (params, free.learner.params)
    )
    self.assertGreater(float(jnp.abs(new - old).max()), 0)

  def test_cycle_that_brings_no_best_is_taken_back(self):
    # A rate of nothing can bring no new best: the network stays as it was.
    settings = _settings(max_tries=2, learning_rate=1e-12)
    base = self._first(settings)
    part = self.digits.data.validation
    best = jax.vmap(lambda mine: self.digits.accuracy(mine, part))(base)
    params, kept, _ = cycles.cycle(
        self.run_, settings, self.digits, 'cycle', 'correlation', base,
        grows=np.ones(2, bool), best=np.asarray(best),
    )  # fmt: skip
    np.testing.assert_array_equal(kept, False)
    tried = [p.name for p in (self.workdir / 'checkpoints').iterdir()]
    self.assertIn('cycle_try1_candidates', tried)
    for weight in jax.tree.leaves(params.to_neuron):
      np.testing.assert_array_equal(weight, 0)

  def test_a_seed_that_has_stopped_stays_as_it_is(self):
    settings = _settings(max_tries=1)
    base = self._first(settings)
    params, kept, _ = cycles.cycle(
        self.run_, settings, self.digits, 'c', 'random', base,
        grows=np.array([True, False]), best=np.zeros(2),
    )  # fmt: skip
    np.testing.assert_array_equal(kept, [True, False])
    answer = jax.vmap(
        lambda mine: self.digits.answer(mine, self.digits.data.test.inputs[0])
    )
    same = (answer(base) == answer(params)).all(-1)
    np.testing.assert_array_equal(same, [False, True])

  def test_candidates_of_small_batches_correlate_too(self):
    settings = _settings(
        candidate_batch=100,
        candidate_decay=0.8,
        num_candidates=2,
        candidate_steps=100,
        candidate_patience=5,
        relative_scale=True,
    )
    self.digits = self.digits._replace(activation=jax.nn.tanh)
    base, found = self._first(settings), {}
    for kind in ('correlation', 'random'):
      new = cycles.dendrites(self.run_, settings, self.digits, kind, kind, base)
      found[kind] = cycles.mean_correlation(
          self.run_, self.digits, kind, base, new
      ).mean()
    self.assertGreater(found['correlation'], 2 * found['random'])

  def test_seed_whose_history_says_so_holds_still(self):
    settings = _settings(switch='history', patience=1)
    keys = jax.random.split(jax.random.key(0))
    two = jax.vmap(lambda key: self.digits.bare(_init(key)))(keys)
    rates = np.full(2, 1e-12)
    held = stages.neurons(settings, self.digits, two, 'held', 50, rates)
    # The first look is a best, the second is not: then it holds.
    done = train.fit(self.run_, held).state
    np.testing.assert_array_equal(done.learner.step, 20)

  def test_rates_that_rise_are_refused(self):
    with self.assertRaisesRegex(
        ValueError, 'settings.Settings.rate_factors must fall.* got'
    ):
      _settings(rate_factors=(0.1, 1.0))


if __name__ == '__main__':
  absltest.main()
