"""The `paper` presets of BDH: they build, and cost what their text says."""

import re

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp

from launch.bdh import config as bdh_config
from launch.bdh import experiment as bdh_experiment
from launch.bdh.graph import config as graph_config
from launch.bdh.memory import config as memory_config
from launch.bdh.memory import experiment as memory
from launch.bdh.scaling import config as scaling_config
from launch.bdh.scaling import experiment as scaling
from launch.bdh.translation import config as translation_config
from launch.bdh.translation import experiment as translation
from nmlib import train
from nmlib.networks import gpt
from nmlib.neurons import bdh
from nmlib.train import experiment

_DEMO = bdh_config.PRESETS['paper']
_GRAPH = graph_config.PRESETS['paper']
_MEMORY = memory_config.PRESETS['paper']
_SCALING = scaling_config.PRESETS['paper']
_TRANSLATION = translation_config.PRESETS['paper']


def _build(made: train.Stage, start=None) -> int:
  """Traces one step of a seed at full size; returns how much is learned."""
  state = jax.eval_shape(made.initial, jax.random.key(0), start)
  size = made.loop.batch_size
  if callable(made.data):
    batch = jax.eval_shape(made.data, jax.random.key(0), jnp.int32(0))
  else:
    batch = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((size, *x.shape), x.dtype), made.example
    )
  after, metrics = jax.eval_shape(made.advance, state, batch)
  shapes = lambda tree: jax.tree.map(lambda x: (x.shape, x.dtype), tree)
  assert shapes(after) == shapes(state)
  assert metrics['loss'].shape == ()
  return sum(x.size for x in jax.tree.leaves(state.params))


def _pairwise(model: bdh.Config, length: int) -> float:
  """Operations of training on a token: pairs of T, read once each."""
  d, n, h = model.embed_dim, model.num_neurons, model.num_heads
  layer = 18 * n * d + 3 * n * length + 3 * h * length * d
  return model.num_layers * layer + 6 * model.vocab_size * d


def _chunked(model: bdh.Config) -> float:
  """As `_pairwise`, within chunks; the state is read and written, too."""
  state = 12 * model.num_layers * model.num_neurons * model.embed_dim
  return _pairwise(model, model.chunk_size) + state


def _transformer(model: gpt.Config, length: int) -> float:
  """Six operations a weight, and scores over the cache and half a window."""
  read = model.cache_length + length / 2
  scores = 12 * model.num_layers * model.width * read
  return 6 * gpt.num_params(model) + scores


def _tokens(loop: train.Loop, length: int) -> int:
  return loop.num_steps * loop.batch_size * length


def _demo(config: bdh_config.Config) -> float:
  length = config.sequence_length
  return _tokens(config.loop, length) * _pairwise(config.model, length)


class PaperPresetTest(parameterized.TestCase):

  def test_demo_and_the_model_that_is_looked_into(self):
    for config in (_DEMO, _GRAPH.training):
      count = _build(bdh_experiment.stage(config))
      self.assertEqual(count, bdh.num_params(config.model))
      self.assertEqual(count, 25_296_896)

  def test_translation_of_the_base_and_of_a_copy(self):
    count = _build(translation.stage(_TRANSLATION))
    self.assertEqual(count, bdh.num_params(_TRANSLATION.model))
    init = lambda key: bdh.init(key, _TRANSLATION.model)
    start = jax.eval_shape(init, jax.random.key(0))
    starts = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((1, *x.shape), x.dtype), start
    )
    copy = translation.stage(_TRANSLATION, 'copy', None, starts)
    self.assertEqual(_build(copy, start), count)

  @parameterized.parameters(*_MEMORY.variants)
  def test_memory(self, variant):
    count = _build(memory.stage(_MEMORY, variant))
    self.assertEqual(count, bdh.num_params(_MEMORY.model))

  @parameterized.product(family=scaling_config.MODELS, size=(0, -1))
  def test_smallest_and_largest_of_both_families(self, family, size):
    size = _SCALING.sizes[size]
    count = _build(scaling.stage(_SCALING, family, size))
    pair = dict(
        zip(
            scaling_config.MODELS,
            scaling_config.parameters(_SCALING, size),
            strict=True,
        )
    )
    self.assertEqual(count, pair[family])

  def test_each_says_about_how_many_operations_it_is(self):
    length = _SCALING.sequence_length
    cost = 0.0  # of a token, over sizes and families
    for size in _SCALING.sizes:
      models = [
          scaling_config.network(_SCALING, family, size)[1]
          for family in scaling_config.MODELS
      ]
      cost += _pairwise(models[0], length) + _transformer(models[1], length)
    memories = [memory.stage(_MEMORY, variant) for variant in _MEMORY.variants]
    read = [
        _tokens(loop, _TRANSLATION.sequence_length)
        for loop in (_TRANSLATION.loop, *2 * [_TRANSLATION.tuning])
    ]
    counted = {
        'bdh': _demo(_DEMO),
        'bdh.graph': _demo(_GRAPH.training),
        'bdh.memory': sum(
            _tokens(made.loop, made.items_per_row)
            * _pairwise(_MEMORY.model, made.items_per_row)
            for made in memories
        ),
        'bdh.scaling': _tokens(_SCALING.loop, length) * cost,
        'bdh.translation': sum(read) * _chunked(_TRANSLATION.model),
    }
    for name, expected in counted.items():
      text = ' '.join(experiment.load(f'launch.{name}').doc.split())
      (said,) = re.findall(r'([\d.]+e\d+) operations', text)
      self.assertAlmostEqual(float(said) / expected, 1, delta=0.1, msg=name)
      self.assertRegex(text, r'(?i)(hours?|minutes) .*it was not run', name)


if __name__ == '__main__':
  absltest.main()
