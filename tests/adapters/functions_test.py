"""Modules of flax as functions, in a stage of ours."""

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
from flax import linen
from flax import nnx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import adapters
from nmlib import train


class _Mlp(linen.Module):

  @linen.compact
  def __call__(self, x, deterministic=True):
    x = linen.relu(linen.Dense(8)(x))
    x = linen.Dropout(0.5)(x, deterministic=deterministic)
    return linen.Dense(1)(x)[..., 0]


class _NnxMlp(nnx.Module):

  def __init__(self, rngs):
    self.first = nnx.Linear(2, 8, rngs=rngs)
    self.dropout = nnx.Dropout(0.5)
    self.last = nnx.Linear(8, 1, rngs=rngs)

  def __call__(self, x, deterministic=True, rngs=None):
    x = nnx.relu(self.first(x))
    x = self.dropout(x, deterministic=deterministic, rngs=rngs)
    return self.last(x)[..., 0]


def _doors():
  shape = jax.ShapeDtypeStruct((2,), jnp.float32)
  yield 'linen', adapters.linen.functions(_Mlp(), shape)
  yield 'nnx', adapters.nnx.functions(_NnxMlp)


class FunctionsTest(parameterized.TestCase):

  @parameterized.named_parameters(*_doors())
  def test_trains_in_a_stage(self, model):
    def batch(key, step):
      xs = jax.random.normal(jax.random.fold_in(key, step), (16, 2))
      return xs, xs.sum(-1)

    stage = train.Stage(
        name='sum',
        loop=train.Loop(60, batch_size=16, steps_per_call=20, log_every=20),
        init=model.init,
        loss=lambda params, row, _: (
            (model.apply(params, row[0]) - row[1]) ** 2,
            {},
        ),
        optimizer=optax.adam(3e-2),
        data=batch,
        seeds=(0, 1),
    )
    run = train.Run(epath.Path(self.create_tempdir().full_path))
    fitted = train.fit(run, stage)
    losses = fitted.history['loss'][1]
    self.assertLess(losses[-1].max(), 0.1 * losses[0].min())
    _, state = train.restore(run, stage)
    leaves = jax.tree.leaves(state.params)
    sizes = sum(leaf[0].size for leaf in leaves)
    self.assertEqual(model.num_params(), sizes)

  @parameterized.named_parameters(*_doors())
  def test_key_is_the_stream_of_dropout(self, model):
    params = model.init(jax.random.key(0))
    x = jnp.ones(2)
    run = lambda seed: model.apply(
        params, x, key=jax.random.key(seed), deterministic=False
    )
    self.assertGreater(np.std([run(seed) for seed in range(8)]), 0.01)
    np.testing.assert_array_equal(run(3), run(3))

  def test_what_is_no_parameter_is_refused(self):
    shape = jax.ShapeDtypeStruct((4, 2), jnp.float32)
    norm = linen.BatchNorm(use_running_average=False)
    with self.assertRaisesRegex(ValueError, r"collections \['batch_stats'\]"):
      adapters.linen.functions(norm, shape)
    with self.assertRaisesRegex(ValueError, r"holds \['BatchStat'\]"):
      adapters.nnx.functions(lambda rngs: nnx.BatchNorm(2, rngs=rngs))


if __name__ == '__main__':
  absltest.main()
