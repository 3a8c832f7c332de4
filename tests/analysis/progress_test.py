"""Hops, fused progress and their measures, beside an independent reading."""

import pathlib

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nmlib.analysis import progress

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures'
_correlation = jax.jit(progress.value_order_correlation)
_reconstruct = jax.jit(progress.reconstruct)
_units = st.floats(0, 1, width=32)


def _scanned(update, incremental, forward, backward):
  """Progress [T + 1] from 0, by hops [T]."""

  def advance(now, hops):
    now = update(now, *hops)
    return now, now

  first = jnp.zeros((), incremental.dtype)
  _, later = jax.lax.scan(advance, first, (incremental, forward, backward))
  return jnp.concatenate([first[None], later])


@jax.jit
def _perfect(phi):
  """Returns progress read in each way from hops without noise."""
  one = progress.hop(phi[:-1], phi[1:])
  start = progress.hop(0 * phi, phi)
  goal = progress.hop(0 * phi + 1, phi)
  hops = one, start[1:], goal[1:]
  scanned = [
      _scanned(update, *hops)
      for update in (progress.fuse, progress.conservative_update)
  ]
  views = progress.anchored(start, goal)
  found = [progress.reconstruct(one), *views, *scanned]
  return found, progress.consistency(phi, phi)


class ProgressTest(absltest.TestCase):

  def test_fixture(self):
    path = _FIXTURE / 'robo_dopamine_shaping.npz'
    with np.load(path) as stored, jax.enable_x64(True):
      phi, one, start, goal = (
          jnp.asarray(stored[f'hop.{name}'])
          for name in ('phi', 'noisy_inc', 'noisy_fwd', 'noisy_bwd')
      )
      hops = one, start[1:], goal[1:]
      views = progress.anchored(*hops[1:])
      for name, found in (
          ('labels', progress.hop(phi[:-1], phi[1:])),
          ('incremental', progress.reconstruct(one)),
          ('fused', _scanned(progress.fuse, *hops)),
          ('conservative', _scanned(progress.conservative_update, *hops)),
          ('weights', progress.consistency(*views)),
      ):
        np.testing.assert_allclose(
            found, stored[f'hop.{name}'], rtol=0, atol=1e-9, err_msg=name
        )

  @hypothesis.given(st_numpy.arrays(np.float32, 8, elements=_units))
  @hypothesis.settings(max_examples=25)
  def test_perfect_hops_give_progress_back(self, phi):
    phi[0] = 0
    with jax.enable_x64(True):
      found, weights = _perfect(phi.astype(np.float64))
    for view in found:
      np.testing.assert_allclose(view, phi, atol=1e-12)
    np.testing.assert_allclose(weights, 1)

  @hypothesis.given(
      st_numpy.arrays(np.float32, 9, elements=st.floats(-1, 1, width=32)),
      _units,
  )
  @hypothesis.settings(max_examples=25)
  def test_progress_stays_in_the_unit_interval(self, hops, first):
    found = _reconstruct(hops, first)
    self.assertTrue(jnp.all((found >= 0) & (found <= 1)))
    for update in (progress.fuse, progress.conservative_update):
      later = update(jnp.full(9, first), hops, hops[::-1], -hops)
      self.assertTrue(jnp.all((later >= 0) & (later <= 1)))

  @hypothesis.given(
      st_numpy.arrays(np.float32, 7, elements=st.integers(0, 4).map(float))
  )
  @hypothesis.settings(max_examples=25)
  def test_order_is_spearman_s(self, values):
    found = _correlation(values)
    if np.ptp(values) == 0:
      self.assertEqual(found, 0)
    else:
      wanted = stats.spearmanr(values, np.arange(7)).statistic
      np.testing.assert_allclose(found, wanted, atol=1e-5)

  def test_classification(self):
    for values, wanted in (
        ([0.1, 0.3, 0.5, 0.6, 0.7, 0.9], progress.SUCCESS),
        ([0.5, 0.5, 0.5, 0.5, 0.2, 0.9], progress.PARTIAL),  # late mean 0.55
        ([0.6, 0.6, 0.6, 0.6, 0.8, 0.8], progress.PARTIAL),  # ends at 0.8
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.9], progress.FAILURE),
    ):
      self.assertEqual(progress.classification(jnp.array(values)), wanted)

  def test_bad_input_is_refused_in_a_sentence(self):
    for text, call in (
        (
            r'hop must be in \[-1, 1\], got 1.5 at \[\]',
            lambda: progress.apply_hop(jnp.array(0.5), jnp.array(1.5)),
        ),
        (
            r'hops must be in \[-1, 1\], got nan at \[1\]',
            lambda: progress.reconstruct(jnp.array([0.0, jnp.nan])),
        ),
        (
            r'progress must be in \[0, 1\], got -0.5',
            lambda: progress.apply_hop(jnp.array(-0.5), jnp.array(0.5)),
        ),
        (
            r'start must be in \[0, 1\], got 2',
            lambda: progress.hop(jnp.array(2.0), jnp.array(0.5)),
        ),
        (
            r'backward hop must be in \[-1, 1\], got -2',
            lambda: progress.anchored(jnp.array(0.0), jnp.array(-2.0)),
        ),
        (
            'at least 2 moments, got 1',
            lambda: progress.value_order_correlation(jnp.ones(1)),
        ),
    ):
      with self.assertRaisesRegex(ValueError, text):
        call()


if __name__ == '__main__':
  absltest.main()
