"""The detector with learned delays: what it adds to its synapses."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import delay_detector
from nmlib.neurons.delays import learnable

_CONFIG = learnable.Config(3, 2, 5, interpolation='gaussian')


def test_at_first_it_expects_motifs_at_their_rate():
  params = delay_detector.init(jax.random.key(0), _CONFIG, 0.02)
  silent = delay_detector.logits(params, jnp.zeros((7, 3)), _CONFIG)
  np.testing.assert_allclose(jax.nn.sigmoid(silent), 0.02, rtol=1e-5)
  assert (params.synapse.weight >= 0).all()


def test_spikes_add_up_where_their_delays_bring_them_together():
  delay = jnp.array([[0, 5], [2, 5], [4, 5]], float)[None]
  synapse = learnable.Params(jnp.ones((1, 3, 2)), delay)
  params = delay_detector.Params(synapse, jnp.array([-2.0, 0.0]))
  spikes = jnp.zeros((9, 3))
  spikes = spikes.at[jnp.array([6, 4, 2]), jnp.arange(3)].set(1.0)
  # A spread of 0.01 steps is a whole delay.
  found = delay_detector.logits(params, spikes, _CONFIG, 0.01)
  np.testing.assert_allclose(found[:, 0], [-2] * 6 + [1] + [-2] * 2, atol=1e-6)
  assert found[6, 1] == 0
  np.testing.assert_allclose(found[7, 1], 1.0, atol=1e-6)  # 2 + 5


def test_projection_brings_delays_back():
  params = delay_detector.init(jax.random.key(0), _CONFIG, 0.02)
  away = params.synapse.delay.at[0, 0].set(jnp.array([-1.0, 6.0]))
  params = params._replace(synapse=params.synapse._replace(delay=away))
  found = delay_detector.project(params, _CONFIG)
  np.testing.assert_array_equal(found.synapse.delay[0, 0], [0, 5])
  np.testing.assert_array_equal(found.synapse.delay[0, 1:], away[0, 1:])
  np.testing.assert_array_equal(found.bias, params.bias)
