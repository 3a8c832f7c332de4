"""Networks on trials: the numbers of one trial at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nmlib.analysis import laziness
from nmlib.analysis import similarity
from nmlib.networks import trial_network
from nmlib.neurons.initializers import dale
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


@pytest.mark.parametrize('last', (True, False))
@pytest.mark.parametrize('model', (rnn, gru))
def test_learnt_compares_weights_rates_and_kernels_of_all_outputs(model, last):
  config = model.Config(num_inputs=3, num_units=6, num_outputs=4)
  start, other = (model.init(jax.random.key(s), config) for s in range(2))
  inputs = jax.random.normal(jax.random.key(2), (5, 7, 3))
  labels = jax.random.randint(jax.random.key(3), (5, 7), 0, 4)
  measure = lambda after: trial_network.learnt(
      after, start, (inputs, labels), config, last=last, kernel_trials=2
  )
  same = measure(start)
  assert same['weight_change'] == 0
  for name in ('kernel_alignment', 'representation_alignment'):
    np.testing.assert_allclose(same[name], 1, rtol=1e-5)  # float32

  def logits(params, recurrent):
    own = params._replace(recurrent=recurrent)
    found, _ = trial_network.outputs(own, inputs[:2], config)
    return found[:, -1 if last else 0 :].T  # [B, T, outputs]

  kernels = [
      laziness.tangent_kernel_dense(lambda w, p=p: logits(p, w), p.recurrent)
      for p in (other, start)
  ]
  found = measure(other)
  np.testing.assert_allclose(
      found['kernel_alignment'],
      similarity.kernel_alignment(*kernels),
      rtol=1e-5,  # float32
  )
  ends = trial_network.outputs(other, inputs, config)[0][:, -1]
  right = np.argmax(ends, 0) == labels[:, -1]
  np.testing.assert_allclose(found['accuracy'], right.mean())


@pytest.mark.parametrize('neuron', ('rnn', 'gru'))
def test_columns_keep_the_sign_that_they_start_with(neuron):
  config = trial_network.configured(neuron, 3, 6, 4, gain=0.5)
  assert config == {'rnn': rnn, 'gru': gru}[neuron].Config(3, 6, 4, gain=0.5)
  draw = jax.random.normal(jax.random.key(0), (6, 6))
  signs = jnp.array([1, 1, -1, 1, -1, 0])
  matrix = jnp.where(signs[None] == 0, draw, jnp.abs(draw) * signs[None])
  start = trial_network.init(jax.random.key(1), config, matrix)
  step = 2 * jax.random.normal(jax.random.key(2), start.recurrent.shape)
  moved = start._replace(recurrent=start.recurrent + step)
  kept = trial_network.keep_dale(moved, start)
  for block, free in zip(
      kept.recurrent.reshape(-1, 6, 6),
      moved.recurrent.reshape(-1, 6, 6),
      strict=True,
  ):
    np.testing.assert_array_equal(block, dale.project(free, signs))
    assert (block != free).any()
    np.testing.assert_array_equal(block[:, 5], free[:, 5])
