"""Learners that regulate their rate: the authors' rule, limits, refusals."""

import dataclasses
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import chex
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.plasticity import self_regulation

_FIXTURE = (
    pathlib.Path(__file__).parents[1] / 'fixtures/homeostatic_nn_official.npz'
)
_TINY = self_regulation.Config(
    num_inputs=6, hidden=(5, 4), rate=0.05, step_ratio=1.0, batch_size=2,
    num_remembered=8,
)  # fmt: skip


def _stream(seed, config, count=40):
  keys = jax.random.split(jax.random.key(seed), 3)
  params = self_regulation.init(keys[0], config)
  images = jax.random.uniform(keys[1], (count, config.num_inputs))
  labels = jax.random.randint(keys[2], (count,), 0, config.num_classes)
  return params, images, labels


def _no_swaps(count, config):
  return jnp.zeros((count // config.batch_size, 2), jnp.int32)


def _run(config, params, images, labels, swaps=None, key=None):
  if swaps is None:
    swaps = _no_swaps(len(images), config)
  return self_regulation.run(params, images, labels, swaps, config, key=key)


class FixtureTest(parameterized.TestCase):

  @parameterized.parameters(
      ('lrh_eta0.02_step0.1_swaps4', 'homeostatic', 0.02, 0.1),
      ('lrh_eta0.05_step10.0_swaps0', 'homeostatic', 0.05, 10.0),
      ('lrr_eta0.02_step0.1_swaps4', 'random', 0.02, 0.1),
  )
  def test_two_epochs_of_the_authors(self, case, mode, rate, ratio):
    with np.load(_FIXTURE) as stored, jax.enable_x64(True):
      config = self_regulation.Config(
          hidden=(12, 8), mode=mode, rate=rate, step_ratio=ratio,
          epoch_size=240, param_dtype='float64',
      )  # fmt: skip
      of = lambda part: {
          name.removeprefix(f'{part}/'): stored[name]
          for name in stored.files
          if name.startswith(f'{part}/')
      }
      start = self_regulation.params_from_official(of('init'), config)
      images, seen = (
          jnp.asarray(stored[name].T / 255)
          for name in ('images_uint8', 'val_images_uint8')
      )
      swaps = np.zeros((48, 2), int)
      if len(pairs := of(case)['swaps']):
        swaps[5::6] = pairs
      coins = np.zeros((48, 1))
      # The first minibatch of an epoch takes no decision, and so no coin.
      coins[np.arange(48) % 24 > 0, 0] = stored['coins'][:46]
      state = self_regulation.initial_state(start, config)
      unroll = jax.jit(self_regulation.unroll, static_argnums=6)
      for epoch in range(2):
        part = slice(24 * epoch, 24 * epoch + 24)
        state, record = unroll(
            state, images, jnp.asarray(stored['labels']),
            jnp.arange(240).reshape(24, 10), jnp.asarray(swaps[part]),
            jnp.asarray(coins[part]), config,
        )  # fmt: skip
        expected = of(case)
        np.testing.assert_allclose(
            record.rate[:, 0], expected['lr_list'][part], rtol=0, atol=1e-12
        )
        np.testing.assert_allclose(
            record.correct.sum() / 240, expected['train_accs'][epoch]
        )
        np.testing.assert_allclose(
            self_regulation.accuracy(
                state, seen, jnp.asarray(stored['val_labels'])
            ),
            expected['val_accs'][epoch],
        )
      last = self_regulation.params_from_official(of(case), config)
      chex.assert_trees_all_close(state.params, last, rtol=0, atol=1e-9)


class LimitsTest(parameterized.TestCase):

  @parameterized.product(
      mode=('constant', 'random', 'homeostatic'), per_neuron=(False, True)
  )
  def test_without_an_effect_it_is_plain_descent(self, mode, per_neuron):
    config = dataclasses.replace(
        _TINY, mode=mode, step_ratio=0.0, per_neuron=per_neuron
    )
    params, images, labels = _stream(0, config)
    state, record = _run(config, params, images, labels, key=jax.random.key(1))
    descent = optax.sgd(config.rate)

    def loss(params, part):
      logits = self_regulation.apply(params, images[part])
      return jnp.mean(
          optax.losses.softmax_cross_entropy_with_integer_labels(
              logits, labels[part]
          )
      )

    @jax.jit
    def advance(params, part):
      updates, _ = descent.update(
          jax.grad(loss)(params, part), descent.init(params)
      )
      return optax.apply_updates(params, updates)

    for part in np.arange(40).reshape(20, 2):
      params = advance(params, part)
    # Float32: the gradients are summed in another order.
    chex.assert_trees_all_close(state.params, params, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(record.rate, np.float32(config.rate))

  @hypothesis.settings(max_examples=25)
  @hypothesis.given(st.integers(0, 999), st.booleans())
  def test_futures_are_those_of_two_learners_in_turn(self, seed, late):
    config = dataclasses.replace(
        _TINY, decide_at='batch_end' if late else 'first'
    )
    params, images, labels = _stream(seed, config, 26)
    middle, _ = _jitted(config, params, images[:24], labels[:24])
    _, record = _jitted(config, params, images, labels)
    sample = 24 + late
    memory = images[sample - 8 : sample], labels[sample - 8 : sample]
    used = images[24 : sample + 1], labels[24 : sample + 1]
    guess = self_regulation.apply(middle.params, images[sample]).argmax()
    rate, delta = middle.rate[0], np.float32(config.rate)
    moved = lambda label: jnp.where(
        (after := rate + (delta if label >= 5 else -delta)) < 0, 1e-8, after
    )
    left, taken = (
        _known_after(middle.params, eta / 2, used, memory)
        for eta in (rate, moved(guess))
    )
    self.assertEqual(bool(record.taken[12, 0]), bool(taken > left))
    expected = moved(labels[sample]) if taken > left else rate
    np.testing.assert_allclose(record.rate[12, 0], expected, rtol=1e-6)

  def test_each_neuron_has_a_rate_and_decides_for_itself(self):
    config = self_regulation.Config(
        num_inputs=3, hidden=(4,), num_classes=3, first_raising=1,
        batch_size=1, num_remembered=6, rate=0.3, step_ratio=1.0,
        per_neuron=True,
    )  # fmt: skip
    params, images, labels = _stream(3, config, 60)
    _, record = _run(config, params, images, labels)
    self.assertEqual(record.rate.shape, (60, 7))
    changed = np.diff(record.rate, axis=0) != 0
    np.testing.assert_array_equal(changed, record.taken[1:] & changed)
    self.assertGreater(record.taken.sum(), 0)
    # They do not move together.
    self.assertGreater(len(np.unique(record.rate[-1])), 1)

  def test_reversed_effects_mirror_the_random_walk(self):
    config = dataclasses.replace(_TINY, mode='random', step_ratio=0.01)
    params, images, labels = _stream(0, config)
    _, up = _run(config, params, images, labels, key=jax.random.key(5))
    state = self_regulation.initial_state(params, config)
    coins = jax.random.uniform(jax.random.key(5), (20, 1))
    _, down = self_regulation.unroll(
        state._replace(delta=-state.delta), images, labels,
        jnp.arange(40).reshape(20, 2), _no_swaps(40, config), coins, config,
    )  # fmt: skip
    np.testing.assert_allclose(
        up.rate - config.rate, config.rate - down.rate, atol=1e-7
    )
    self.assertGreater(np.ptp(up.rate), 0)

  def test_no_step_is_taken_to_weights_that_are_not_finite(self):
    config = self_regulation.Config(4, (3,), 2, mode='constant', batch_size=2)
    params = self_regulation.init(jax.random.key(0), config)
    images = jax.random.uniform(jax.random.key(1), (40, 4))
    labels, swaps = jnp.arange(40) % 2, jnp.zeros((20, 2), int)
    run = lambda scale, rate: self_regulation.run(
        jax.tree.map(lambda p: scale * p, params), images, labels, swaps,
        dataclasses.replace(config, rate=rate),
    )[0].params  # fmt: skip
    # Of one hidden layer: the gradient of the first is of the second's size.
    chex.assert_tree_all_finite(run(1e25, 1e15))
    start = jax.tree.map(lambda p: 1e25 * p, params)
    chex.assert_trees_all_equal(run(1e25, 1e15), start)
    moved = jax.tree.map(lambda a, b: (a != b).any(), run(1, 0.1), params)
    self.assertTrue(all(jax.tree.leaves(moved)))

  def test_exchanging_twice_is_no_exchange(self):
    same = jnp.arange(10)
    for pair in ([1, 7], [3, 3]):
      once = self_regulation.exchange(same, jnp.array(pair))
      np.testing.assert_array_equal(once[jnp.array(pair)], pair[::-1])
      twice = self_regulation.exchange(once, jnp.array(pair))
      np.testing.assert_array_equal(twice, same)

  def test_a_stream_in_two_parts_is_the_whole_stream(self):
    params, images, labels = _stream(1, _TINY)
    swaps = jax.random.randint(jax.random.key(0), (20, 2), 0, 10)
    whole, record = _run(_TINY, params, images, labels, swaps)
    order = jnp.arange(40).reshape(20, 2)
    state, rates = self_regulation.initial_state(params, _TINY), []
    for part in (slice(0, 7), slice(7, 20)):
      state, found = self_regulation.unroll(
          state, images, labels, order[part], swaps[part],
          jnp.zeros((len(order[part]), 1)), _TINY,
      )  # fmt: skip
      rates.append(found.rate)
    chex.assert_trees_all_close(state, whole, rtol=1e-6)
    np.testing.assert_allclose(np.concatenate(rates), record.rate, rtol=1e-6)


class RefusalTest(parameterized.TestCase):

  @parameterized.parameters(
      (dict(labels=10), r'labels must be in \[0, 10\), got 10 at \[3\]'),
      (dict(labels=-1), r'labels must be in \[0, 10\), got -1 at \[3\]'),
      (dict(swaps=12), r'swaps must be in \[0, 10\), got 12 at \[2, 1\]'),
      (dict(rows=39), 'multiple of batch_size=2, got T=39'),
      (dict(mode='random'), "mode 'random' draws coins; give it a key"),
      (dict(width=7), r'images must be \[T, num_inputs=6\], got shape'),
  )
  def test_bad_streams(self, bad, message):
    config = dataclasses.replace(_TINY, mode=bad.get('mode', 'homeostatic'))
    params, images, labels = _stream(0, config)
    if 'labels' in bad:
      labels = labels.at[3].set(bad['labels'])
    swaps = _no_swaps(40, config)
    if 'swaps' in bad:
      swaps = swaps.at[2, 1].set(bad['swaps'])
    images = images[: bad.get('rows', 40)]
    if 'width' in bad:
      images = jnp.zeros((40, bad['width']))
    with self.assertRaisesRegex(ValueError, message):
      _run(config, params, images, labels, swaps)

  def test_bad_config_and_weights(self):
    with self.assertRaisesRegex(ValueError, 'epoch_size must be .* got 25'):
      self_regulation.Config(epoch_size=25)
    with self.assertRaisesRegex(ValueError, "arrays must have 'w12'"):
      self_regulation.params_from_official({}, _TINY)
    arrays = {'w12': np.zeros((4, 6)), 'b12': np.zeros((5, 1))}
    with self.assertRaisesRegex(ValueError, r'w12 must be .* got shape'):
      self_regulation.params_from_official(arrays, _TINY)


@jax.jit
def _known_after(params, step, used, memory):
  """How many remembered samples are known after descent along a sum."""

  def loss(params):
    logits = self_regulation.apply(params, used[0])
    return jnp.sum(
        optax.losses.softmax_cross_entropy_with_integer_labels(logits, used[1])
    )

  gradient = jax.grad(loss)(params)
  params = jax.tree.map(lambda p, g: p - step * g, params, gradient)
  guesses = self_regulation.apply(params, memory[0]).argmax(-1)
  return (guesses == memory[1]).sum()


def _jitted(config, params, images, labels):
  """As `_run`, compiled once for each length."""
  run = jax.jit(self_regulation.unroll, static_argnums=6)
  state = self_regulation.initial_state(params, config)
  count = len(images) // config.batch_size
  order = jnp.arange(len(images)).reshape(count, -1)
  coins = jnp.zeros((count, config.num_rates))
  swaps = _no_swaps(len(images), config)
  return run(state, images, labels, order, swaps, coins, config)


if __name__ == '__main__':
  absltest.main()
