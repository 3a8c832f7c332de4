"""The reconstruction of AstroSNN, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import pytest

from launch import plan
from launch.astrosnn import config as config_lib
from launch.astrosnn import experiment
from nmlib import train
from nmlib.networks import astrocyte_language_model as astrocyte_lm
from nmlib.networks.spiking import astrocyte_readout
from nmlib.train import experiment as experiment_lib
from tests.launch import launcher


class AstroSnnTest(launcher.LauncherTest):
  LAUNCHER = 'launch.astrosnn'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_it_says_first_that_it_is_a_reconstruction(self):
    record = self.smoke().report
    self.assertIn('only the abstract', record['differences'][0])
    self.assertEqual(
        {claim['source'] for claim in record['claims']},
        {'abstract', 'reconstruction'},
    )
    self.assertEqual({claim['paper'] for claim in record['claims']}, {''})
    doc = experiment_lib.load(self.LAUNCHER).doc
    self.assertIn('RECONSTRUCTION', doc.splitlines()[0])

  @parameterized.parameters(('125m', 127_162_368), ('paper', 1_477_050_368))
  def test_large_sizes_are_for_the_planner(self, preset, count):
    presets, stage_of = plan.load('astrosnn')
    config = presets[preset]
    self.assertEqual(astrocyte_lm.num_params(config.model), count)
    stage = stage_of(config)
    state = jax.eval_shape(
        lambda key: stage.initial(key, None), jax.random.key(0)
    )
    leaves = jax.tree.leaves(state.params)
    self.assertEqual(sum(leaf.size for leaf in leaves), count)
    batch = jax.tree.map(
        lambda row: jax.ShapeDtypeStruct((2, *row.shape), row.dtype),
        stage.example,
    )
    after, metrics = jax.eval_shape(stage.advance, state, batch)
    self.assertEqual(metrics['loss'].shape, ())
    self.assertEqual(
        jax.tree.structure(after.params), jax.tree.structure(state.params)
    )

  def test_models_are_of_equal_size(self):
    config = config_lib.PRESETS['small']
    models = experiment.models(config)
    sizes = {
        name: model.num_params(one) for name, (model, one) in models.items()
    }
    self.assertLen(sizes, 4)
    for size in sizes.values():
      self.assertAlmostEqual(size / sizes['astrocytes'], 1, delta=0.02)

  def test_units_of_recall_have_the_weights_that_act(self):
    options = config_lib.PRESETS['small'].recall
    assert options is not None
    count = lambda name: astrocyte_readout.num_params(
        options.task.num_channels, options.task.num_classes, options.units[name]
    )
    ratio = count('recurrent LIF') / count('astrocyte')
    self.assertLess(abs(ratio - 1), 0.03)


if __name__ == '__main__':
  absltest.main()
