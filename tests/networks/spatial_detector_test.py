"""Detectors of volleys: closed forms, formula and simulation, invariants."""

import dataclasses
import functools
import itertools
import math

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import volleys
from nmlib.networks.spiking import spatial_detector
from nmlib.neurons.spiking import if_curr_exp

_CONFIG = spatial_detector.Config(steps=24)


@functools.partial(jax.jit, static_argnames='config')
def _fires(params, probes, config):
  detect = functools.partial(spatial_detector.detect, params, config=config)
  return jax.vmap(detect)(probes).fired[:, 0]


def _learned(patterns, update=spatial_detector.volley_update, **fields):
  config = dataclasses.replace(_CONFIG, **fields)
  blank = spatial_detector.init(jax.random.key(0), config)
  learn = functools.partial(
      spatial_detector.learn, config=config, update=update
  )
  return jax.jit(learn)(blank, patterns), config


def _patterns(number=1, distance=6, seed=0):
  return volleys.sunflower(jax.random.key(seed), number, 32, 12, distance)


def _without(pattern, lost):
  """All probes [B, N] that lack so many spikes of a pattern."""
  rows = list(itertools.combinations(np.flatnonzero(pattern), lost))
  probes = np.repeat(np.asarray(pattern)[None], len(rows), 0)
  probes[np.arange(len(rows))[:, None], np.array(rows)] = 0
  return jnp.asarray(probes)


