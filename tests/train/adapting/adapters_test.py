"""Adapters, and gates of modes, beside frozen networks."""

import functools
from typing import Any

from absl.testing import absltest
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train
from nmlib.networks import mlp
from nmlib.networks import ways_to_adapt
from tests.networks import gated_mlp

_RATES = (0.1, 0.01)


def _stage(**fields: Any) -> tuple[train.Examples, Any]:
  """Scales and shifts of a frozen matrix, one of each for two modes."""
  inputs = jax.random.normal(jax.random.key(5), (2, 7, 3))  # [M, N, D]
  labels = jnp.arange(7) % 4
  options: dict[str, Any] = dict(
      modes=(0, 1), init=lambda key, base: jnp.ones((2, 4)), rates=_RATES,
      logits=lambda own, mode, base, x: own[mode] * (x @ base),
      bases=jax.random.normal(jax.random.key(6), (3, 3, 4)), name='beside',
      loop=train.Loop(4, batch_size=5), seeds=(0, 1, 2),
  )  # fmt: skip
  examples = train.Examples(inputs, labels)
  return examples, train.adapter_stage(examples, **options | fields)


def _start(stage, seed=1):
  start = jax.tree.map(lambda leaf: leaf[seed], stage.starts)
  return stage.initial(jax.random.key(seed), start)


def _batch(stage, step, seed=1):
  """What a seed sees at a step: its state holds the second of two keys."""
  _, key = jax.random.split(jax.random.key(seed))
  return stage.data(key, jnp.int32(step))


