"""Training on a frozen base, at several learning rates."""

from absl.testing import absltest
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train
from nmlib.train import frozen


class FrozenTest(absltest.TestCase):

  def _stage(self, rates, num_steps=30):
    return frozen.on_base(
        'adapt',
        train.Loop(num_steps),
        init=lambda key, base: {'w': base * 0 + jax.random.normal(key)},
        loss=lambda params, base, batch, step: jnp.mean(
            (params['w'] + base - batch) ** 2
        )
        * (1 + 0 * step),
        data=lambda key, step: jax.random.normal(
            jax.random.fold_in(key, step), (4,)
        ),
        rates=rates,
        bases=jnp.array([1.0, -2.0]),
        seeds=(3, 5),
    )

  def test_every_rate_trains_as_it_would_alone(self):
    run = train.Run(epath.Path(self.create_tempdir().full_path))
    rates = (0.01, 0.1, 0.3)
    state = train.fit(run, self._stage(rates)).state
    np.testing.assert_array_equal(state.base[:, 0], [1.0, -2.0])
    for s, (seed, base) in enumerate(((3, 1.0), (5, -2.0))):
      init_key, key = jax.random.split(jax.random.key(seed))
      for r, rate in enumerate(rates):
        optimizer = optax.adam(rate)
        w = jnp.float32(jax.random.normal(init_key))
        moments = optimizer.init(w)
        for step in range(30):
          batch = jax.random.normal(jax.random.fold_in(key, step), (4,))
          gradient = 2 * jnp.mean(w + base - batch)
          update, moments = optimizer.update(gradient, moments)
          w = w + update
        np.testing.assert_allclose(
            state.params['w'][s, r], w, rtol=1e-4, atol=1e-5
        )

  def test_choice_is_the_best_in_the_mean_over_seeds(self):
    params = {'w': jnp.array([[0.0, 3.0, 5.0], [4.0, 3.0, 0.0]])}
    bases = jnp.array([0.0, 10.0])
    best, index = frozen.choose(lambda p, base: p['w'] + base, params, bases)
    self.assertEqual(index, 1)
    np.testing.assert_array_equal(best['w'], [3.0, 3.0])
    _, index = frozen.choose(lambda p, _: -p['w'], params)
    self.assertEqual(index, 0)


if __name__ == '__main__':
  absltest.main()
