"""Neuron paths, as a user starts them."""

import dataclasses
import json
import pathlib

from absl.testing import absltest
import jax
import numpy as np
from PIL import Image
import pytest

from launch.neuron_path import config as config_lib
from launch.neuron_path import experiment
from nmlib import train
from nmlib.analysis import neuron_path
from nmlib.data import weights
from nmlib.networks import vit
from tests.launch import launcher


class NeuronPathTest(launcher.LauncherTest):
  LAUNCHER = 'launch.neuron_path'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_reports_all_methods_and_the_exact_search(self):
    report = self.smoke().report
    (table,) = report['tables'].values()
    self.assertEqual([*table['rows']], list(neuron_path.METHODS))
    self.assertIn('exact ones', table['note'])
    # With one image a class within-class overlap has no value: not a claim
    # that holds.
    self.assertEqual(report['data']['source'], 'shapes')

  @pytest.mark.slow
  def test_paths_of_weights_and_pictures_of_a_user(self):
    network = vit.Config(3, (2, 2), 8, 3, 2, 8, 2, 12)
    arrays = vit.params_to_official(
        vit.init(jax.random.key(0), network), network, 'npz'
    )
    folder = self.create_tempdir().full_path
    weights.save(f'{folder}/w.npz', arrays)
    pictures = pathlib.Path(folder, 'pictures')
    for label in (0, 2):
      place = pictures / str(label)
      place.mkdir(parents=True)
      pixels = np.full((20, 16, 3), 60 * label + 9, np.uint8)
      Image.fromarray(pixels).save(place / 'x.png')
    flags = ['--preset=paper', f'--weights={folder}/w.npz',
             '--config.num_images=9', '--config.steps=2',
             '--config.counts=(1, 3)', '--config.num_random=2',
             f'--config.network.num_layers={network.num_layers}']  # fmt: skip
    code, _, err = self.run_launcher(*flags, f'--images={pictures}')
    self.assertEqual(code, 0, err)
    report = self.report()
    self.assertEqual(report['claims'], [])
    self.assertStartsWith(report['data']['images'], '2;')

  def test_a_vit_of_transformers_lies_beside_its_config(self):
    network = vit.Config(3, (2, 2), 8, 3, 2, 8, 2, 12)
    params = vit.init(jax.random.key(0), network)
    file = self.folder / 'model.safetensors'
    weights.save(file, vit.params_to_official(params, network))
    (self.folder / '2').mkdir()
    Image.new('RGB', (9, 8)).save(self.folder / '2/x.png')
    given = dataclasses.replace(
        config_lib.PRESETS['paper'], weights=str(file), images=str(self.folder)
    )
    with self.assertRaisesRegex(FileNotFoundError, 'config.json: no such file'):
      experiment.read(given)
    described = dict(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=12, image_size=16, patch_size=8, num_labels=3,
    )  # fmt: skip
    (self.folder / 'config.json').write_text(json.dumps(described))
    (read,), sizes, data = experiment.read(given)
    assert isinstance(sizes, vit.Config)
    self.assertEqual((sizes.grid, sizes.width), (network.grid, 8))
    self.assertEqual(data.labels.tolist(), [2])
    jax.tree.map(np.testing.assert_array_equal, read, params)

  def test_files_must_be_given(self):
    with self.assertRaisesRegex(ValueError, '--weights and --images must be'):
      experiment.read(config_lib.PRESETS['real'])

  def test_bad_config(self):
    small = config_lib.PRESETS['small']
    with self.assertRaisesRegex(ValueError, 'must begin with 1, up to 96'):
      dataclasses.replace(small, counts=(1, 97))
    with self.assertRaisesRegex(ValueError, 'begin with 1, up to 96, got'):
      dataclasses.replace(small, counts=(2, 5))
    with self.assertRaisesRegex(ValueError, "source must be 'folder'"):
      dataclasses.replace(small, model='efficientnet-lite0')


if __name__ == '__main__':
  absltest.main()
