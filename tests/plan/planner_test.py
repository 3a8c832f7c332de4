"""The planner: on virtual CPU devices always, for TPUs where libtpu is."""

import dataclasses
import json
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np
import optax

from launch.bdh import config as config_lib
from launch.bdh import experiment
from nmlib import train
from nmlib.plan import chips
from nmlib.plan import mesh_search
from nmlib.plan import planner
from nmlib.plan import tables


def _linear(width=64, batch_size=16, rules=(('kernel', P(None, 'model')),)):
  """One matrix product forward, one backward: 4 B D^2 FLOPs a step."""

  def loss(params, example, key):
    del key
    error = example['x'] @ params['kernel'] - example['y']
    return jnp.mean(error**2), {}

  row = jax.ShapeDtypeStruct((width,), jnp.float32)
  init = lambda key: {'kernel': jax.random.normal(key, (width, width))}
  return train.Stage(
      name='linear',
      loop=train.Loop(20, batch_size=batch_size, steps_per_call=5),
      init=init,
      loss=loss,
      optimizer=optax.sgd(1e-3),
      example={'x': row, 'y': row},
      rules=(*rules, ('.*', P())),
  )


def _bdh(**changes):
  config = config_lib.PRESETS['smoke']
  model = dataclasses.replace(config.model, **changes)
  return dataclasses.replace(config, model=model, num_seeds=1), model


class CpuTest(parameterized.TestCase):

  def test_figures_of_a_linear_model(self):
    found = planner.plan(_linear(), 'cpu:8', {'data': 2, 'model': 4})
    weights = 64 * 64 * 4 // 4  # bytes a device
    self.assertEqual(found.flops, 4 * 16 * 64 * 64 / 8)
    self.assertEqual(found.num_parameters, 64 * 64)
    self.assertEqual(found.items_per_step, 16)
    rows = 5 * 2 * 8 * 64 * 4  # K steps of x and y, half of the batch
    self.assertBetween(
        found.argument_bytes, weights + rows, weights + rows + 64
    )
    self.assertBetween(found.alias_bytes, weights, weights + 64)
    by_axes = {t.axes: t for t in found.collectives}
    gradient = by_axes['data',].bytes  # XLA may bundle the loss with it
    self.assertBetween(gradient, weights, weights + 8)
    self.assertEqual(by_axes['data',].count, 1)
    self.assertIsNone(found.step_seconds)
    self.assertIsNone(found.bound)
    self.assertEmpty(found.notes)

  def test_json_holds_all_figures(self):
    found = planner.plan(_linear(), 'cpu:2', {'data': 2})
    stored = json.loads(json.dumps(found.as_dict()))
    self.assertEqual(stored['memory_bytes'], found.memory_bytes)
    self.assertEqual(stored['mesh'], {'replica': 1, 'data': 2, 'model': 1})

  @parameterized.parameters(False, True)
  def test_bdh_flops_are_those_of_its_equations(self, scan):
    config, model = _bdh(
        num_neurons=1024, embed_dim=32, scan_layers=scan, remat='none'
    )
    found = planner.plan(experiment.stage(config), 'cpu:1', {})
    n, d, h = model.num_neurons, model.embed_dim, model.num_heads
    length, tokens = config.sequence_length, found.items_per_step
    # x, y, u: 6nd forward, 12nd backward. Scores of all pairs 2nT, and once
    # more backward (one product, K = Q); read-out 2hTd and twice that.
    layer = 18 * n * d + 4 * n * length + 6 * h * length * d
    want = tokens * (model.num_layers * layer + 6 * model.vocab_size * d)
    self.assertBetween(found.flops / want, 0.97, 1.03)

  def test_ranking_tries_the_factorings_and_says_why_not(self):
    stage = _linear(width=6, batch_size=4)
    found, refused = mesh_search.rank(stage, 'cpu:4')
    self.assertEqual({p.mesh['data'] for p in found}, {2, 4})
    self.assertIn('not divisible by 4', refused['model:4'])

  def test_candidates_split_seeds_first_and_use_every_chip(self):
    found = mesh_search.candidates(16, num_seeds=6, batch_size=4)
    self.assertEqual(
        [tuple(c.values()) for c in found], [(2, 4, 2), (2, 2, 4), (2, 1, 8)]
    )

  @parameterized.parameters(
      ('cpu:8', {'data': 4}, 'data:4 has 4 devices.*has 8 chips'),
      ('cpu:8', {'data': 16}, 'data:16 has 16 devices.*has 8 chips'),
      ('cpu:8', {'data': -1, 'model': 3}, 'does not divide the 8 devices'),
      ('cpu:2x4', {'data': 8}, 'write cpu:8'),
      ('cpu:64', {'data': 64}, 'needs 64 CPU devices, but 8'),
      ('h100:8', {'data': 8}, 'h100:8 is unknown; use v4:AxBxC'),
      ('v5e:8', {'data': 8}, 'v5e slices have 2 dimensions'),
      ('v5e:3x4', {'data': 12}, 'multiples of 2x2'),
      ('v5e:16x32', {'data': 512}, 'largest v5e slice is 16x16, 256 chips'),
      ('v4:16x16x32', {'data': 8192}, '16x16x16, 4096 chips'),
      ('cpu:8', {'data': 8, 'model': 1}, '12 rows a batch do not divide'),
  )
  def test_what_does_not_fit_is_one_sentence(self, topology, sizes, message):
    with self.assertRaisesRegex(ValueError, message):
      planner.plan(_linear(batch_size=12), topology, sizes)

  def test_without_libtpu_it_says_what_to_install(self):
    with mock.patch.object(planner, 'has_tpu_compiler', return_value=False):
      with self.assertRaisesRegex(
          planner.Unavailable, r"pip install -e '.\[launch,tpu\]'"
      ):
        planner.plan(_linear(), 'v5e:2x4', {'data': 8})

  def test_the_table_shows_what_was_found(self):
    found = planner.plan(_linear(), 'cpu:8', {'data': 2, 'model': 4})
    shown = tables.table(found, 'linear')
    self.assertIn('4.10 k parameters on cpu:8 (8 chips)', shown)
    self.assertRegex(shown, r'all-reduce +1 x over data \(2 chips\), 4.00 KiB')
    ranked = tables.ranking([found], {'model:8': 'too much'})
    self.assertIn('model:8: too much', ranked)


