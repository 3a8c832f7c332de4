"""The study of rank: what its networks start from, their steps, the report."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from launch.rich_lazy import config as config_lib
from launch.rich_lazy import experiment
from nmlib import train
from nmlib.neurons.initializers import dale
from nmlib.train.hosts import mesh as mesh_lib
from tests.launch import launcher


def _config(**changes):
  return dataclasses.replace(config_lib.PRESETS['smoke'], **changes)


class RichLazyTest(launcher.LauncherTest):
  LAUNCHER = 'launch.rich_lazy'

  @pytest.mark.slow
  def test_smoke_places_a_users_matrix_in_the_sweep(self):
    matrix = self.workdir.with_name('mine.csv')
    draw = np.random.default_rng(0).normal(size=(7, 7))
    np.savetxt(matrix, draw, delimiter=',')
    code, _, err = self.run_launcher(
        '--preset=smoke', f'--connectivity={matrix}', '--config.neuron=gru'
    )
    self.assertEqual(code, 0, err)
    record = self.report()
    ranks = record['tables']['Effective ranks at the start']['rows']
    self.assertEqual(  # the sweep follows the file's size
        list(ranks),
        [
            'rank 1',
            'rank 7',
            'given',
            'same degrees',
            'same spectrum',
            'given shuffled',
        ],
    )
    self.assertEqual(ranks['rank 7']['hard'], [7, 7])
    title = 'Where the given matrix falls in the sweep of ranks'
    placed = record['tables'][title]['rows']
    place = placed['participation, Effective ranks at the start']
    self.assertRegex(place['lies'], r'above rank [17] \(')
    # Six steps teach nothing, and a network that did not learn never counts.
    trained = [c for c in record['claims'] if c['source'] != 'theory']
    for claim in trained[:4]:
      self.assertFalse(claim['holds'], claim['text'])
      self.assertEqual([x for v in claim['ours'].values() for x in v], [])
    theory = [c for c in record['claims'] if 'theory' in c['source']]
    self.assertLen(theory, 4)
    for claim in theory:
      self.assertTrue(claim['holds'], claim)

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    # The change of weights, the other norms and the number that learnt are near
    # their thresholds: rounding, which differs by machine, decides.
    clear = lambda text: 'frobenius' in text and 'alignment' in text
    record = self.report()
    self.assertLen([c for c in record['claims'] if clear(c['text'])], 2)
    self.assertEqual(list(filter(clear, train.unexpected(record))), [])

  @parameterized.parameters(
      ({'ranks': (1, 200)}, 'config.ranks must be .* got'),
      ({'ranks': (30, 1)}, 'config.ranks must be .* got'),
      ({'kernel_trials': 999}, 'config.kernel_trials must be .* got 999'),
      ({'structures': ('Dale', 'Dale')}, 'config.structures must be .* once'),
  )
  def test_bad_config(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      config_lib.Config(**changes)


class StepsTest(parameterized.TestCase):

  def _trained(self, config, steps, mesh='data:1'):
    starts = experiment.connectivities(config, 'frobenius', {})
    stage = experiment.stage(config, starts=starts)
    keys = jax.vmap(jax.random.key)(jnp.arange(2))
    with jax.set_mesh(mesh_lib.make(mesh_lib.parse(mesh))):
      step = jax.vmap(stage.advance, (0, None), spmd_axis_name='replica')
      state = jax.jit(jax.vmap(stage.initial))(keys, jnp.asarray(stage.starts))
      run = jax.jit(
          lambda s: jax.lax.scan(lambda s, _: step(s, None), s, None, steps)
      )
      state, _ = run(state)
    return jax.device_get(state._replace(key=jax.random.key_data(state.key)))

  def test_devices_share_the_seeds(self):
    config = _config()
    alone = self._trained(config, 3)
    shared = self._trained(config, 3, 'replica:2')
    # Float32; each network's products are the same on any device.
    chex.assert_trees_all_close(alone, shared, rtol=1e-5, atol=1e-6)

  def test_columns_keep_their_sign_if_asked(self):
    for keep in (True, False):
      config = _config(
          structures=('Dale',), keep_dale=keep, learning_rate=0.3, ranks=(1, 12)
      )
      state = self._trained(config, 20)
      first = np.asarray(dale.column_signs(state.start.recurrent[0, 2]))
      self.assertTrue((first != 0).all())
      kept = (state.params.recurrent[:, 2] * first >= 0).all()
      self.assertEqual(kept, keep)
      # Networks that do not follow Dale's law learn freely.
      free = state.params.recurrent[:, 1] * np.sign(state.start.recurrent[:, 1])
      self.assertLess(free.min(), 0)

  @parameterized.parameters('rnn', 'gru')
  def test_measures_of_an_untrained_network(self, neuron):
    config = _config(neuron=neuron, ranks=(1, 5, 12))
    stage = experiment.stage(config)
    start = jnp.asarray(stage.starts[0])
    state = stage.initial(jax.random.key(0), start)
    found = jax.jit(stage.measure)(state, stage.eval_data)
    for name in ('rank 1', 'rank 5', 'rank 12'):
      for kind in ('kernel_alignment', 'representation_alignment'):
        np.testing.assert_allclose(found[f'{kind}/{name}'], 1, rtol=1e-5)
      for kind in ('weight_change', 'relative_weight_change'):
        self.assertEqual(found[f'{kind}/{name}'], 0)
      self.assertBetween(found[f'kernel_target_alignment/{name}'], 0, 1)


if __name__ == '__main__':
  absltest.main()
