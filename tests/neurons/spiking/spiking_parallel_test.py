"""Parallel forms over time: equal to steps where nothing resets."""

import typing

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking.presets import norse

_FREE = firing.Rule(reset='none')
_EARLY = firing.Rule(reset='none', reset_time='delayed', emission='before')
_CELLS = (
    ('lif', lif, lif.Config(5, rule=_FREE)),
    (
        'lif_at_rest',
        lif,
        lif.Config(5, 0.8, gain='complement', rest_voltage=-0.5, rule=_EARLY),
    ),
    (
        'lif_of_many_constants',
        lif,
        lif.Config(
            5, heterogeneous=True, spread=0.5, logit_decay=True, rule=_FREE
        ),
    ),
    *(
        (
            f'current_{order}',
            current_lif,
            current_lif.Config(5, current_order=order, rule=_FREE),
        )
        for order in typing.get_args(current_lif.Order)
    ),
    ('readout', leaky_readout, leaky_readout.Config(5)),
    ('readout_norse', leaky_readout, norse.li_cell(5, v_leak=0.3)),
)


class SpikingParallelTest(parameterized.TestCase):

  @parameterized.named_parameters(*_CELLS)
  def test_equals_unroll(self, cell, config):
    with jax.enable_x64(True):
      params = cell.init(jax.random.key(0), config)
      double = lambda tree: jax.tree.map(
          lambda a: jnp.asarray(a, jnp.float64), tree
      )
      params, state = double(params), double(cell.initial_state(config))
      xs = jax.random.normal(jax.random.key(1), (37, 5), jnp.float64)
      # Start in the middle, so that the state counts.
      state, _ = cell.unroll(params, state, xs[:9], config)

      def run(unroll):
        def total(xs):
          end, out = unroll(params, state, xs, config)
          return jnp.sum(out * jnp.cos(jnp.arange(28.0))[:, None]), (end, out)

        return jax.value_and_grad(total, has_aux=True)(xs[9:])

      (_, expected), slope = run(cell.unroll)
      (_, found), parallel_slope = run(cell.unroll_parallel)
      # Sums of 28 terms in another order, in double precision.
      chex.assert_trees_all_close(found, expected, atol=1e-12)
      np.testing.assert_allclose(parallel_slope, slope, atol=1e-11)

  @parameterized.named_parameters(*_CELLS)
  def test_no_steps_change_nothing(self, cell, config):
    params = cell.init(jax.random.key(0), config)
    state = cell.initial_state(config)
    last, out = cell.unroll_parallel(params, state, jnp.zeros((0, 5)), config)
    chex.assert_trees_all_equal(last, state)
    self.assertEqual(out.shape, (0, 5))

  @parameterized.parameters(lif, current_lif)
  def test_a_reset_is_refused(self, cell):
    config = cell.Config(3)
    params = cell.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, "must be 'none', got 'subtract'"):
      cell.unroll_parallel(
          params, cell.initial_state(config), jnp.zeros((4, 3)), config
      )


if __name__ == '__main__':
  absltest.main()
