"""Eight optimizer steps of two spiking layers, as snnTorch took them."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import losses as spike_loss
from nmlib.neurons.spiking.presets import snntorch
from nmlib.neurons.spiking.presets import snntorch_surrogates

_LAYERS = [
    snntorch.leaky(n, surrogate=snntorch_surrogates.fast_sigmoid())
    for n in (12, 3)
]


def _run(weights, xs):
  """Returns spikes of both layers for inputs [T, B, 12]."""
  spikes = []
  for i, layer in enumerate(_LAYERS):
    xs = xs @ weights[f'W{i + 1}'].T + weights[f'b{i + 1}'][None, None]
    params = lif.init(jax.random.key(0), layer)
    run = lambda x, layer=layer, params=params: lif.unroll(
        params, lif.initial_state(layer), x, layer
    )[1]
    xs = jax.vmap(run, 1, 1)(xs)
    spikes.append(xs)
  return spikes


class SpikingTrainingTest(parameterized.TestCase):

  # The fixture's tolerances, of the largest weight: Adam moves each entry by
  # the learning rate, whatever its size.
  @parameterized.parameters(
      ('adam', optax.adam(1e-2), 1e-5), ('sgd', optax.sgd(0.05, 0.9), 1e-3)
  )
  def test_losses_spikes_and_weights(self, name, optimizer, tolerance):
    path = (
        pathlib.Path(__file__).parents[2]
        / 'fixtures/snn_peers_training_trace.npz'
    )
    with np.load(path) as stored:
      trace = dict(stored)
    xs, labels = jnp.asarray(trace['x'], float), jnp.asarray(trace['y'])
    weights = {k: jnp.asarray(trace[k]) for k in ('W1', 'b1', 'W2', 'b2')}
    state = optimizer.init(weights)

    def loss(weights):
      spikes = _run(weights, xs)
      counts = jnp.stack([jnp.sum(s) for s in spikes])
      each = jax.vmap(spike_loss.ce_count, (1, 0))(spikes[-1], labels)
      return jnp.mean(each), counts

    for i in range(8):
      (value, counts), grads = jax.value_and_grad(loss, has_aux=True)(weights)
      np.testing.assert_allclose(value, trace[f'{name}/losses'][i], rtol=1e-6)
      np.testing.assert_array_equal(counts, trace[f'{name}/spike_counts'][i])
      if i == 0:
        for key, grad in grads.items():
          expected = trace[f'{name}/grad0_{key}']
          reach = 1e-4 * np.abs(expected).max()
          np.testing.assert_allclose(grad, expected, atol=reach)
      updates, state = optimizer.update(grads, state)
      weights = jax.tree.map(jnp.add, weights, updates)
    final = {
        key: trace[f'{name}/final_{key}'] for key in ('W1', 'b1', 'W2', 'b2')
    }
    reach = tolerance * max(np.abs(value).max() for value in final.values())
    for key, expected in final.items():
      np.testing.assert_allclose(
          weights[key], expected, rtol=0, atol=reach, err_msg=key
      )


if __name__ == '__main__':
  absltest.main()
