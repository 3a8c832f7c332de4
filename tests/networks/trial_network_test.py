"""Networks on trials: the numbers of one trial at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nmlib.networks import trial_network
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import rnn


@pytest.mark.parametrize('last', (True, False))
@pytest.mark.parametrize('model', (rnn, gru))
def test_loss_and_gradient_are_means_over_trials(model, last):
  config = model.Config(num_inputs=3, num_units=6, num_outputs=4)
  params = model.init(jax.random.key(0), config)
  inputs = jax.random.normal(jax.random.key(1), (5, 7, 3))
  labels = jax.random.randint(jax.random.key(2), (5, 7), 0, 4)

  def alone(params):
    losses = []
    for x, y in zip(inputs, labels, strict=True):
      state = model.initial_state(config)
      logits = []
      for x_t in x:
        state, output = model.step(params, state, x_t, config)
        logits.append(output.logits)
      chosen = slice(-1, None) if last else slice(None)
      losses.append(
          optax.losses.softmax_cross_entropy_with_integer_labels(
              jnp.stack(logits)[chosen], y[chosen]
          ).mean()
      )
    return jnp.stack(losses).mean()

  value, grads = jax.jit(
      jax.value_and_grad(
          lambda p: trial_network.loss(p, (inputs, labels), config, last=last)
      )
  )(params)
  expected, slopes = jax.jit(jax.value_and_grad(alone))(params)
  # Float32, sums over trials in another order.
  np.testing.assert_allclose(value, expected, rtol=1e-5)
  for got, slope in zip(grads, slopes, strict=True):
    np.testing.assert_allclose(got, slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('model', (rnn, gru))
def test_outputs_put_units_first_and_trials_last(model):
  config = model.Config(num_inputs=3, num_units=6, num_outputs=4)
  params = model.init(jax.random.key(0), config)
  inputs = jax.random.normal(jax.random.key(1), (5, 7, 3))
  logits, rates = trial_network.outputs(params, inputs, config)
  assert logits.shape == (4, 7, 5)
  assert rates.shape == (6, 7, 5)
  state = model.initial_state(config)
  _, third = model.unroll(params, state, inputs[3], config)
  np.testing.assert_allclose(rates[:, :, 3].T, third.rates, atol=1e-6)
  np.testing.assert_allclose(logits[:, :, 3].T, third.logits, atol=1e-6)
