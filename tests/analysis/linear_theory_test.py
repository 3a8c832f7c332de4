"""The closed form of the linear network against its fixture and its flow."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import effective_rank
from nmlib.analysis import linear_theory


def _alignment(a, b):
  return jnp.sum(a * b) / (jnp.linalg.norm(a) * jnp.linalg.norm(b))


class LinearTheoryTest(parameterized.TestCase):

  @parameterized.parameters(1, 3, 10)
  def test_agrees_with_gradient_flow(self, rank):
    d, sigma = 10, 1e-3
    keys = jax.random.split(jax.random.key(rank), 3)
    first = jax.random.normal(keys[0], (d, rank)) @ jax.random.normal(
        keys[1], (rank, d)
    )
    first *= sigma / jnp.linalg.norm(first)
    second = jnp.zeros(d)
    beta = jax.random.normal(keys[2], (d,))
    beta /= jnp.linalg.norm(beta)
    end = linear_theory.gradient_flow(beta, first, second)
    np.testing.assert_allclose(end[0].T @ end[1], beta, atol=1e-3)
    simulated = _alignment(
        linear_theory.tangent_kernel(first, second),
        linear_theory.tangent_kernel(*end),
    )
    closed = linear_theory.kernel_alignment(beta, first, second)
    # The closed form is the limit of small sigma: an error of order sigma.
    np.testing.assert_allclose(simulated, closed, atol=5e-3)

  def test_only_the_teacher_is_learnt_if_the_start_is_forgotten(self):
    keys = jax.random.split(jax.random.key(0), 3)
    beta, second = jax.random.normal(keys[0], (2, 10)) / 10**0.5
    first = 3 * jax.random.normal(keys[1], (10, 10)) / 10
    kept = [
        linear_theory.alignment_after_flow(
            0.1 * beta, first, 3 * second, forgets_start=forgets
        )
        for forgets in (True, False)
    ]
    # A tenth of a teacher hardly moves a large start; its own output does.
    self.assertLess(1 - kept[0], 1e-5)
    self.assertGreater(1 - kept[1], 5e-5)

  def test_starts_of_every_kind_agree_by_flow_and_in_closed_form(self):
    d = 8
    beta, aside = jax.random.normal(jax.random.key(0), (2, d))
    keys = lambda: jax.random.split(jax.random.key(1), 3)
    flow, closed = linear_theory.alignments_from(
        keys(), 3 * beta, beta + aside, 1e-3
    )
    np.testing.assert_allclose(flow, closed, atol=5e-3)
    self.assertLen(flow, len(linear_theory.STARTS))
    self.assertAlmostEqual(float(closed[0]), 1, places=5)  # reads the teacher
    share = beta @ (beta + aside)
    share /= jnp.linalg.norm(beta) * jnp.linalg.norm(beta + aside)
    self.assertAlmostEqual(
        float(closed[1]), float(share**2 + d + 2) / (d + 3), places=5
    )
    large, _ = linear_theory.alignments_from(
        keys(), beta, aside, 3.0, forgets_start=True
    )
    self.assertGreater(large.min(), flow[1:].min())  # any rank is lazy then

  def test_alignments_of_seeds_are_those_of_each(self):

    def draw(key):
      beta, aside = jax.random.normal(key, (2, 5))
      return beta, aside

    found = linear_theory.alignments_of_seeds(
        draw, 3, (0.1, 2.0), forgets_start=True
    )
    for part in found:
      self.assertEqual(part.shape, (2, len(linear_theory.STARTS), 3))
    keys = jax.random.split(jax.random.key(2), 6)
    alone = linear_theory.alignments_from(
        keys[1:4], *draw(keys[0]), 2.0, forgets_start=True
    )
    for part, own in zip(found, alone, strict=True):
      np.testing.assert_allclose(part[1, :, 2], own, rtol=1e-5)  # float32

  def test_aligned_low_rank_is_the_lazy_exception(self):
    d = 12
    u, b, other = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (d, 3)))[
        0
    ].T
    of = linear_theory.kernel_alignment
    self.assertAlmostEqual(float(of(b, jnp.outer(u, b), u)), 1, places=5)
    self.assertAlmostEqual(
        float(of(b, jnp.outer(u, b), 0 * u)), 2 / (d + 3) ** 0.5, places=5
    )
    angle = 0.7
    near = np.cos(angle) * b + np.sin(angle) * other
    self.assertAlmostEqual(
        float(of(b, jnp.outer(u, near), u)),
        (np.cos(angle) ** 2 + d + 2) / (d + 3),
        places=5,
    )

  @parameterized.product(ratio=(0.0, 1.0), rank=(1, 5, 10))
  def test_mean_over_teachers(self, ratio, rank):
    d = 10
    keys = jax.random.split(jax.random.key(rank), 3)
    first = jax.random.normal(keys[0], (d, rank)) @ jax.random.normal(
        keys[1], (rank, d)
    )
    second = jnp.zeros(d).at[0].set((ratio * jnp.sum(first**2)) ** 0.5)
    s = jnp.linalg.svd(first, compute_uv=False)
    participation = jnp.sum(s**2) ** 2 / jnp.sum(s**4)
    teachers = jax.random.normal(keys[2], (4000, d))
    each = jax.vmap(
        lambda beta: linear_theory.kernel_alignment(beta, first, second)
    )(teachers)
    # 5 standard errors of the mean, and rounding.
    reach = 5 * float(each.std()) / 4000**0.5 + 1e-6
    expected = linear_theory.expected_kernel_alignment(d, participation, ratio)
    np.testing.assert_allclose(each.mean(), expected, atol=reach)

  @parameterized.parameters('rank1', 'rank3', 'flat', 'powerlaw1', 'powerlaw2')
  def test_equals_the_reference(self, spectrum):
    path = (
        pathlib.Path(__file__).parents[1]
        / 'fixtures/rich_lazy_rank_effective_rank_and_theory.npz'
    )
    with np.load(path) as stored, jax.enable_x64(True):
      closed = {
          k: stored[f'closed/{spectrum}/{k}']
          for k in ('s', 'PR', 'E_alignment_w2zero', 'E_alignment_w2equal')
      }
      participation = effective_rank.from_singular_values(
          jnp.asarray(closed['s']), 'participation'
      )
      np.testing.assert_allclose(participation, closed['PR'], rtol=1e-12)
      for ratio, name in (0.0, 'zero'), (1.0, 'equal'):
        got = linear_theory.expected_kernel_alignment(10, closed['PR'], ratio)
        np.testing.assert_allclose(
            got, closed[f'E_alignment_w2{name}'], rtol=1e-12
        )
      flow = {
          k: jnp.asarray(stored[f'flow/{spectrum}/{k}'])
          for k in ('W1_0', 'w2_0', 'W1_inf', 'w2_inf', 'beta', 'alignment')
      }
      ended = linear_theory.gradient_flow(
          flow['beta'], flow['W1_0'], flow['w2_0']
      )
      # The reference integrates to an error of 1e-12, we for as long.
      np.testing.assert_allclose(ended[0], flow['W1_inf'], atol=1e-6)
      np.testing.assert_allclose(ended[1], flow['w2_inf'], atol=1e-6)
      simulated = linear_theory.alignment_after_flow(
          flow['beta'], flow['W1_0'], flow['w2_0']
      )
      np.testing.assert_allclose(simulated, flow['alignment'], atol=1e-6)
      got = linear_theory.kernel_alignment(
          flow['beta'], flow['W1_0'], flow['w2_0']
      )
      # The closed form is the limit of small sigma (here 1e-3).
      np.testing.assert_allclose(got, flow['alignment'], atol=5e-3)

  def test_nothing_to_learn_aligns_with_nothing(self):
    align = lambda beta: linear_theory.kernel_alignment(
        beta, jnp.eye(3), jnp.zeros(3)
    )
    value, slope = jax.value_and_grad(align)(jnp.zeros(3))
    self.assertEqual(value, 0)
    np.testing.assert_array_equal(slope, np.zeros(3))


if __name__ == '__main__':
  absltest.main()
