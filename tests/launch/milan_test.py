"""Units described in words, as a user starts it."""

import pathlib

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from launch.milan import config as config_lib
from launch.milan import words
from nmlib import train
from nmlib.data import region_descriptions as regions
from nmlib.data import weights
from nmlib.networks.vision import efficientnet
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class MilanTest(launcher.LauncherTest):
  LAUNCHER = 'launch.milan'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_constants_stand_beside_the_descriptions(self):
    tables = self.smoke().report['tables']
    table = next(t for name, t in tables.items() if 'not seen' in name)
    self.assertLessEqual({'wPMI', 'constant'}, table['rows'].keys())

  def test_a_network_is_described_by_units_of_others_split_by_unit(self):
    count, units = 3, 5
    facts = np.zeros((count, units, len(regions.FACTS)), bool)
    numbers = np.arange(count * units).reshape(count, units, 1, 1)
    folds = words.folds(_SMOKE, numbers.astype(np.float32), facts)
    for fold in range(count):
      seen, chosen = (
          set(part.features[fold].ravel().astype(int)) for part in folds
      )
      self.assertFalse(seen & chosen)
      own = set(range(fold * units, (fold + 1) * units))
      self.assertEqual(seen | chosen, set(range(count * units)) - own)
      self.assertLen(seen, 7)  # of ten

  def test_best_weights_are_a_copy(self):
    count, units = 2, sum(_SMOKE.network.channels)
    facts = np.zeros((count, units, len(regions.FACTS)), bool)
    features = np.random.default_rng(0).normal(size=(count, units, 3, units))
    folds = words.folds(_SMOKE, features.astype(np.float32), facts)
    stage = words.stage(_SMOKE, folds)
    fold = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), folds)
    state = stage.init(jax.random.key(0), fold)
    assert stage.step is not None
    state, costs = stage.step(state, None)
    better = state._replace(least=tuple(0 * cost for cost in state.least))
    after, _ = stage.step(better, None)
    jax.tree.map(np.testing.assert_array_equal, after.best, better.best)
    self.assertEqual(float(state.least[0]), float(costs['caption']))
    tables = [p.caption.embedding for p in (after.params, after.best)]
    self.assertGreater(np.abs(tables[0] - tables[1]).max(), 0)

  @pytest.mark.slow
  def test_units_of_a_real_network_on_a_folder(self):
    network = efficientnet.config_from_official({'name': 'efficientnet-lite0'})
    params = efficientnet.init(jax.random.key(0), network)
    file, folder = self.folder / 'model.npz', self.folder / 'images'
    weights.save(file, efficientnet.params_to_official(params, network))
    folder.mkdir()
    draw = np.random.default_rng(0)
    for i in range(3):
      pixels = draw.integers(0, 256, (40, 50, 3), np.uint8)
      Image.fromarray(pixels).save(folder / f'{i}.png')
    (folder / 'torn.png').write_bytes(b'\x89PNG')
    code, out, err = self.run_launcher(
        f'--photographs={folder}', f'--weights={file}', '--config.units=2',
        '--config.exemplars=2',
    )  # fmt: skip
    self.assertEqual(code, 0, err)
    self.assertIn('1 damaged files are skipped: torn.png', out)
    self.assertEqual(self.report()['claims'], [])
    self.assertTrue(pathlib.Path(self.workdir / 'figures/units.png').exists())

  def test_missing_files(self):
    for flags, expected in (
        (('--photographs=x',), 'needs --weights=FILE'),
        (('--preset=paper',), 'need --annotations=FOLDER'),
    ):
      code, _, err = self.run_launcher(*flags)
      self.assertNotEqual(code, 0)
      self.assertIn(expected, err)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'of check_every=25, got 9'):
      config_lib.Config(word_updates=9)
    with self.assertRaisesRegex(ValueError, r'of network.channels=\(4, 4\)'):
      config_lib.Config(network=_SMOKE.network)
    with self.assertRaisesRegex(ValueError, 'num_seeds must be at least 2'):
      config_lib.Config(num_seeds=1)


if __name__ == '__main__':
  absltest.main()