class ChipsTest(parameterized.TestCase):

  @parameterized.parameters(*chips.CHIPS)
  def test_each_chip_is_sourced_and_its_largest_slice_exists(self, name):
    chip = chips.CHIPS[name]
    self.assertIn('docs.cloud.google.com/tpu/docs/' + name, chip.source)
    shape = 'x'.join(str(n) for n in chip.largest)
    where = chips.parse(f'{name}:{shape}')
    self.assertEqual(where.num_chips, chip.max_chips)

  @parameterized.parameters(
      ('v5p:4x4x8', (4, 1, 1), 1, 200e9),  # a ring: 2 of 6 links
      ('v5p:4x4x8', (4, 4, 8), 1, 600e9),  # all links
      ('v5p:8x8x8', (4, 1, 1), 1, 100e9),  # a stretch of a dimension
      ('v5p:8x8x8', (2, 8, 8), 4, 400e9),  # every 4th chip in one dimension
      ('v5p:2x2x2', (2, 2, 1), 1, 200e9),  # too short to close
      ('v5e:2x4', (1, 4), 1, 50e9),
      ('v5e:16x16', (16, 16), 1, 200e9),
  )
  def test_links_that_a_group_can_use(self, name, extent, stride, want):
    where = chips.parse(name)
    places = [(place[0] * stride, *place[1:]) for place in np.ndindex(*extent)]
    assert where.chip is not None
    self.assertEqual(chips.egress(where.chip, where.shape, places), want)


@absltest.skipUnless(
    planner.has_tpu_compiler(), "needs libtpu: pip install -e '.[launch,tpu]'"
)
class TpuTest(parameterized.TestCase):

  @parameterized.parameters(
      'v4:2x2x2', 'v5e:2x4', 'v5p:2x2x2', 'v6e:2x4', 'v5e:1x1', 'v4:16x16x16'
  )
  def test_every_kind_of_chip_has_one_device_a_chip(self, topology):
    where = chips.parse(topology)
    self.assertLen(planner.devices(where), where.num_chips)

  def test_a_linear_model_on_eight_chips(self):
    stage = _linear(width=1024, batch_size=256)
    found = planner.plan(stage, 'v5e:2x4', {'data': 2, 'model': 4})
    flops = 4 * 256 * 1024**2 / 8
    self.assertBetween(found.flops / flops, 0.99, 1.01)
    self.assertLess(found.memory_bytes, 16 * 2**30)
    self.assertGreater(found.step_seconds or 0.0, 0)
    self.assertEqual(found.step_seconds, max(found.terms.values()))
    by_axes = {t.axes: t for t in found.collectives}
    weights = 1024**2 * 4 / 4
    self.assertBetween(by_axes['data',].bytes, weights, weights + 8)
    self.assertGreater(by_axes['data',].seconds or 0.0, 0)

  def test_too_large_a_model_says_by_how_much(self):
    stage = _linear(width=98304, batch_size=8)  # 36 GiB of weights
    with self.assertRaisesRegex(
        planner.TooLarge, r'needs [\d.]+ GiB a chip, but 1[56][\d.]+ GiB'
    ) as caught:
      planner.plan(stage, 'v5e:1x1', {})
    self.assertGreater(caught.exception.excess_bytes, 20 * 2**30)


if __name__ == '__main__':
  absltest.main()
