"""A stage that learns to tell classes apart."""

from typing import Any

from absl.testing import absltest
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train


def _stage(**fields) -> Any:
  inputs = jax.random.normal(jax.random.key(0), (40, 2))
  every = train.Examples(inputs, (inputs[:, 0] > 0).astype(jnp.int32))
  part = lambda rows: jax.tree.map(lambda leaf: leaf[rows], every)
  if 'data' not in fields:
    fields['learned'] = part(slice(30))
  return every, train.classification(
      lambda params, x: x @ params, part(slice(30, None)), name='tell',
      init=lambda key: jax.random.normal(key, (2, 2)),
      optimizer=optax.adam(0.1), loop=train.Loop(60, batch_size=10),
      seeds=(0, 1), **fields,
  )  # fmt: skip


class ClassificationTest(absltest.TestCase):

  def _run(self):
    return train.Run(epath.Path(self.create_tempdir().full_path))

  def test_what_a_line_parts_is_learned(self):
    _, stage = _stage()
    accuracy = train.fit(self._run(), stage).metric('accuracy')
    self.assertEqual(accuracy.shape, (2,))
    self.assertGreaterEqual(accuracy.min(), 0.9)

  def test_loss_is_cross_entropy_and_the_measure_counts_what_is_right(self):
    every, stage = _stage(metric='right')
    params = jnp.array([[0.5, -2.0], [1.0, 3.0]])
    logits = np.asarray(every.inputs @ params, np.float64)
    example = jax.tree.map(lambda leaf: leaf[3], every)
    loss, _ = stage.loss(params, example, jax.random.key(0))
    chances = np.exp(logits[3]) / np.exp(logits[3]).sum()
    np.testing.assert_allclose(loss, -np.log(chances[every.labels[3]]), 1e-5)
    state = train.fit(self._run(), stage).state
    one = jax.tree.map(lambda leaf: leaf[0], state)._replace(params=params)
    found = stage.evaluate(one, stage.eval_data)
    right = (logits.argmax(1) == every.labels)[30:].mean()
    self.assertEqual([*found], ['right'])
    np.testing.assert_allclose(found['right'], right, rtol=1e-6)

  def test_examples_come_by_epochs_or_as_given(self):
    _, stage = _stage()
    key = jax.random.key(4)
    drawn = jnp.concatenate([stage.data(key, i).inputs for i in range(3)])
    held = stage.eval_data.inputs
    self.assertLen(np.unique(drawn, axis=0), 30)  # an epoch, each once
    self.assertFalse(np.isin(drawn, held).any())
    given = lambda key, step: (key, step)
    self.assertIs(_stage(data=given)[1].data, given)

  def test_a_measured_stage_draws_anew_for_each_example_but_not_each_time(self):
    measure = lambda params, example, key: {
        'value': params * example['x'],
        'drawn': jax.random.uniform(key),
    }
    stage = train.measured(
        lambda params, example, key: (params * example['x'], {}), measure,
        {'x': jnp.arange(6.0)}, name='measured', init=lambda _: jnp.float32(2),
        optimizer=optax.sgd(0.5), loop=train.Loop(4, 3, 2, log_every=2),
        data=train.examples.in_epochs({'x': jnp.arange(6.0)}, 3), seeds=(0, 1),
    )  # fmt: skip
    fitted = train.fit(self._run(), stage)
    history = fitted.history
    # Two epochs: every step goes down by half the mean of its rows.
    params = 2 - 0.5 * 2 * (2.5 + 2.5)
    np.testing.assert_allclose(history['value'][1][-1], params * 2.5, rtol=1e-6)
    drawn = history['drawn'][1]
    np.testing.assert_array_equal(drawn[0], drawn[-1])
    own = jax.random.fold_in(fitted.state.key[1], 2**31)
    keys = jax.random.split(own, 6)
    np.testing.assert_allclose(
        drawn[0, 1], jax.vmap(jax.random.uniform)(keys).mean(), rtol=1e-6
    )


if __name__ == '__main__':
  absltest.main()