class AdapterStageTest(absltest.TestCase):

  def test_a_step_is_adam_on_what_learns_and_the_base_stays(self):
    examples, stage = _stage()
    state = _start(stage)
    x, labels, modes, steps = stage.data(jax.random.key(9), jnp.int32(2))
    np.testing.assert_array_equal(modes, [0, 1, 0, 1, 0])
    np.testing.assert_array_equal(steps, [2] * 5)
    for one, label, mode in zip(x, labels, modes, strict=True):
      shown = np.asarray(examples.inputs[mode])
      rows = np.flatnonzero((shown == np.asarray(one)).all(-1))
      self.assertEqual(examples.labels[rows[0]], label)
    after, metrics = jax.jit(stage.advance)(state, None)
    base = stage.starts[1]

    x, labels, modes, _ = _batch(stage, 0)

    def mean_loss(own):
      logits = own[modes] * (x @ base)
      return train.cross_entropy(logits, labels)

    own = jnp.ones((2, 4))
    gradient = jax.grad(mean_loss)(own)
    for i, rate in enumerate(_RATES):
      adam = optax.adam(rate)
      updates, _ = adam.update(gradient, adam.init(own))
      moved = np.asarray(optax.apply_updates(own, updates))
      np.testing.assert_allclose(after.params['own'][i], moved, rtol=1e-5)
      np.testing.assert_array_equal(after.params['base'][i], base)
      np.testing.assert_allclose(
          metrics[f'loss/{i}'], mean_loss(own), rtol=1e-6
      )

  def test_modes_may_follow_the_step_and_the_loss_may_be_given(self):
    _, stage = _stage(
        logits=None, modes=lambda step: jnp.full(5, step // 2),
        loss=lambda own, base, x, label, step: own[0, 0] * step + label,
    )  # fmt: skip
    modes = [stage.data(jax.random.key(0), jnp.int32(s))[2][0] for s in (1, 2)]
    self.assertEqual(modes, [0, 1])
    state = _start(stage)
    for step in range(2):
      labels = _batch(stage, step)[1]
      expected = state.params['own'][0, 0, 0] * step + labels.mean()
      state, metrics = jax.jit(stage.advance)(state, None)
      np.testing.assert_allclose(metrics['loss/0'], expected, rtol=1e-6)

  def test_a_base_is_trained_beside_nothing(self):
    _, stage = _stage(
        init=lambda key, base: jax.random.normal(key, (3, 4)), bases=(),
        logits=lambda own, mode, base, x: x @ own,
    )  # fmt: skip
    after, _ = jax.jit(stage.advance)(_start(stage), None)
    self.assertEqual(after.params['base'], ())
    self.assertEqual(after.params['own'].shape, (2, 3, 4))

  def test_errors(self):
    for fields in ({'logits': None}, {'loss': lambda *_: 0.0}):
      with self.assertRaisesRegex(ValueError, 'either logits or loss'):
        _stage(**fields)


def _split(shift=0.0):
  """Twelve inputs in two modes, and labels that the base does not give."""
  first = jax.random.normal(jax.random.key(5), (12, 6))
  inputs = jnp.stack([first, shift - first[::-1]])
  part = train.Examples(inputs, jnp.arange(12) % 3)
  return train.Split(part, part, part)


def _two(tree):
  return jax.tree.map(lambda leaf: jnp.stack([leaf, 2 * leaf]), tree)


class AdaptTest(absltest.TestCase):

  def _run(self):
    return train.Run(epath.Path(self.create_tempdir().full_path))

  def test_the_rate_that_learns_is_chosen(self):
    run, bases, split = self._run(), _two(gated_mlp.base()), _split()
    adapt = functools.partial(
        train.adapt, run, bases=bases, split=split, rates=(1e-9, 0.1),
        loop=train.Loop(60, 8), modes=('upright', 'rotated'), seeds=(0, 1),
    )  # fmt: skip
    own, frozen = adapt('frozen', way=ways_to_adapt.named('frozen'))
    self.assertEqual(own, ())
    self.assertEqual(frozen['trainable'], 0)
    plain = [
        train.accuracy(
            lambda x, s=s: mlp.apply(jax.tree.map(lambda p: p[s], bases), x),
            train.Examples(split.test.inputs[1], split.test.labels),
        )
        for s in range(2)
    ]
    np.testing.assert_allclose(frozen['rotated'], plain, rtol=1e-6)
    own, found = adapt('all', way=ways_to_adapt.named('full'))
    self.assertEqual(found['trainable'], 7 * 8 + 9 * 7 + 8 * 3)
    self.assertEqual((found['rate'], found['learning_rate']), (1, 0.1))
    self.assertGreater(found['rotated'].mean(), frozen['rotated'].mean() + 0.2)
    for leaf, base in zip(*map(jax.tree.leaves, (own, bases)), strict=True):
      np.testing.assert_allclose(leaf[:, 0], base, atol=1e-6)
    stored = run.result('result_all', self.fail)
    np.testing.assert_array_equal(stored['rotated'], found['rotated'])

  def test_a_mode_each_beside_one_network_on_all_in_turn(self):
    bases, split = _two(gated_mlp.base()), _split(100.0)  # no doubt which mode
    loop = train.Loop(4, 8)
    found = train.add_modes(
        self._run(), 'small', mlp.apply, bases, split, num_classes=3, loop=loop,
        rates=(0.05,), sequence_rates=(0.05,), temperature=0.5, seeds=(0, 1),
    )  # fmt: skip
    self.assertEqual(found['trainable'], 2 * 2 * (8 + 7))
    self.assertEqual(found['share'].shape, (2, 2, 15))
    np.testing.assert_array_equal(found['selector'], np.ones((2, 2)))
    np.testing.assert_array_equal(found['selected'], found['hard'])
    modes = jnp.array([0, 0, 1, 1])
    stage = train.adapter_stage(
        split.train, lambda step: jnp.full(8, modes[step]),
        lambda _, base: base, bases=bases, rates=(0.05,), name='by hand',
        logits=lambda own, mode, base, x: mlp.apply(own, x), loop=loop,
        seeds=(0, 1),
    )  # fmt: skip
    advance = jax.jit(stage.advance)
    for seed in range(2):
      state = _start(stage, seed)
      for _ in modes:
        state, _ = advance(state, None)
      own = jax.tree.map(lambda leaf: leaf[0], state.params['own'])
      for mode, inputs in enumerate(split.test.inputs):
        expected = train.accuracy(
            functools.partial(mlp.apply, own),
            train.Examples(inputs, split.test.labels),
        )
        ours = found['full in sequence'][seed, mode]
        np.testing.assert_allclose(ours, expected, rtol=1e-6)

  def test_gates_of_a_mode_learn_that_mode(self):
    bases, split = _two(gated_mlp.base()), _split()
    found = train.add_modes(
        self._run(), 'long', mlp.apply, bases, split, num_classes=3,
        loop=train.Loop(200, 12), rates=(1e-9, 0.1), sequence_rates=(1e-9,),
        seeds=(0, 1),
    )  # fmt: skip
    self.assertGreater(found['soft'].mean(), found['frozen'].mean() + 0.1)
    # At that rate nothing is learned.
    np.testing.assert_array_equal(found['full in sequence'], found['frozen'])


if __name__ == '__main__':
  absltest.main()
