"""What the networks of the study start from, and how their steps go."""

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from launch import rich_lazy
from launch import rich_lazy_connectivity
from launch import rich_lazy_measures
from launch import rich_lazy_statistics
from nmlib.analysis import connectivity
from nmlib.analysis import dale
from nmlib.train import mesh as mesh_lib

_SMOKE = rich_lazy.PRESETS['smoke']


def _config(**changes):
  return rich_lazy.dataclasses.replace(_SMOKE, **changes)


class InitialConnectivityTest(parameterized.TestCase):

  def test_every_variant_has_the_norm_of_one_base(self):
    config = _config(
        structures=tuple(rich_lazy_connectivity.STRUCTURES), num_units=12
    )
    measured = {
        'given': connectivity.gaussian(jax.random.key(7), 12).matrix,
        'same degrees': connectivity.gaussian(jax.random.key(8), 12).matrix,
    }
    config = rich_lazy.dataclasses.replace(config, connectivity='w.csv')
    base = connectivity.gaussian(jax.random.key(0), 12, config.gain).matrix
    names = rich_lazy_connectivity.variants(config)
    for name in names:
      self.assertNotIn(',', name)  # metrics are kept in a table of commas
    matrices = {
        match: rich_lazy_connectivity.initial_matrices(
            jax.random.key(0), match, measured, config
        )
        for match in connectivity.NORMS
    }
    for match, found in matrices.items():
      norm = connectivity.NORMS[match]
      self.assertLen(found, len(names))
      for name, matrix in zip(names, found, strict=True):
        # Float32 singular values and eigenvalues.
        np.testing.assert_allclose(
            norm(matrix), norm(base), rtol=1e-4, err_msg=f'{name}, {match}'
        )
    entries = {
        name: np.sort(np.ravel(matrix))
        for name, matrix in zip(names, matrices['frobenius'], strict=True)
    }
    for name in rich_lazy_connectivity.structured(config):
      own, control = (
          entries[n] / np.abs(entries[n]).max()
          for n in (name, rich_lazy_connectivity.shuffled(name))
      )
      np.testing.assert_allclose(own, control, atol=1e-5, err_msg=name)

  @parameterized.parameters(
      (20, (1, 12), (1, 20)),
      (8, (1, 6, 12), (1, 6, 8)),
      (4, (6, 12), (1, 4)),
      (12, (1, 12), (1, 12)),
  )
  def test_the_sweep_follows_the_size_of_a_matrix(self, size, ranks, expected):
    config = rich_lazy_connectivity.fitted(
        _config(ranks=ranks), {'given': jnp.eye(size)}
    )
    self.assertEqual(config.num_units, size)
    self.assertEqual(config.ranks, expected)

  def test_between(self):
    names, swept = ('rank 1', 'rank 5', 'rank 9'), np.array([1.0, 5.0, np.nan])
    of = lambda value: rich_lazy_statistics.between(value, names, swept)
    self.assertEqual(of(3.0), '3, above rank 1 (1) and below rank 5 (5)')
    self.assertEqual(of(0.5), '0.5, below rank 1 (1)')
    self.assertEqual(of(7.0), '7, above rank 5 (5)')
    self.assertIn('no network reached', of(np.nan))


class StepsTest(parameterized.TestCase):

  def _trained(self, config, steps, mesh='data:1'):
    parts = rich_lazy.definition('2AF', 'frobenius', {}, config)
    keys = jax.random.split(jax.random.key(3), 2)
    with jax.set_mesh(mesh_lib.make(mesh_lib.parse(mesh))):
      step = jax.vmap(parts['step'], (0, None), spmd_axis_name='replica')
      state = jax.jit(jax.vmap(parts['init']))(keys)
      run = jax.jit(
          lambda s: jax.lax.scan(lambda s, _: step(s, None), s, None, steps)
      )
      state, logged = run(state)
    return jax.device_get(state._replace(key=jax.random.key_data(state.key))), (
        logged
    )

  def test_devices_share_the_seeds(self):
    config = _config()
    alone, _ = self._trained(config, 3)
    shared, _ = self._trained(config, 3, 'replica:2')
    # Float32; each network's products are the same on any device.
    chex.assert_trees_all_close(alone, shared, rtol=1e-5, atol=1e-6)

  def test_columns_keep_their_sign_if_asked(self):
    for keep in (True, False):
      config = _config(
          structures=('Dale',), keep_dale=keep, learning_rate=0.3, ranks=(1, 12)
      )
      state, _ = self._trained(config, 20)
      first = np.asarray(dale.column_signs(state.start.recurrent[0, 2]))
      self.assertTrue((first != 0).all())
      kept = (state.params.recurrent[:, 2] * first >= 0).all()
      self.assertEqual(kept, keep)
      # Networks that do not follow Dale's law learn freely.
      free = state.params.recurrent[:, 1] * np.sign(state.start.recurrent[:, 1])
      self.assertLess(free.min(), 0)

  @parameterized.parameters('rnn', 'gru')
  def test_measures_of_an_untrained_network(self, neuron):
    config = _config(neuron=neuron)
    parts = rich_lazy.definition('2AF', 'frobenius', {}, config)
    state = parts['init'](jax.random.key(0))
    found = jax.jit(parts['evaluate'])(state, parts['eval_data'])
    for name in rich_lazy_connectivity.variants(config):
      for kind in ('kernel_alignment', 'representation_alignment'):
        np.testing.assert_allclose(found[f'{kind}/{name}'], 1, rtol=1e-5)
      for kind in ('weight_change', 'relative_weight_change'):
        self.assertEqual(found[f'{kind}/{name}'], 0)
      self.assertBetween(found[f'kernel_target_alignment/{name}'], 0, 1)

  def test_a_gradient_is_that_of_the_loss(self):
    config = _config(neuron='gru')
    parts = rich_lazy.definition('2AF', 'frobenius', {}, config)
    params = parts['init'](jax.random.key(0)).params
    network = rich_lazy.gru.Config(num_units=12)
    trials = jax.vmap(rich_lazy.rich_lazy_tasks.load('2AF', '', '').sample)(
        jax.random.split(jax.random.key(1), 4)
    )
    together = lambda f: jax.jit(f, static_argnums=(2, 3))
    values, grads = together(rich_lazy_measures.losses_and_gradients)(
        params, trials, network, False
    )
    alone = together(jax.value_and_grad(rich_lazy_measures.loss))
    for i in range(len(config.ranks)):
      of_one = jax.tree.map(lambda w, i=i: w[i], params)
      expected = alone(of_one, trials, network, False)
      got = values[i], jax.tree.map(lambda g, i=i: g[i], grads)
      chex.assert_trees_all_close(got, expected, rtol=1e-5, atol=1e-6)


if __name__ == '__main__':
  absltest.main()
