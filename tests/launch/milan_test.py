"""Units described in words, as a user starts it."""

import dataclasses
import pathlib

from absl.testing import absltest
from etils import epath
import jax
import numpy as np
from PIL import Image
import pytest

from launch.milan import config as config_lib
from launch.milan import experiment
from nmlib import train
from nmlib.data import weights
from nmlib.networks.vision import efficientnet
from tests.launch import launcher


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
        '--preset=real', f'--images={folder}', f'--weights={file}',
        '--config.exemplars=2',
    )  # fmt: skip
    self.assertEqual(code, 0, err)
    self.assertIn('1 damaged files are skipped: torn.png', out)
    self.assertEqual(self.report()['claims'], [])
    self.assertTrue(pathlib.Path(self.workdir / 'figures/units.png').exists())

  def test_missing_files(self):
    presets = config_lib.PRESETS
    for config, expected in (
        (dataclasses.replace(presets['real'], images='x'), '--weights must be'),
        (presets['paper'], '--annotations and --weights must be given'),
    ):
      with self.assertRaisesRegex(ValueError, expected):
        experiment.experiment(config, train.Run(epath.Path(self.folder)))

  def test_bad_config(self):
    with self.assertRaisesRegex(
        ValueError, 'num_seeds must be .* at least 2, got 1'
    ):
      config_lib.Config(num_seeds=1)


if __name__ == '__main__':
  absltest.main()
