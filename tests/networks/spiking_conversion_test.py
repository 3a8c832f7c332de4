"""Conversion of ReLU networks: bounds, equivalences, convergence."""

import functools

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import image_classifiers
from nmlib.networks import mlp
from nmlib.networks.spiking import spiking_conversion as conversion
from nmlib.neurons.spiking import convolution


def _random(seed, widths=(16, 64, 64, 10), num_inputs=200):
  """A random perceptron with biases, and uniform inputs."""
  keys = jax.random.split(jax.random.key(seed), len(widths) + 1)
  params = tuple(
      layer._replace(bias=0.1 * jax.random.normal(k, layer.bias.shape))
      for layer, k in zip(mlp.init(keys[0], widths), keys[2:], strict=True)
  )
  return params, jax.random.uniform(keys[1], (num_inputs, widths[0]))


class SpikingConversionTest(parameterized.TestCase):

  def test_first_layer_obeys_the_bound(self):
    params, x = _random(0)
    factors = conversion.scales(params, x)
    layers = conversion.normalize(params, factors)
    relu = jax.vmap(lambda x: conversion.activations(params, x)[0])(x)
    for steps in (5, 40):
      out = jax.vmap(
          lambda x: conversion.run(layers, x, steps, initial=0.0)  # noqa: B023
      )(x)
      rate = jnp.mean(out.hidden[0], 1)
      error = jnp.abs(rate * factors[0] - relu)
      # The bound, and float32 on the step where a membrane reaches theta.
      self.assertLessEqual(error.max(), factors[0] / steps * (1 + 1e-4))

  def test_error_halves_with_time_and_half_a_threshold_helps(self):
    params, x = _random(1)
    factors = conversion.scales(params, x)
    layers = conversion.normalize(params, factors)
    relu = jax.vmap(lambda x: conversion.activations(params, x))(x)

    @functools.partial(jax.jit, static_argnums=(0, 1))
    def error(steps, initial):
      run = lambda x: conversion.run(layers, x, steps, initial=initial)
      out = jax.vmap(run)(x)
      rate = jnp.mean(out.hidden[1], 1)
      same = jnp.argmax(out.charge, -1) == jnp.argmax(relu[-1], -1)
      return jnp.mean(jnp.abs(rate - relu[1] / factors[1])), jnp.mean(same)

    errors = [float(error(t, 0.0)[0]) for t in (64, 128, 256)]
    for longer, shorter in zip(errors[1:], errors[:-1], strict=True):
      self.assertBetween(longer / shorter, 0.4, 0.65)
    helped, agreement = error(256, 0.5)
    self.assertLess(helped, 0.7 * errors[-1])
    self.assertGreater(agreement, 0.95)

  def test_balanced_thresholds_fire_the_same_spikes(self):
    params, x = _random(2)
    factors = conversion.scales(params, x, percentile=99.9)
    normal = conversion.run(conversion.normalize(params, factors), x[0], 50)
    layers, thresholds = conversion.balance(params, factors)
    balanced = conversion.run(layers, x[0], 50, thresholds=thresholds)
    for a, b in zip(normal.hidden, balanced.hidden, strict=True):
      # All but the spikes that rounding moves by a step.
      self.assertLessEqual(np.mean(np.asarray(a) != np.asarray(b)), 2e-3)
      self.assertGreater(np.mean(a), 0.01)

  def test_normalized_activations_do_not_exceed_one(self):
    params, x = _random(3)
    layers = conversion.normalize(params, conversion.scales(params, x))
    for a in jax.vmap(lambda x: conversion.activations(layers, x))(x):
      self.assertLessEqual(a.max(), 1 + 1e-5)  # float32 rounding

  def test_few_steps_equal_the_quantised_activation(self):
    params, x = _random(4)
    factors = conversion.scales(params, x, percentile=90.0)  # some saturate
    layers = conversion.normalize(params, factors)
    out = jax.jit(jax.vmap(lambda x: conversion.run(layers, x, 4)))(x)
    rate = jnp.mean(out.hidden[0], 1)
    z = jax.vmap(conversion.dense, (None, 0))(params[0], x)
    np.testing.assert_allclose(
        rate * factors[0],
        conversion.clip_floor_shift(z, factors[0], 4),
        rtol=1e-6,
    )

  def test_quantised_activation_passes_gradients_inside_its_range(self):
    grad = jax.vmap(jax.grad(conversion.clip_floor_shift), (0, None, None))
    got = grad(jnp.array([-1.0, 0.3, 1.1, 3.0]), 2.0, 8)
    np.testing.assert_allclose(got, [0, 1, 1, 0], atol=1e-6)

  def test_folded_batch_norm_is_the_layer_and_the_norm(self):
    params, x = _random(5)
    y = jax.vmap(conversion.dense, (None, 0))(params[0], x)
    mean, variance = y.mean(0), y.var(0)
    scale = jnp.linspace(0.5, 2.0, 64)
    folded = conversion.fold_batch_norm(params[0], mean, variance, scale, 0.3)
    expected = (y - mean[None]) / jnp.sqrt(variance + 1e-5)[None]
    np.testing.assert_allclose(
        jax.vmap(conversion.dense, (None, 0))(folded, x),
        expected * scale[None] + 0.3,
        atol=2e-5,  # float32 sums of 16 products
    )

  def test_convolutions_convert(self):
    params = image_classifiers.init_convolutional(
        jax.random.key(0), (8, 8), 6, 16, 10
    )
    images = jax.random.uniform(jax.random.key(1), (20, 8, 8, 1))
    layers = (params.first, params.second, *params.dense)
    synapses = (
        image_classifiers.convolve,
        lambda layer, x: image_classifiers.convolve(layer, x, 2),
        lambda layer, x: conversion.dense(layer, x.reshape(-1)),
        conversion.dense,
    )
    every = jax.vmap(lambda x: conversion.activations(layers, x, synapses))
    logits = every(images)[-1]
    np.testing.assert_allclose(
        logits,
        jax.vmap(image_classifiers.convolutional, (None, 0))(
            params, images[..., 0]
        ),
        atol=1e-5,
    )
    factors = conversion.scales(layers, images, synapses=synapses)
    converted = conversion.normalize(layers, factors)
    out = jax.jit(
        jax.vmap(lambda x: conversion.run(converted, x, 400, synapses=synapses))
    )(images)
    same = jnp.argmax(out.charge, -1) == jnp.argmax(logits, -1)
    self.assertGreaterEqual(same.mean(), 0.9)
    # Charge approximates the logits, in units of the layer's lambda: a few
    # spikes of 400 in each of 512 inputs.
    gap = jnp.abs(out.charge - logits / factors[-1])
    self.assertLess(gap.max(), 0.1)

  def test_max_pool_passes_the_neuron_that_fired_most(self):
    counts = jnp.arange(16.0).reshape(4, 4, 1)
    spikes = jnp.zeros((4, 4, 1)).at[1, 1].set(1).at[2, 2].set(1)
    out = convolution.gated_max_pool(counts, spikes, 2)
    np.testing.assert_array_equal(out[..., 0], [[1, 0], [0, 0]])

  def test_bad_input_is_refused(self):
    params, x = _random(0)
    with self.assertRaisesRegex(ValueError, 'percentile must be in'):
      conversion.scales(params, x, percentile=0.0)
    with self.assertRaisesRegex(ValueError, 'num_steps must be at least 1'):
      conversion.run(params, x[0], 0)
    with self.assertRaisesRegex(ValueError, 'threshold for each of 3 layers'):
      conversion.run(params, x[0], 1, thresholds=(1.0,))
    with self.assertRaisesRegex(ValueError, 'window of 3 does not divide'):
      convolution.gated_max_pool(jnp.ones((4, 4, 1)), jnp.ones((4, 4, 1)), 3)


if __name__ == '__main__':
  absltest.main()
