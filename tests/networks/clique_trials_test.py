"""What a network of cliques does when it is left alone, and with images."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import clique_network
from nmlib.networks import clique_trials
from nmlib.plasticity import transition_learning

_RULES = {
    'covariance': transition_learning.Covariance(),
    'diffusive': transition_learning.Diffusive(),
}


def _config(rule='covariance'):
  return clique_network.Config(
      10, 25, recovery=0.015, depletion=0.04, dt=0.25, rule=_RULES[rule]
  )


class AloneTest(absltest.TestCase):

  def test_is_the_network_in_silence_now_and_then(self):
    config = _config()
    whole = clique_trials.alone(jax.random.key(1), 11, config)
    self.assertEqual(whole.shape, (11, 20))
    some = clique_trials.alone(jax.random.key(1), 11, config, every=4)
    np.testing.assert_allclose(some, whole[::4], atol=1e-6)
    other = clique_trials.alone(jax.random.key(2), 11, config)
    self.assertFalse(np.allclose(other, whole))


class ShowTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.pixels = jnp.zeros(25).at[:5].set(1)
    self.start = clique_network.initial_state(_config())

  @parameterized.product(rule=['covariance', 'diffusive'], pause=[0, 7, 12])
  def test_an_image_and_then_nothing(self, rule, pause):
    """As the network's own `unroll` on the same input."""
    config = _config(rule)
    params = clique_network.init(jax.random.key(0), config)
    found = clique_trials.show(
        params, self.start, self.pixels, pause, config, on=9, longest=12
    )
    time = jnp.arange(9 + pause)[:, None]
    xs = jnp.where(time < 9, self.pixels[None], 0)
    expected, xs = clique_network.unroll(params, self.start, xs, config)
    for one, other in zip(found.state, expected, strict=True):
      np.testing.assert_allclose(one, other, atol=1e-5)
    winners = clique_network.winner(xs[:9], config)
    self.assertEqual(found.winner, winners[-1])
    np.testing.assert_allclose(found.whole, np.mean(winners >= 0))
    self.assertGreater(float(jnp.abs(found.state.afferent_change).max()), 0)

  def test_a_clique_that_is_whole_stays_so_and_wins(self):
    config = _config()
    params = clique_network.init(jax.random.key(0), config)
    members = clique_network.cliques(config)[3]
    state = self.start._replace(
        activity=jnp.full(20, 0.01).at[members].set(0.97),
        reservoir=jnp.ones(20),
    )
    found = clique_trials.show(
        params, state, self.pixels, 2, config, on=4, longest=5, learns=False
    )
    self.assertEqual(found.winner, 3)
    self.assertEqual(found.whole, 1)
    np.testing.assert_array_equal(found.state.afferent_change, 0)

  @parameterized.parameters((0, 1, 2), (3, 3, 2), (3, -1, 2))
  def test_refuses(self, on, pause, longest):
    config = _config()
    params = clique_network.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, f'on={on}, pause={pause} and'):
      clique_trials.show(
          params, self.start, self.pixels, pause, config, on=on, longest=longest
      )

  def test_refuses_an_image_that_is_too_bright(self):
    config = _config()
    params = clique_network.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, r'image.* \[0, 1\]'):
      clique_trials.show(
          params, self.start, 2 * self.pixels, 1, config, on=1, longest=1
      )


if __name__ == '__main__':
  absltest.main()
