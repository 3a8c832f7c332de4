"""Operation counts against closed forms and brute force."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import synaptic_operations as operations


class SynapticOperationsTest(parameterized.TestCase):

  def test_dense_layer_costs_spikes_times_fan_out(self):
    spikes = jnp.zeros((10, 4)).at[2, 1].set(1).at[7, 3].set(0.5)
    self.assertEqual(operations.synaptic_operations(spikes, 30), 60)
    fan_out = jnp.array([1.0, 2, 3, 4])
    self.assertEqual(operations.synaptic_operations(spikes, fan_out), 6)

  def test_neurons_that_always_fire_cost_a_dense_pass_a_step(self):
    count = operations.synaptic_operations(jnp.ones((7, 12)), 5)
    self.assertEqual(count, 7 * operations.dense_macs(12, 5))

  @parameterized.product(
      size=((5, 8), (6, 6)), kernel=((3, 3), (1, 4)), stride=(1, 2)
  )
  def test_fan_out_of_a_convolution_is_its_nonzero_outputs(
      self, size, kernel, stride
  ):
    def reached(place):
      x = jnp.zeros(size).at[place // size[1], place % size[1]].set(1)
      y = jax.lax.conv_general_dilated(
          x[None, :, :, None],
          jnp.ones((*kernel, 1, 3)),
          (stride, stride),
          'SAME',
          dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
      )
      return jnp.sum(y != 0)

    brute = jax.vmap(reached)(jnp.arange(size[0] * size[1])).reshape(size)
    got = operations.convolution_fan_out(size, kernel, 3, stride)
    np.testing.assert_array_equal(got, brute)
    self.assertEqual(
        operations.convolution_macs(size, kernel, 2, 3, stride), 2 * brute.sum()
    )

  def test_energy_is_linear_with_the_published_figures(self):
    self.assertAlmostEqual(float(operations.energy(10, 100)), 136, places=4)
    own = operations.energy(10, 100, mac_picojoules=1.0, ac_picojoules=0.0)
    self.assertEqual(own, 10)

  def test_cost_adds_layers_and_leaves_analogue_input_out_of_acs(self):
    first = jnp.zeros((10, 4)).at[0].set(1)
    second = jnp.zeros((10, 6)).at[:, 0].set(1)
    cost = operations.spiking_cost(
        (first, second), (6, 2), analogue_macs=10 * 8 * 4
    )
    self.assertEqual(cost.acs, 4 * 6 + 10 * 2)
    self.assertEqual(cost.macs, 320)
    self.assertAlmostEqual(float(cost.sparsity), 1 - 14 / 100, places=6)
    self.assertAlmostEqual(
        float(cost.picojoules), 320 * 4.6 + 44 * 0.9, delta=1e-2
    )

  def test_bad_shapes_are_refused(self):
    with self.assertRaisesRegex(ValueError, r'fan_out must be .*\(4,\)'):
      operations.synaptic_operations(jnp.ones((3, 4)), jnp.ones(3))
    with self.assertRaisesRegex(ValueError, 'a fan-out for each of 1 layers'):
      operations.spiking_cost((jnp.ones((3, 4)),), ())
    with self.assertRaisesRegex(ValueError, 'at least one step'):
      operations.spiking_cost((jnp.ones((0, 4)),), (2.0,))


if __name__ == '__main__':
  absltest.main()
