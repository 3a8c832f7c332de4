"""The unroll of immediate resets against scanning steps, in float64."""

import itertools
from typing import Literal

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import firing_unroll
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate

_N = 5
_RESETS: tuple[Literal['subtract', 'zero'], ...] = ('subtract', 'zero')
_RULES = [
    firing.Rule(
        surrogate=surrogate.arctan(),
        reset=reset,
        detach_reset=detach,
        reset_voltage=floor,
    )
    for reset, detach, floor in itertools.product(
        _RESETS, (True, False), (0.0, -0.3)
    )
] + [
    firing.Rule(reset='none'),
    firing.Rule(inhibition=True, at_threshold=True, graded_spikes=0.5),
]


class FiringUnrollTest(parameterized.TestCase):

  @parameterized.parameters(
      *((lif, rule, None) for rule in _RULES),
      (current_lif, _RULES[2], None),
      (current_lif, _RULES[-1], 4),
  )
  def test_values_and_gradients_equal_those_of_steps(
      self, family, rule, chunk_size
  ):
    self.assertTrue(firing_unroll.applies(rule))
    with jax.enable_x64(True):
      keys = jax.random.split(jax.random.key(0), 4)
      normal = lambda key, *shape: jax.random.normal(key, shape, jnp.float64)
      if family is lif:
        config = lif.Config(_N, gain='complement', rest_voltage=0.1, rule=rule)
        params = lif.Params(jnp.full(_N, 0.9), jnp.linspace(0.4, 0.9, _N))
        # Some start above their threshold, which resets nothing by itself.
        state = lif.State(2 * normal(keys[0], _N))
      else:
        config = current_lif.Config(_N, gain='complement', rule=rule)
        params = current_lif.Params(
            jnp.full(_N, 0.8), jnp.asarray(0.9), jnp.linspace(0.4, 0.9, _N)
        )
        state = current_lif.State(2 * normal(keys[0], _N), normal(keys[1], _N))
      xs = 1 + 5 * normal(keys[2], 23, _N)
      cotangent = normal(keys[3], 23, _N)

      def outcome(run):
        def total(params, state, xs):
          last, out = run(params, state, xs)
          ends = sum(jnp.sum(jnp.sin(leaf)) for leaf in last)
          return jnp.vdot(cotangent, out) + ends, (last, out)

        return jax.jit(jax.value_and_grad(total, (0, 1, 2), has_aux=True))(
            params, state, xs
        )

      step = lambda p: lambda s, x: family.step(p, s, x, config)
      expected = outcome(lambda p, s, xs: jax.lax.scan(step(p), s, xs))
      self.assertGreater(float(jnp.sum(expected[0][1][1])), 3)
      found = outcome(
          lambda p, s, xs: family.unroll(
              p, s, xs, config, chunk_size=chunk_size
          )
      )
      chex.assert_trees_all_close(found, expected, rtol=1e-11, atol=1e-11)


if __name__ == '__main__':
  absltest.main()
