"""Encoders, readouts and losses: snnTorch's numbers and closed forms."""

import functools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import encoding as spike_encoding
from nmlib.neurons.spiking import losses as spike_loss

_FIXTURE = pathlib.Path(__file__).parents[2] / (
    'fixtures/snn_peers_encoders_losses.npz'
)
_LATENCY = {
    'log': {},
    'log_norm': {'normalize': True},
    'log_norm_clip': {'normalize': True, 'clip': True, 'threshold': 0.1},
    'lin_norm': {'normalize': True, 'linear': True},
    'lin_norm_clip': {
        'normalize': True,
        'linear': True,
        'clip': True,
        'threshold': 0.1,
    },
    'log_first3': {'normalize': True, 'first_spike': 3},
}


class SpikeCodingTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    with np.load(_FIXTURE) as stored:
      self.stored = dict(stored)

  def test_every_entry_of_the_fixture_is_compared(self):
    names = {k.rpartition('/')[0] for k in self.stored}
    self.assertEqual(
        names - {''},
        {'latency_spk', 'latency_code', 'delta', 'loss', 'loss_grad'}
        | {'acc', 'reg'},
    )
    latencies = {k for k in self.stored if k.startswith('latency_spk/')}
    self.assertEqual(latencies, {f'latency_spk/{name}' for name in _LATENCY})
    self.assertLen([k for k in self.stored if k.startswith('delta/')], 8)
    self.assertLen([k for k in self.stored if k.startswith('loss/')], 6)

  @parameterized.parameters(*_LATENCY)
  def test_latency_equals_snntorch(self, name):
    options: dict[str, Any] = dict(_LATENCY[name])
    data = jnp.asarray(self.stored['data'])
    spikes = spike_encoding.latency(data, 20, tau=5.0, **options)
    np.testing.assert_array_equal(spikes, self.stored[f'latency_spk/{name}'])
    clip = options.pop('clip', False)
    times = spike_encoding.spike_times(data, 20, tau=5.0, **options)
    keep = np.asarray(data >= options.get('threshold', 0.01)) | (not clip)
    expected = self.stored[f'latency_code/{name}']
    # The logarithm cancels near the threshold in float32.
    np.testing.assert_allclose(times[keep], expected[keep], rtol=0, atol=0.05)

  @parameterized.product(
      threshold=(0.1, 0.2), pad=(True, False), off=(True, False)
  )
  def test_delta_equals_snntorch(self, threshold, pad, off):
    out = spike_encoding.delta(
        jnp.asarray(self.stored['signal']),
        threshold=threshold,
        from_zero=not pad,
        off_spikes=off,
    )
    name = f'delta/th{threshold}_pad{pad:d}_off{off:d}'
    np.testing.assert_array_equal(out, self.stored[name])

  @parameterized.parameters(
      ('ce_rate', 'spk_out'),
      ('ce_count', 'spk_out'),
      ('ce_max_membrane', 'mem_out'),
      ('mse_count', 'spk_out'),
      ('mse_membrane', 'mem_out'),
  )
  def test_losses_equal_snntorch(self, name, source):
    x = jnp.asarray(self.stored[source], jnp.float32)
    one = getattr(spike_loss, name)
    if name == 'mse_count':
      one = functools.partial(one, correct_rate=0.8, incorrect_rate=0.2)
    loss = lambda x: jnp.mean(
        jax.vmap(one, (1, 0))(x, jnp.asarray(self.stored['targets'], jnp.int32))
    )
    value, slope = jax.value_and_grad(loss)(x)
    # Means of some 600 float32 numbers.
    np.testing.assert_allclose(value, self.stored[f'loss/{name}'], rtol=1e-5)
    np.testing.assert_allclose(
        slope, self.stored[f'loss_grad/{name}'], rtol=1e-4, atol=1e-7
    )

  def test_population_loss_equals_snntorch(self):
    labels = jnp.asarray(self.stored['targets'], jnp.int32)

    def loss(x):
      one = functools.partial(spike_loss.ce_count, num_classes=5)
      return jnp.mean(jax.vmap(one, (1, 0))(x, labels))

    x = jnp.asarray(self.stored['spk_out_pop'], jnp.float32)
    value, slope = jax.value_and_grad(loss)(x)
    expected = self.stored['loss/ce_count_pop']
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(
        slope, self.stored['loss_grad/ce_count_pop'], rtol=1e-4, atol=1e-7
    )

  def test_accuracies_and_sparsity_equal_snntorch(self):
    spikes, targets = self.stored['spk_out'], self.stored['targets']
    over = lambda f, x: jax.vmap(f, 1)(jnp.asarray(x, jnp.float32))
    by_rate = np.argmax(over(spike_loss.count, spikes), -1)
    by_time = np.argmin(over(spike_loss.first_spike, spikes), -1)
    block = lambda x: spike_loss.population_count(x, 5)
    by_block = np.argmax(over(block, self.stored['spk_out_pop']), -1)
    for name, guess in (
        ('rate', by_rate),
        ('temporal', by_time),
        ('rate_pop', by_block),
    ):
      self.assertAlmostEqual(
          np.mean(guess == targets), float(self.stored[f'acc/{name}'])
      )
    total = 1e-3 * spike_loss.rate_l1(jnp.asarray(spikes, jnp.float32))
    np.testing.assert_allclose(
        total * spikes.size, self.stored['reg/l1_rate_sparsity'], rtol=1e-5
    )

  def test_poisson_has_mean_and_variance_of_a_coin(self):
    rates = jnp.array([0.0, 0.1, 0.5, 1.0])
    spikes = spike_encoding.poisson(jax.random.key(0), rates, 20_000)
    # Four standard errors of 20,000 coins: 0.015.
    np.testing.assert_allclose(spikes.mean(0), rates, atol=0.015)
    np.testing.assert_allclose(spikes.var(0), rates * (1 - rates), atol=0.015)

  def test_soft_first_spike_is_the_first_spike(self):
    spikes = jax.random.bernoulli(jax.random.key(0), 0.2, (30, 6)).astype(float)
    spikes = spikes.at[-1].set(1.0)  # each fires at last
    np.testing.assert_array_equal(
        spike_loss.soft_first_spike(spikes), spike_loss.first_spike(spikes)
    )

  def test_rank_phase_burst_and_population_codes(self):
    data = jnp.array([0.2, 0.9, 0.5])
    order = spike_loss.first_spike(spike_encoding.rank_order(data, 3))
    np.testing.assert_array_equal(order, [2, 0, 1])
    bits = spike_encoding.phase(jnp.array([0.625]), 8, bits=4)
    np.testing.assert_array_equal(bits[:, 0], [1, 0, 1, 0] * 2)
    counts = spike_encoding.burst(jnp.array([0.0, 0.5, 1.0]), 20).sum(0)
    np.testing.assert_array_equal(counts, [0, 3, 5])
    tuned = spike_encoding.population(jnp.array([0.5]), 5)
    self.assertEqual(int(jnp.argmax(tuned[0])), 2)
    around = spike_encoding.population(jnp.array([0.99]), 4, circular=True)
    self.assertEqual(int(jnp.argmax(around[0])), 0)
    self.assertEqual(spike_encoding.direct(data, 7).shape, (7, 3))

  def test_regularisers_are_zero_inside_their_bounds(self):
    spikes = jnp.zeros((10, 2)).at[:5, 0].set(1.0)
    np.testing.assert_allclose(
        spike_loss.rate_lower(spikes, 0.1), 0.1**2 / 2, rtol=1e-6
    )
    self.assertEqual(float(spike_loss.rate_upper(spikes, 0.3)), 0)
    np.testing.assert_allclose(
        spike_loss.rate_upper(spikes, 0.2), 0.05**2, rtol=1e-6
    )
    np.testing.assert_allclose(spike_loss.rate_l2(spikes), 0.125)
    self.assertEqual(float(spike_loss.membrane_bound(spikes, 0, 1)), 0)

  @parameterized.parameters(
      (spike_loss.ce_count,),
      (spike_loss.ce_rate,),
      (spike_loss.ce_max_membrane,),
      (spike_loss.ce_temporal,),
      (spike_loss.mse_count,),
      (spike_loss.mse_membrane,),
      (spike_loss.mse_temporal,),
  )
  def test_a_label_that_is_no_class_is_refused(self, loss):
    for label in (jnp.array(3), -1):
      with self.assertRaisesRegex(
          ValueError, r'label must be in \[0, 3\), got'
      ):
        loss(jnp.zeros((4, 3)), label)
    with self.assertRaisesRegex(
        ValueError, r'label must be \[\], got shape \[2\]'
    ):
      loss(jnp.zeros((4, 3)), jnp.zeros(2, int))

  def test_codes_of_numpy_numbers_are_float32(self):
    data: Any = np.array([0.2, 0.9, 0.5])
    whole: Any = np.array([0, 1])
    for out in (
        spike_encoding.poisson(jax.random.key(0), data, 4),
        spike_encoding.latency(data, 4),
        spike_encoding.delta(data),
        spike_encoding.rank_order(data, 4),
        spike_encoding.population(data, 3),
        spike_encoding.phase(data, 4),
        spike_encoding.burst(data, 4),
        spike_encoding.direct(data, 4),
        spike_encoding.direct(whole, 4),
    ):
      self.assertEqual(out.dtype, jnp.float32)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'cannot be shared among 3'):
      spike_loss.population_count(jnp.zeros((4, 10)), 3)
    with self.assertRaisesRegex(ValueError, 'tau > 0'):
      spike_encoding.spike_times(jnp.zeros(3), 10, tau=0.0)
    with self.assertRaisesRegex(ValueError, 'at least 2 neurons'):
      spike_encoding.population(jnp.zeros(3), 1)


if __name__ == '__main__':
  absltest.main()
