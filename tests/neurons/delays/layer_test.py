"""The HD-SNN layer: its forms agree, its losses are what they say."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import losses as delay_loss
from nmlib.neurons.delays import synapses as hetero_delays

_CONFIG = delay_layer.Config(
    width=6, height=7, num_classes=3, delays=4, reach_x=3, reach_y=5
)


def _events(steps, config=_CONFIG, dtype=jnp.float32):
  shape = (steps, 2, config.width, config.height)
  return (jax.random.uniform(jax.random.key(1), shape) < 0.2).astype(dtype)


class DelayLayerTest(parameterized.TestCase):

  @parameterized.product(
      method=('direct', 'fft'),
      complex_cell=(True, False),
      masked=(True, False),
  )
  def test_unroll_equals_steps(self, method, complex_cell, masked):
    config = delay_layer.Config(
        *(6, 7, 3, 4, 3, 5),
        complex_cell=complex_cell,
        masked=masked,
        noise=1.0,
        method=method,
    )
    params = delay_layer.init(jax.random.key(0), config)
    xs = _events(9)
    state, outputs = delay_layer.initial_state(config), []
    for x_t in xs:
      state, logits = delay_layer.step(params, state, x_t, config)
      outputs.append(logits)
    # In two pieces, so that the carried events count too.
    middle, first = delay_layer.unroll(
        params, delay_layer.initial_state(config), xs[:4], config
    )
    last, second = delay_layer.unroll(params, middle, xs[4:], config)
    # Float32 sums of 40 terms of order 1; FFTs of 900 points.
    np.testing.assert_allclose(
        jnp.concatenate([first, second]), jnp.stack(outputs), atol=3e-5
    )
    np.testing.assert_array_equal(last.past, state.past)

  def test_accuracy_of_movies_counts_from_the_first_whole_window(self):
    params = delay_layer.init(jax.random.key(0), _CONFIG)
    # A bias that decides alone: class 2 always.
    params = params._replace(bias=jnp.array([0.0, 0.0, 1e4]))
    movies = jnp.stack([_events(9), _events(9)])
    np.testing.assert_array_equal(
        jnp.argmax(delay_layer.apply(params, movies[0], _CONFIG), 1), 2
    )
    labels = jnp.array([[2] * 4 + [0] * 4 + [2], [0] * 4 + [2] * 5])
    found = delay_loss.mean_accuracy(params, movies, labels, _CONFIG)
    two = jax.tree.map(lambda leaf: jnp.stack([leaf, 0 * leaf]), params)
    several = delay_loss.mean_accuracies(two, movies, labels, _CONFIG)
    self.assertEqual(several.shape, (2,))
    self.assertEqual(several[0], found)
    self.assertAlmostEqual(float(found), (1 / 5 + 1) / 2, places=6)

  def test_forms_agree_in_float64(self):
    with jax.enable_x64(True):
      keys = jax.random.split(jax.random.key(0), 3)
      kernel = jax.random.normal(keys[0], (3, 2, 4, 3, 5), jnp.float64)
      bias = jax.random.normal(keys[1], (3,), jnp.float64)
      params = delay_layer.Params(kernel, bias)
      xs = _events(9, dtype=jnp.float64)
      state = delay_layer.State(jnp.zeros((2, 3, 6, 7), jnp.float64))
      outputs = {}
      for method in ('direct', 'fft'):
        config = delay_layer.Config(6, 7, 3, 4, 3, 5, method=method)
        _, outputs[method] = delay_layer.unroll(params, state, xs, config)
        self.assertEqual(outputs[method].dtype, jnp.float64)
      np.testing.assert_allclose(outputs['direct'], outputs['fft'], atol=1e-13)

  def test_gradients_of_the_two_convolutions_agree(self):
    keys = jax.random.split(jax.random.key(0), 3)
    kernel = jax.random.normal(keys[0], (3, 2, 4, 3, 5))
    events = jnp.moveaxis(_events(9), 0, 1)
    weight = jax.random.normal(keys[1], (3, 9, 6, 7))
    grads = [
        jax.grad(lambda k, f=f: jnp.vdot(weight, f(events, k, jnp.zeros(3))))(
            kernel
        )
        for f in (hetero_delays.delay_conv, hetero_delays.delay_conv_fft)
    ]
    # Sums of about 80 terms of order 1 in float32.
    np.testing.assert_allclose(*grads, atol=5e-5)

  def test_future_does_not_change_the_past(self):
    params = delay_layer.init(jax.random.key(0), _CONFIG)
    run = lambda xs: delay_layer.unroll(
        params, delay_layer.initial_state(_CONFIG), xs, _CONFIG
    )[1]
    xs = _events(9)
    np.testing.assert_array_equal(run(xs)[:5], run(xs.at[5:].set(1))[:5])

  def test_polarity_does_not_matter_to_a_complex_cell(self):
    params = delay_layer.init(jax.random.key(0), _CONFIG)
    run = lambda xs: delay_layer.unroll(
        params, delay_layer.initial_state(_CONFIG), xs, _CONFIG
    )[1]
    # The same two sums, in another order of terms.
    np.testing.assert_allclose(
        run(_events(9)), run(_events(9)[:, ::-1]), atol=1e-5
    )

  def test_translation_in_time_and_space_commutes_with_the_layer(self):
    params = delay_layer.init(jax.random.key(0), _CONFIG)
    run = lambda xs: delay_layer.unroll(
        params, delay_layer.initial_state(_CONFIG), xs, _CONFIG
    )[1]
    xs = jnp.zeros((9, 2, 6, 7)).at[0, 1, 2, 3].set(1).at[1, 0, 3, 3].set(1)
    moved = jnp.roll(xs, (2, 1, 1), axis=(0, 2, 3))
    np.testing.assert_allclose(
        run(moved)[2:, :, 2:-1, 3:-2],
        run(xs)[:-2, :, 1:-2, 2:-3],
        atol=1e-6,
    )

  def test_start_is_the_authors(self):
    config = delay_layer.Config(num_classes=4)
    params = delay_layer.init(jax.random.key(0), config)
    np.testing.assert_array_equal(params.kernel[:, 1, -1, 8, 8], 4)
    np.testing.assert_array_equal(params.kernel[:, 0, -1, 8, 8], -4)
    # At the shortest delay only the centre is open.
    mask = hetero_delays.spacetime_kernel_mask(21, 17, 17)
    self.assertLess(float(jnp.sort(mask[-1].reshape(-1))[-2]), 0.1)
    # Longest delay, half way out: noise of 0.01 times a mask near 0.8.
    ring = np.asarray(params.kernel[:, :, :10, 4:13, 4:13])
    self.assertBetween(ring.std(), 0.006, 0.0105)
    limit = 1 / np.sqrt(2 * 21 * 17 * 17)
    self.assertLessEqual(np.abs(params.bias).max(), limit)

  def test_the_global_maximum_bounds_every_class(self):
    params = delay_layer.init(jax.random.key(0), _CONFIG)
    large = params.kernel.at[0, 1, -1, 1, 2].set(100.0)
    kernel = params.kernel.at[1, 0, -1, 0, 0].set(5.0)  # outside the mask
    tight = delay_layer.effective_kernel(
        params._replace(kernel=kernel), _CONFIG
    )
    self.assertLess(float(tight[1, 0, -1, 0, 0]), 1e-6)
    kernel = large.at[1, 0, 0, 0, 2].set(50.0)
    loose = delay_layer.effective_kernel(
        params._replace(kernel=kernel), _CONFIG
    )
    self.assertGreater(float(loose[1, 0, 0, 0, 2]), 5.0)

  def test_matched_filter_of_a_moving_bar_lies_on_its_path(self):
    # A bar at x = v t, seen from where it is at delay 0: the least-squares
    # kernel against noise is the bar's own history, x = -v d.
    config = delay_layer.Config(
        *(21, 21, 1, 6, 11, 11), masked=False, complex_cell=False
    )
    xs = jnp.zeros((11, 2, 21, 21))
    for t in range(11):
      xs = xs.at[t, 1, 5 + t].set(1)
    target = jnp.zeros((11, 1, 21, 21))
    for t in range(5, 11):
      target = target.at[t, 0, 5 + t].set(1)

    def loss(kernel):
      params = delay_layer.Params(kernel, jnp.zeros(1))
      state = delay_layer.initial_state(config)
      logits = delay_layer.unroll(params, state, xs, config)[1]
      return jnp.sum((logits[5:] - target[5:])[..., 5:-5] ** 2)

    slope = -jax.grad(loss)(jnp.zeros((1, 2, 6, 11, 11)))
    ridge = slope[0, 1].sum(-1)  # [K_T, K_X]; the last slice is delay 0
    bar = np.zeros((6, 11))
    for delay in range(6):
      bar[5 - delay, 5 - delay] = 1
    cosine = np.vdot(ridge, bar) / np.linalg.norm(ridge) / np.linalg.norm(bar)
    self.assertGreater(cosine, 0.999)

  def test_windows_without_a_centre_are_refused(self):
    with self.assertRaisesRegex(
        ValueError, 'layer.Config.reach_x must be odd, got 4.'
    ):
      delay_layer.Config(reach_x=4)

  def test_wrong_axes_of_events(self):
    params = delay_layer.init(jax.random.key(0), _CONFIG)
    state = delay_layer.initial_state(_CONFIG)
    with self.assertRaisesRegex(
        ValueError, r'width=6, height=7\], got shape \[2, 9'
    ):
      delay_layer.unroll(params, state, jnp.zeros((2, 9, 6, 7)), _CONFIG)
    with self.assertRaisesRegex(
        ValueError, r'\[polarities=2, width=6, height=7\], got shape \[9, 2'
    ):
      delay_layer.step(params, state, jnp.zeros((9, 2, 6, 7)), _CONFIG)


class DelayLossTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.logits = jax.random.normal(jax.random.key(0), (5, 3, 2, 2))
    self.labels = jnp.array([0, 1, 2, 1, 0])

  def test_losses_equal_their_sums_over_voxels(self):
    logits = np.asarray(self.logits, np.float64)
    softmax, sigmoid = [], []
    for t, _, x, y in np.ndindex(5, 1, 2, 2):
      row, right = logits[t, :, x, y], int(self.labels[t])
      softmax.append(np.log(np.exp(row).sum()) - row[right])
      p = 1 / (1 + np.exp(-row))
      p[np.arange(3) != right] = 1 - p[np.arange(3) != right]
      sigmoid.append(-np.log(p).mean())
    self.assertAlmostEqual(
        float(delay_loss.softmax_loss(self.logits, self.labels)),
        np.mean(softmax),
        places=5,
    )
    self.assertAlmostEqual(
        float(delay_loss.sigmoid_loss(self.logits, self.labels)),
        np.mean(sigmoid),
        places=5,
    )

  def test_loss_of_no_evidence(self):
    flat = jnp.zeros((5, 36, 2, 2))
    # The authors' log starts at 3.571, near ln 36.
    self.assertAlmostEqual(
        float(delay_loss.softmax_loss(flat, self.labels)), np.log(36), places=5
    )

  def test_only_the_strongest_voxels_are_taught(self):
    logits = jnp.zeros((1, 2, 1, 4)).at[0, 0, 0, 3].set(2.0)
    loss = delay_loss.softmax_loss(logits, jnp.array([0]), fraction=0.25)
    expected = (3 * np.log(2) + np.log1p(np.exp(-2))) / 4
    self.assertAlmostEqual(float(loss), expected, places=5)

  def test_accuracy_and_spikes(self):
    target = jax.nn.one_hot(self.labels, 3)[:, :, None, None]
    logits = 5 * jnp.broadcast_to(target, (5, 3, 2, 2))
    wrong = logits.at[0].set(-logits[0])
    self.assertEqual(float(delay_loss.accuracy(wrong, self.labels, 1)), 1.0)
    self.assertAlmostEqual(
        float(delay_loss.accuracy(wrong, self.labels)), 0.8, places=6
    )
    spikes = delay_loss.output_spikes(self.logits, 0.1)
    self.assertEqual(int(spikes.sum()), 6)  # of 60
    shown = delay_loss.winners(self.logits, 0.1)
    self.assertTrue(bool(jnp.all((shown >= 0) == jnp.any(spikes > 0, 1))))

  def test_bad_arguments(self):
    with self.assertRaisesRegex(ValueError, r'fraction must be in \(0, 1\]'):
      delay_loss.softmax_loss(self.logits, self.labels, 0.0)
    with self.assertRaisesRegex(ValueError, r'labels must be \[steps=5\]'):
      delay_loss.softmax_loss(self.logits, self.labels[:3])
    with self.assertRaisesRegex(ValueError, r'in \[0, 3\), got 3 at \[4\]'):
      delay_loss.sigmoid_loss(self.logits, self.labels.at[4].set(3))


if __name__ == '__main__':
  absltest.main()
