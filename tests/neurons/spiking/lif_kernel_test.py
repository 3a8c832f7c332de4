"""The LIF kernel, in interpret mode, against the plain unroll."""

from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import lif_kernel
from nmlib.neurons.spiking.presets import snntorch
from nmlib.neurons.spiking.presets import spikingjelly
from nmlib.neurons.spiking.presets import spyx
from tests.neurons import devices

_CONFIGS = (
    ('plain', lif.Config(5)),
    ('snntorch', snntorch.leaky(5)),
    ('snntorch_zero', snntorch.leaky(5, reset_mechanism='zero')),
    ('spikingjelly', spikingjelly.lif_node(5)),
    ('spyx', spyx.lif(5)),
    ('two_blocks', lif.Config(130, heterogeneous=True, spread=0.3)),
    ('logit', spikingjelly.parametric_lif_node(5)),
    ('never_resets', lif.Config(5, rule=firing.Rule(reset='none'))),
)


class LifKernelTest(parameterized.TestCase):

  @parameterized.named_parameters(*_CONFIGS)
  def test_spikes_state_and_gradients_equal_unroll(self, config):
    params = lif.init(jax.random.key(0), config)
    state = lif.State(
        0.3 * jax.random.normal(jax.random.key(1), (config.num_units,))
    )
    xs = 1.0 + 1.5 * jax.random.normal(
        jax.random.key(2), (12, config.num_units)
    )

    def run(backend):
      def loss(params, state, xs):
        end, spikes = lif_kernel.unroll(
            params, state, xs, config, backend=backend, interpret=True
        )
        phase = jnp.arange(12.0)[:, None]
        return jnp.sum(jnp.sin(spikes + phase)) + jnp.sum(end.voltage**2), (
            end,
            spikes,
        )

      return jax.value_and_grad(loss, (0, 1, 2), has_aux=True)(
          params, state, xs
      )

    (_, (end, spikes)), grads = run('tpu')
    (_, expected), expected_grads = run('xla')
    chex.assert_trees_all_equal(spikes, expected[1])
    self.assertGreater(float(spikes.sum()), 0)
    # Float32; the compiler may fuse a product with a sum.
    chex.assert_trees_all_close(end, expected[0], atol=1e-6)
    chex.assert_trees_all_close(grads, expected_grads, rtol=1e-4, atol=1e-5)

  def test_maps_over_a_batch(self):
    config = lif.Config(6)
    params = lif.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (3, 7, 6))
    run = lambda backend: jax.vmap(
        lambda x: lif_kernel.unroll(
            params,
            lif.initial_state(config),
            x,
            config,
            backend=backend,
            interpret=True,
        )
    )(xs)
    chex.assert_trees_all_close(run('tpu'), run('xla'), atol=1e-6)

  @parameterized.parameters(
      ('gpu', 2049, False, True),
      ('tpu', 2048, False, True),
      ('tpu', 2049, False, False),
      ('gpu', 8, True, False),
      ('cpu', 8, False, False),
  )
  def test_auto_takes_the_kernel_where_it_serves(
      self, platform, length, inhibition, kernel
  ):
    config = snntorch.leaky(4, inhibition=inhibition)
    params = lif.init(jax.random.key(0), config)
    with mock.patch.object(jax, 'default_backend', lambda: platform):
      traced = jax.make_jaxpr(
          lambda xs: lif_kernel.unroll(
              params, lif.initial_state(config), xs, config
          )
      )(jax.ShapeDtypeStruct((length, 4), jnp.float32))
    self.assertEqual('pallas_call' in str(traced), kernel)

  def test_lowers_for_a_gpu(self):
    config = snntorch.leaky(256)

    def loss(params, state, xs):
      _, spikes = lif_kernel.unroll(params, state, xs, config, backend='gpu')
      return jnp.sum(spikes)

    shapes = jax.eval_shape(
        lambda: (
            lif.init(jax.random.key(0), config),
            lif.initial_state(config),
            jnp.zeros((1000, 256)),
        )
    )
    gradient = jax.jit(jax.grad(loss, argnums=(0, 1, 2)))
    with jax.sharding.use_abstract_mesh(devices.gpu_mesh()):
      lowered = gradient.trace(*shapes).lower(lowering_platforms=('cuda',))
    # Forward and backward.
    self.assertEqual(lowered.as_text().count('xla.gpu.triton'), 2)

  def test_lowers_for_a_tpu(self):
    config = snntorch.leaky(256)

    def loss(params, state, xs):
      _, spikes = lif_kernel.unroll(params, state, xs, config, backend='tpu')
      return jnp.sum(spikes)

    shapes = jax.eval_shape(
        lambda: (
            lif.init(jax.random.key(0), config),
            lif.initial_state(config),
            jnp.zeros((1000, 256)),
        )
    )
    gradient = jax.jit(jax.grad(loss, argnums=(0, 1, 2)))
    lowered = gradient.trace(*shapes).lower(lowering_platforms=('tpu',))
    # Forward and backward.
    self.assertEqual(lowered.as_text().count('tpu_custom_call'), 2)

  def test_refused(self):
    config = snntorch.leaky(3, inhibition=True)
    args = (
        lif.init(jax.random.key(0), config),
        lif.initial_state(config),
        jnp.zeros((2, 3)),
        config,
    )
    with self.assertRaisesRegex(ValueError, 'inhibition connects them'):
      lif_kernel.unroll(*args, backend='gpu')
    with self.assertRaisesRegex(ValueError, "got 'cuda'"):
      lif_kernel.unroll(*args, backend='cuda')


if __name__ == '__main__':
  absltest.main()
