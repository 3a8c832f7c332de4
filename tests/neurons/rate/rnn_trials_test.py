"""Trials side by side: the numbers of one at a time, in fewer products."""

import dataclasses
import re

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp

from nmlib.neurons.rate import rnn
from nmlib.neurons.rate import rnn_trials

_CONFIGS = [
    rnn.Config(3, 7, 2, form=form, activation=f, time_step=step)
    for form, f, step in (
        ('rate', 'relu', 100.0),
        ('rate', 'softplus', 40.0),
        ('current', 'relu', 40.0),
        ('current', 'softplus', 40.0),
        ('current', 'tanh', 100.0),
    )
]


def _vmapped(params, xs, config):
  """Returns the same from `rnn.unroll`, a trial at a time."""
  state = rnn.initial_state(config)
  run = lambda x: rnn.unroll(params, state, x, config)[1]
  outputs = jax.vmap(run, out_axes=-1)(xs)  # [T, units, B]
  return jax.tree.map(lambda y: y.swapaxes(0, 1), outputs)


def _measured(unroll):
  def value(params, xs, config):
    outputs = unroll(params, xs, config)
    return jnp.sum(jnp.sin(outputs.logits)) + jnp.sum(outputs.rates**2)

  return value


class RnnTrialsTest(parameterized.TestCase):

  @parameterized.parameters(*_CONFIGS)
  def test_equals_one_trial_at_a_time_to_the_second_derivative(self, config):
    with jax.enable_x64(True):
      config = dataclasses.replace(config, param_dtype='float64')
      params = rnn.init(jax.random.key(0), config)
      xs = jax.random.normal(jax.random.key(1), (5, 6, 3), jnp.float64)
      along = jax.tree.map(jnp.ones_like, params)
      found = []
      for unroll in (rnn_trials.unroll, _vmapped):
        gradient = jax.grad(_measured(unroll), (0, 1))
        turning = jax.jvp(
            lambda p, g=gradient: g(p, xs, config)[0], (params,), (along,)
        )[1]
        found.append(
            (
                unroll(params, xs, config),
                gradient(params, xs, config),
                turning,
            )
        )
      # Float64, sums in another order.
      chex.assert_trees_all_close(*found, rtol=1e-9, atol=1e-10)

  def test_many_networks(self):
    config = rnn.Config(3, 6, 2)
    params = jax.vmap(lambda key: rnn.init(key, config))(
        jax.random.split(jax.random.key(0), 4)
    )
    xs = jax.random.normal(jax.random.key(1), (5, 6, 3))
    of = lambda unroll: jax.vmap(
        jax.grad(_measured(unroll)), in_axes=(0, None, None)
    )(params, xs, config)
    # Float32, sums in another order.
    chex.assert_trees_all_close(
        of(rnn_trials.unroll), of(_vmapped), rtol=1e-4, atol=1e-5
    )

  def test_the_recurrent_gradient_is_one_product(self):
    config = rnn.Config(3, 40, 2)
    params = rnn.init(jax.random.key(0), config)
    xs = jnp.ones((6, 8, 3))

    def products(unroll):
      gradient = jax.jit(lambda p: jax.grad(_measured(unroll))(p, xs, config))
      text = str(gradient.lower(params).as_text())
      return len(re.findall(r'dot_general.*-> tensor<40x40xf32>', text))

    self.assertEqual(products(rnn_trials.unroll), 1)


if __name__ == '__main__':
  absltest.main()
