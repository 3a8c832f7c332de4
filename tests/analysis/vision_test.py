"""Images as results: total variation, activation maximisation, clusters."""

import functools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from sklearn import metrics

from nmlib.analysis import clustering
from nmlib.analysis import feature_visualization as viz
from nmlib.analysis import objectives
from nmlib.analysis import total_variation as tv
from nmlib.networks import cnn

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'


@functools.cache
def _stored():
  with np.load(_FIXTURES / 'multifaceted_viz_tv.npz') as file:
    return dict(file)


class TotalVariationTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    self.image = jnp.asarray(_stored()['image'])

  def test_recorded_values_and_gradient(self):
    eps = float(_stored()['tv.eps'])
    smooth = functools.partial(tv.total_variation, eps=eps)
    value, slope = jax.value_and_grad(smooth)(self.image)
    np.testing.assert_allclose(value, _stored()['tv.smooth_iso.value'], 1e-12)
    np.testing.assert_allclose(slope, _stored()['tv.smooth_iso.grad'], 0, 1e-9)
    sharp = tv.total_variation(self.image, kind='anisotropic')
    np.testing.assert_allclose(sharp, _stored()['tv.anisotropic'], 1e-12)
    # Along a random direction, by central differences.
    way = jax.random.normal(jax.random.key(0), self.image.shape)
    step = 1e-4
    ends = [smooth(self.image + sign * step * way) for sign in (1, -1)]
    slant = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(slant, jnp.sum(slope * way), 1e-6)

  @parameterized.parameters(False, True)
  def test_recorded_denoising(self, isotropic):
    weights = (0.05, 0.4, 2.0)
    wanted = [_stored()[f'bregman.w{w}.iso{int(isotropic)}'] for w in weights]
    smooth = functools.partial(tv.denoise, self.image, isotropic=isotropic)
    as_there = jax.jit(jax.vmap(lambda w: smooth(w, carry_over=True)))
    found = as_there(jnp.array(weights))
    np.testing.assert_allclose(found, wanted, 0, 1e-9)
    # Channels that start anew: the first is the same, others are as near to
    # the minimum as the stop lets them be.
    found = jax.jit(jax.vmap(smooth))(jnp.array(weights))
    first = np.stack(wanted)[..., 0]
    np.testing.assert_allclose(found[..., 0], first, 0, 1e-9)
    np.testing.assert_allclose(found, wanted, 0, 0.2)

  def test_denoising_sweep_after_sweep(self):
    """One sweep is Gauss-Seidel, pixel after pixel, on a non-square image."""
    image = np.asarray(self.image[:4, :7, 0])
    whole = self.image[:4, :7, :1]
    weight = 0.3
    u = np.pad(np.pad(image, ((1, 0),) * 2, 'reflect'), ((0, 1),) * 2, 'edge')
    d, b = np.zeros((2, 2, 6, 9))
    for _ in range(3):
      for r in range(1, 5):
        for c in range(1, 8):
          change = np.array([u[r, c + 1], u[r + 1, c]]) - u[r, c]
          pull = d - b
          around = u[r, c - 1] + u[r, c + 1] + u[r - 1, c] + u[r + 1, c]
          around += pull[0, r, c - 1] - pull[0, r, c]
          around += pull[1, r - 1, c] - pull[1, r, c]
          u[r, c] = (2 * around + image[r - 1, c - 1]) / 9
          t = change + b[:, r, c]
          d[:, r, c] = np.sign(t) * np.maximum(np.abs(t) - 0.5 / weight, 0)
          b[:, r, c] = t - d[:, r, c]
    found = tv.denoise(whole, weight, sweeps=3, eps=0.0, isotropic=False)
    np.testing.assert_allclose(found[..., 0], u[1:-1, 1:-1], 0, 1e-10)

  def test_constant_image_and_batches(self):
    smooth = jax.jit(tv.denoise)
    flat = jnp.full_like(self.image, 7.0)
    self.assertEqual(float(tv.total_variation(flat)), 0)
    np.testing.assert_allclose(smooth(flat, 0.1), flat, 0, 1e-12)
    self.assertEqual(float(tv.high_frequency_share(flat)), 0)
    pair = jnp.stack([self.image, 255 - self.image])
    weights = jnp.array([0.4, 2.0])
    found = jax.jit(jax.vmap(tv.denoise))(pair, weights)
    for i in range(2):
      np.testing.assert_allclose(found[i], smooth(pair[i], weights[i]))
    variation = [float(tv.total_variation(x)) for x in (pair[0], *found)]
    self.assertLess(variation[1], variation[2])  # the smaller, the smoother
    self.assertLess(variation[2], variation[0])

  def test_bytes_do_not_wrap(self):
    image = jnp.array([[[200], [200]], [[0], [0]]], jnp.uint8)
    self.assertEqual(tv.total_variation(image, kind='anisotropic'), 400)
    self.assertEqual(tv.total_variation(image), 200)

  def test_high_frequencies(self):
    row, column = jnp.mgrid[:16, :16]
    slow = 100 + jnp.cos(2 * jnp.pi * row / 16)[..., None]
    fast = 3 * jnp.cos(jnp.pi * (row + column))[..., None]
    share = tv.high_frequency_share(slow + fast)
    np.testing.assert_allclose(share, 9 / (9 + 0.5), 1e-12)

  def test_refusals(self):
    wrong: Any = 'l2'
    for run, message in (
        (lambda: tv.denoise(self.image, 0.0), 'weight must be in'),
        (lambda: tv.denoise(self.image + jnp.nan, 1.0), 'image must be finite'),
        (lambda: tv.denoise(self.image[0], 1.0), r'image must be \[H, W, C\]'),
        (lambda: tv.denoise(self.image[:1], 1.0), 'two pixels a side'),
        (lambda: tv.total_variation(self.image, kind=wrong), 'kind must be'),
        (lambda: tv.high_frequency_share(self.image, 0.5), 'cutoff must be'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        run()


class AscentTest(parameterized.TestCase):
  _wrong: Any = 'cubic'

  def test_recorded_schedules_and_step(self):
    self.enter_context(jax.enable_x64(True))
    stored = _stored()
    stage = viz.CENTRE_BIASED[2]
    first, end = stage.weight or (0, 0)
    for variant in ('coded', 'intended'):
      found = viz.linear_schedule(first, end, stage.iterations, variant)
      wanted = stored[f'sched.weight.{variant}']
      np.testing.assert_allclose(found, wanted, 1e-12)
    last = viz.CENTRE_BIASED[-1].step
    found = viz.linear_schedule(*last, 150)
    np.testing.assert_allclose(found, stored['sched.step'], 1e-12)
    mask = viz.center_mask(12, 12, int(stored['margin']))
    moved = viz.ascent_step(
        jnp.asarray(stored['image']), stored['grad'], stored['step_size'],
        mask=mask,
    )  # fmt: skip
    np.testing.assert_allclose(moved, stored['step_out'], 0, 1e-9)
    # The objective's scale does not matter; no gradient, no step.
    again = viz.ascent_step(moved, 1e3 * stored['grad'], 2.0, mask=mask)
    wanted = viz.ascent_step(moved, stored['grad'], 2.0, mask=mask)
    np.testing.assert_allclose(again, wanted, 1e-12)
    for nothing in (0.0, 1e-310):
      still = viz.ascent_step(moved, nothing * moved, 2.0)
      np.testing.assert_array_equal(still, moved)
    # A mean that is all but nothing: as in float32, of a saturated softmax.
    slope = jnp.zeros((4, 4, 1), jnp.float32).at[0, 0].set(3e-38)
    far = viz.ascent_step(jnp.zeros_like(slope), slope, 2.0)
    self.assertEqual(float(far[0, 0, 0]), 32.0)

  def test_crops_stay_on_the_canvas_and_in_its_middle(self):
    draw = jax.vmap(lambda key: viz.crop_origin(key, (10, 4), 0.3))
    origins = np.asarray(draw(jax.random.split(jax.random.key(0), 2000)))
    self.assertTrue(np.all((origins >= 0) & (origins <= [10, 4])))
    np.testing.assert_allclose(origins.mean(0), [4.5, 1.6], atol=0.2)
    central = viz.crop_origin(jax.random.key(0), (10, 4), 0.0)
    self.assertEqual(central.tolist(), [5, 2])

  def test_linear_network_ends_at_the_bounds(self):
    weights = jax.random.normal(jax.random.key(0), (6, 5, 3))
    stages = (viz.Stage(60, (20, 20), None),)
    start = jnp.full((6, 5, 3), 128.0)
    found = viz.activation_maximization(
        jax.random.key(1), lambda x: jnp.sum(weights * x), start, stages
    )
    small = np.abs(weights) < 0.15  # such pixels may still be on their way
    wanted = np.where(weights > 0, 255, 0)
    np.testing.assert_array_equal(found.image[~small], wanted[~small])
    self.assertTrue(np.all(np.diff(found.activation) >= 0))

  def test_stages_of_a_network(self):
    config = cnn.Config(num_classes=3, channels=(2, 3), strides=(2, 1))
    params = cnn.init(jax.random.key(0), config)
    network = lambda x: cnn.apply(params, x / 255, config).logits
    stages = (
        viz.Stage(3, (1, 2), (0.4, 1.0)),
        viz.Stage(2, (2, 2), (0.4, 1.0), scale=1.3, objective='probability'),
        viz.Stage(2, (2, 2), (0.4, 1.0), margin=3),
    )

    def one(key, start, unit):
      goals = objectives.class_objective(network, unit, 3)
      return viz.activation_maximization(key, goals, start, stages, sweeps=5)

    starts = jax.random.uniform(jax.random.key(1), (2, 8, 9, 3), maxval=255.0)
    keys = jax.random.split(jax.random.key(2), 2)
    found = jax.jit(jax.vmap(one))(keys, starts, jnp.arange(2))
    self.assertEqual(found.image.shape, starts.shape)
    self.assertEqual(found.canvas.shape, (2, 10, 12, 3))
    self.assertEqual(found.activation.shape, (2, 7))
    first = network(starts[1])[1]
    np.testing.assert_allclose(found.activation[1, 0], first, 1e-5)
    self.assertTrue(np.all(found.activation[:, 3:5] < 1))  # probabilities
    self.assertTrue(np.all((found.image >= -1) & (found.image <= 256)))

  def test_margin_is_held_without_denoising(self):
    start = jax.random.uniform(jax.random.key(0), (7, 7, 1), maxval=255.0)
    stages = (viz.Stage(4, (9, 9), None, margin=2),)
    found = viz.activation_maximization(
        jax.random.key(1), lambda x: jnp.sum(x), start, stages
    )
    inner = np.asarray(viz.center_mask(7, 7, 2))
    moved = np.asarray(found.image != start)[..., 0]
    np.testing.assert_array_equal(moved, inner)

  def test_units_inside(self):
    config = cnn.Config(num_classes=3, channels=(2, 3), strides=(2, 1))
    params = cnn.init(jax.random.key(0), config)
    network = functools.partial(cnn.apply, params, config=config)
    image = jax.random.uniform(jax.random.key(1), (8, 8, 3))
    of = functools.partial(objectives.unit_objective, network)
    pooled = of('final', 2)(image)
    np.testing.assert_allclose(pooled, network(image).final[2], 1e-6)
    grid = [of('conv_post_1', 2, (r, c))(image) for r in (0, 3) for c in (0, 3)]
    self.assertGreater(len({float(x) for x in grid}), 1)
    each = jax.vmap(lambda unit: of('conv_post_1', unit, (3, 0))(image))
    alone = [of('conv_post_1', unit, (3, 0))(image) for unit in range(3)]
    np.testing.assert_allclose(each(jnp.arange(3)), alone, 1e-6)
    slope = jax.grad(of('conv_post_0', 1, (0, 0)))(image)
    self.assertEqual(float(jnp.abs(slope[3:]).max()), 0)  # its field alone
    for run, message in (
        (lambda: of('conv_9', 0)(image), 'conv_9'),
        (lambda: of('final', 3)(image), r'unit must be in \[0, 3\), got 3'),
        (lambda: of('conv_post_1', 0, (9, 0))(image), 'row must be in'),
        # pyrefly: ignore [bad-argument-type]: three numbers
        (lambda: of('conv_post_1', 0, (1, 0, 0))(image), 'position must be'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        run()

  def test_refusals(self):
    image, key = jnp.full((4, 4, 1), 9.0), jax.random.key(0)
    goal, wrong = lambda x: jnp.sum(x), self._wrong
    stage = viz.Stage(1, (1, 1), None)
    small = viz.Stage(1, (1, 1), None, scale=0.5)
    single = viz.Stage(1, (1, 1), (0.4, 0.4))  # as coded 0.4 - 0.4 / 1
    climb = functools.partial(viz.activation_maximization, key)
    for run, message in (
        (lambda: climb(goal, 40 * image, (stage,)), r'start must be in \[0'),
        (lambda: climb(goal, image[0], (stage,)), 'start must be'),
        (lambda: climb(goal, image, ()), 'stages must be at least 1, got 0'),
        (lambda: climb(goal, image, (small,)), 'must not be smaller'),
        (lambda: climb(goal, image, (stage, single)), 'stage 1 must have 2'),
        (lambda: climb({'a': goal}, image, (stage,)), "objective 'logit'"),
        (lambda: viz.center_mask(4, 4, 2), 'margin=2 leaves nothing'),
        (lambda: viz.Stage(0, (1, 1), None), 'iterations must be'),
        (lambda: viz.linear_schedule(0, 1, 3, wrong), 'variant must be'),
        (
            lambda: objectives.class_objective(goal, 3, 3),
            r'unit must be in \[0, 3\), got 3',
        ),
    ):
      with self.assertRaisesRegex(ValueError, message):
        run()


class ClusteringTest(parameterized.TestCase):

  def test_means_are_of_the_nearest_of_the_own_cluster(self):
    codes = jnp.array([[0.0], [1.0], [2.0], [9.0], [10.0], [1.4]])
    own = jnp.array([0, 0, 0, 1, 1, 1])
    images = jnp.arange(6.0)[:, None, None, None] * jnp.ones((1, 2, 2, 1))
    centroids = jnp.array([[0.9], [10.0]])
    found = clustering.facet_means(images, codes, own, centroids, 2)
    self.assertEqual(found.nearest.tolist(), [[1, 0], [4, 3]])
    np.testing.assert_allclose(found.means[:, 0, 0, 0], [0.5, 3.5])
    every = clustering.facet_means(images, codes, own, centroids, 15)
    np.testing.assert_allclose(every.means[:, 0, 0, 0], [1.0, 4.0])
    self.assertEqual(every.counted.sum(1).tolist(), [3, 3])

  @hypothesis.given(
      st.lists(
          st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2,
          max_size=30,
      )
  )  # fmt: skip
  def test_scores_are_scikit_learns(self, pairs):
    rows, columns = np.array(pairs).T
    table = clustering.contingency(
        jnp.asarray(rows), jnp.asarray(columns), 4, 3
    )
    wanted: Any = metrics.cluster.contingency_matrix(rows, columns)
    np.testing.assert_allclose(
        clustering.purity(table), wanted.max(1).sum() / len(rows), 1e-6
    )
    np.testing.assert_allclose(
        clustering.adjusted_rand(table),
        metrics.adjusted_rand_score(rows, columns), 1e-4, 1e-5,
    )  # fmt: skip

  def test_tables_of_none_and_of_one(self):
    for count, purity in ((0, 0), (1, 1)):
      table = jnp.full((1, 1), count)
      self.assertEqual(clustering.purity(table), purity)
      self.assertEqual(clustering.adjusted_rand(table), 1)

  def test_refusals(self):
    codes, images = jnp.zeros((2, 1)), jnp.zeros((2, 3, 3, 1))
    means = clustering.facet_means
    for run, message in (
        (
            lambda: means(images, codes, jnp.array([0, 1]), jnp.zeros((3, 1))),
            '2 images cannot show 3 facets',
        ),
        (
            lambda: means(images, codes, jnp.array([0, 0]), jnp.zeros((2, 1))),
            'cluster 1 holds no image',
        ),
        (
            lambda: means(
                images, codes + jnp.nan, jnp.array([0, 1]), jnp.zeros((2, 1))
            ),
            'codes must be finite',
        ),
        (
            lambda: means(images, codes, jnp.array([0, 5]), jnp.zeros((2, 1))),
            r'assignments must be in \[0, 2\)',
        ),
        (
            lambda: means(
                images[:1], codes, jnp.array([0, 1]), jnp.zeros((2, 1))
            ),
            'must be as many',
        ),
    ):
      with self.assertRaisesRegex(ValueError, message):
        run()


if __name__ == '__main__':
  absltest.main()