class SpatialDetectorTest(absltest.TestCase):

  def test_kappa_is_the_closed_form_of_the_step(self):
    # v_n is a difference of two geometric series; the gain of a spike and the
    # decays are those of the exact step.
    for tau_m, tau_s in ((20.0, 5.0), (10.0, 3.0)):
      config = dataclasses.replace(_CONFIG, tau_m=tau_m, tau_syn=tau_s)
      a, b = math.exp(-1 / tau_s), math.exp(-1 / tau_m)
      n = np.arange(1, 25)
      gain = tau_s * (1 - a) * tau_m * (1 - b)
      peak = np.max(gain * (b**n - a**n) / (b - a))
      np.testing.assert_allclose(
          spatial_detector.psp_peak(config), peak, rtol=1e-5
      )

  def test_kappa_of_short_steps_is_the_difference_of_exponentials(self):
    tau_m, tau_s = 20.0, 5.0
    t = math.log(tau_m / tau_s) * tau_m * tau_s / (tau_m - tau_s)
    height = tau_m * tau_s / (tau_m - tau_s)
    peak = height * (math.exp(-t / tau_m) - math.exp(-t / tau_s))
    # A spike's charge, not its step's current, is what stays: per dt.
    errors = []
    for dt in (0.5, 0.1):
      config = dataclasses.replace(_CONFIG, dt=dt, steps=round(20 / dt))
      errors.append(abs(float(spatial_detector.psp_peak(config)) / peak - 1))
    self.assertLess(errors[1], 0.3 * errors[0])
    self.assertLess(errors[1], 0.02)

  def test_formula_decides_as_the_simulation(self):
    params, config = _learned(_patterns(2))
    probes = 1.0 * jax.random.bernoulli(jax.random.key(1), 0.4, (10_000, 32))
    near = volleys.near_misses(jax.random.key(2), _patterns(2), 100, 8)
    probes = jnp.concatenate([probes, near])
    drives = spatial_detector.drives(params.weights, probes, config)[:, 0]
    clear = np.abs(drives - config.threshold) > 1e-6
    fires = _fires(params, probes, config)
    np.testing.assert_array_equal(
        fires[clear], drives[clear] >= config.threshold
    )
    self.assertGreater(int(fires.sum()), 100)

  def test_one_presentation_by_simulated_stdp_is_the_rule(self):
    weights = jnp.asarray(np.random.default_rng(0).normal(size=32), jnp.float32)
    other = dataclasses.replace(
        _CONFIG, potentiation=0.7, depression=0.2, dt=0.5
    )
    for config in (_CONFIG, other):
      given = weights, _patterns()[0].astype(jnp.float32), config
      np.testing.assert_allclose(
          spatial_detector.present(*given),
          spatial_detector.volley_update(*given),
          rtol=1e-5,
          atol=1e-6,
      )

  def test_silent_before_and_one_spike_after_one_presentation(self):
    config = spatial_detector.Config(16)
    pattern = volleys.sunflower(jax.random.key(0), 1, 16, 6, 2)
    blank = spatial_detector.init(jax.random.key(0), config)
    learned = spatial_detector.learn(
        blank, pattern, config, update=spatial_detector.present
    )
    volley = jnp.zeros((40, 16)).at[3].set(pattern[0])
    start = spatial_detector.initial_state(config)
    counts = [
        int(spatial_detector.unroll(p, start, volley, config)[1].sum())
        for p in (blank, learned)
    ]
    self.assertEqual(counts, [0, 1])
    found = spatial_detector.detect(learned, pattern[0], config)
    self.assertTrue(3 <= float(found.latency[0]) <= 10)
    lost = spatial_detector.detect(blank, pattern[0], config)
    self.assertEqual(float(lost.latency[0]), np.inf)

  def test_factor_sets_how_many_missing_spikes_are_forgiven(self):
    pattern = _patterns()
    for lost in (1, 2, 3):
      learned, config = _learned(pattern, factor=1.001 * 12 / (12 - lost))
      self.assertTrue(
          np.all(_fires(learned, _without(pattern[0], lost), config))
      )
      more = _without(pattern[0], lost + 1)
      self.assertFalse(np.any(_fires(learned, more, config)))

  def test_extra_spikes_are_tolerated_up_to_the_closed_form(self):
    pattern = _patterns()
    learned, config = _learned(pattern, factor=1.3, depression=0.5)
    most = int(12 / 0.5 * (1 - 1 / 1.3))  # (a / b) k (1 - 1 / h)
    silent = np.flatnonzero(np.asarray(pattern[0]) == 0)
    for extra in (most, most + 1):
      probe = pattern.at[0, silent[:extra]].set(1)
      self.assertEqual(bool(_fires(learned, probe, config)[0]), extra == most)

  def test_two_patterns_take_any_filling_of_where_they_differ(self):
    patterns = _patterns(2, distance=6)
    learned, config = _learned(patterns)
    differ = np.flatnonzero(np.asarray(patterns[0] != patterns[1]))
    np.testing.assert_allclose(learned.weights[differ], 0, atol=1e-6)
    fillings = np.array(list(itertools.product((0, 1), repeat=6)))
    probes = np.repeat(np.asarray(patterns[:1]), len(fillings), 0)
    probes[:, differ] = fillings
    self.assertTrue(np.all(_fires(learned, jnp.asarray(probes), config)))

  def test_scaling_after_each_pattern_forgets_the_earlier(self):
    patterns = _patterns(3)
    learned, config = _learned(patterns, scaling='sequential', depression=0.5)
    np.testing.assert_array_equal(
        _fires(learned, patterns, config), [False, False, True]
    )

  @hypothesis.given(st.integers(0, 1000))
  @hypothesis.settings(max_examples=5)
  def test_channels_can_be_permuted_and_units_changed(self, seed):
    patterns = _patterns(2, seed=seed)
    order = jax.random.permutation(jax.random.key(seed), 32)
    learned, _ = _learned(patterns)
    permuted, _ = _learned(patterns[:, order])
    np.testing.assert_allclose(permuted.weights, learned.weights[order])
    scaled, config = _learned(
        patterns, threshold=45.0, potentiation=3.0, depression=3.0
    )
    np.testing.assert_allclose(scaled.weights, 3 * learned.weights, rtol=1e-5)
    probes = volleys.near_misses(jax.random.key(seed), patterns, 5, 6)
    np.testing.assert_array_equal(
        _fires(scaled, probes, config), _fires(learned, probes, _CONFIG)
    )

  def test_latency_has_the_dtype_of_the_weights(self):
    config = spatial_detector.Config(4, steps=20)
    with jax.enable_x64(True):
      params = spatial_detector.init(jax.random.key(0), config)
      learned = spatial_detector.learn(params, jnp.eye(4)[:1], config)
      found = spatial_detector.detect(learned, jnp.eye(4)[0], config)
    self.assertTrue(bool(found.fired[0]))
    self.assertEqual(found.latency.dtype, np.float32)

  def test_outputs_learn_apart(self):
    config = dataclasses.replace(_CONFIG, num_outputs=2)
    patterns = _patterns(2)
    params = spatial_detector.init(jax.random.key(0), config)
    for output in range(2):
      params = spatial_detector.learn(
          params, patterns[output][None], config, output
      )
    for output, pattern in enumerate(patterns):
      fired = spatial_detector.detect(params, pattern, config).fired
      np.testing.assert_array_equal(fired, np.arange(2) == output)

  def test_drives_that_cancel_are_not_scaled(self):
    # Half of a pattern's channels are its own, half of two: 6 - 6 = 0, but
    # for the rounding of simulated STDP.
    rows = (
        [*range(12)],
        [*range(3), *range(12, 21)],
        [*range(3, 6), *range(12, 15), *range(21, 27)],
    )
    patterns = jnp.stack([jnp.zeros(32).at[jnp.array(r)].set(1) for r in rows])
    blank = spatial_detector.init(jax.random.key(0), _CONFIG)
    teach = functools.partial(
        spatial_detector.learn, config=_CONFIG, update=spatial_detector.present
    )
    with self.assertRaisesRegex(ValueError, 'weakest drive.*capacity'):
      teach(blank, patterns)
    orders = jax.vmap(jax.random.permutation, (0, None))(
        jax.random.split(jax.random.key(0), 100), jnp.arange(32)
    )
    many = patterns[:, orders].swapaxes(0, 1)  # sums in other orders
    learned = jax.jit(jax.vmap(teach, (None, 0)))(blank, many)
    self.assertLess(float(jnp.abs(learned.weights).max()), 3.01)

  def test_bad_input(self):
    blank = spatial_detector.init(jax.random.key(0), _CONFIG)
    apart = jnp.zeros((2, 32)).at[0, :12].set(1).at[1, 12:24].set(1)
    with self.assertRaisesRegex(ValueError, 'weakest drive.*capacity'):
      spatial_detector.learn(blank, apart, _CONFIG)
    with self.assertRaisesRegex(
        ValueError, r'patterns must be spikes, 0 or 1, got 0.5'
    ):
      spatial_detector.learn(blank, 0.5 * apart, _CONFIG)
    with self.assertRaisesRegex(
        ValueError, r'output must be in \[0, 1\), got 1'
    ):
      spatial_detector.learn(blank, apart, _CONFIG, 1)
    with self.assertRaisesRegex(ValueError, r'patterns must be \[P, num_chan'):
      spatial_detector.learn(blank, apart[:, :3], _CONFIG)
    with self.assertRaisesRegex(ValueError, 'factor must be positive'):
      spatial_detector.Config(factor=0.0)
    self.assertIs(spatial_detector.State, if_curr_exp.State)


if __name__ == '__main__':
  absltest.main()
