"""Reading compiled programs: collectives, loops, FLOPs, bytes."""

import functools

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.sharding import AxisType
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.plan import collectives
from nmlib.plan import hlo
from nmlib.plan import hlo_cost


def _mesh():
  return jax.make_mesh(
      (2, 4), ('data', 'model'), axis_types=(AxisType.Auto,) * 2
  )


def _compiled(body, *shapes, specs, out):
  mapped = jax.shard_map(
      body, mesh=_mesh(), in_specs=specs, out_specs=out, check_vma=False
  )
  arguments = [jax.ShapeDtypeStruct(s, jnp.float32) for s in shapes]
  return hlo.text_of(jax.jit(mapped).lower(*arguments).compile())


class CollectivesTest(parameterized.TestCase):

  @parameterized.parameters(
      (lambda x: jax.lax.psum(x, 'model'), 'all-reduce', P('data'), 1.5),
      (
          lambda x: jax.lax.all_gather(x, 'model', tiled=True),
          'all-gather',
          P('data'),
          3,
      ),
      (
          lambda x: jax.lax.psum_scatter(x, 'model', tiled=True),
          'reduce-scatter',
          P(('data', 'model')),
          0.75,
      ),
      (
          lambda x: jax.lax.all_to_all(x, 'model', 0, 1, tiled=True),
          'all-to-all',
          P('data', 'model'),
          0.75,
      ),
      (
          lambda x: jax.lax.ppermute(
              x, 'model', [(i, (i + 1) % 4) for i in range(4)]
          ),
          'collective-permute',
          P('data', 'model'),
          1,
      ),
  )
  def test_each_kind_is_found_with_the_bytes_of_a_device(
      self, body, kind, out, sent
  ):
    text = _compiled(body, (16, 64), specs=P('data', 'model'), out=out)
    (found,) = collectives.find(text)
    local = 8 * 16 * 4  # [16, 64] float32 over (2, 4) devices
    self.assertEqual((found.kind, found.bytes, found.times), (kind, local, 1))
    self.assertEqual(found.sent, sent * local)
    self.assertEqual(collectives.totals(text), {kind: (1, local)})

  @parameterized.parameters(
      ('data', [[0, 4], [1, 5], [2, 6], [3, 7]]),
      ('model', [[0, 1, 2, 3], [4, 5, 6, 7]]),
      (('data', 'model'), [[0, 1, 2, 3, 4, 5, 6, 7]]),
  )
  def test_groups_are_the_devices_that_differ_along_the_axis(self, axis, want):
    text = _compiled(
        lambda x: jax.lax.psum(x, axis), (8, 8), specs=P(), out=P()
    )
    (found,) = collectives.find(text)
    self.assertEqual(sorted(sorted(g) for g in found.groups.tolist()), want)

  def test_a_loop_multiplies_what_it_holds(self):
    def body(x):
      turn = lambda c, _: (jnp.tanh(jax.lax.psum(c, 'model')), None)
      twice = lambda c, _: (jax.lax.scan(turn, c, None, length=3)[0], None)
      return jax.lax.scan(twice, x, None, length=5)[0]

    text = _compiled(body, (8, 8), specs=P(), out=P())
    self.assertEqual(collectives.totals(text), {'all-reduce': (15, 15 * 256)})
    self.assertEmpty(hlo.unknown_loops(text))

  def test_a_loop_of_unknown_length_is_named_and_counts_once(self):
    def body(x):
      return jax.lax.while_loop(
          lambda c: jnp.sum(c) < 1e3, lambda c: jax.lax.psum(c, 'data'), x
      )

    text = _compiled(body, (8, 8), specs=P(), out=P())
    self.assertLen(hlo.unknown_loops(text), 1)
    self.assertEqual(collectives.totals(text), {'all-reduce': (1, 256)})

  @parameterized.parameters(
      ('replica_groups={{0,2},{1,3}}', [[0, 2], [1, 3]]),
      ('replica_groups={}', [[0, 1, 2, 3, 4, 5, 6, 7]]),
      ('replica_groups=[2,4]<=[8]', [[0, 1, 2, 3], [4, 5, 6, 7]]),
      ('replica_groups=[4,2]<=[2,4]T(1,0)', [[0, 4], [1, 5], [2, 6], [3, 7]]),
      (
          "replica_groups=mesh['a'=2,'b'=1,'c'=4] {'a','b'}",
          [[0, 4], [1, 5], [2, 6], [3, 7]],
      ),
  )
  def test_all_notations_of_groups(self, attribute, want):
    text = (
        'HloModule m, num_partitions=8\n'
        'ENTRY %main (p: f32[4]) -> f32[4] {\n'
        '  %p = f32[4]{0} parameter(0)\n'
        '  %s = f32[4]{0} all-reduce-start(%p), channel_id=1,'
        f' {attribute}, to_apply=%add\n'
        '  ROOT %d = f32[4]{0} all-reduce-done(%s)\n'
        '}\n'
    )
    (found,) = collectives.find(text)
    self.assertEqual(found.groups.tolist(), want)
    self.assertEqual((found.kind, found.bytes), ('all-reduce', 16))

  def test_a_loop_without_annotation_turns_as_its_condition_says(self):
    text = (
        '%cond (c: (s32[], f32[4])) -> pred[] {\n'
        '  %c = (s32[], f32[4]{0}) parameter(0)\n'
        '  %i = s32[] get-tuple-element(%c), index=0\n'
        '  %n = s32[] constant(7)\n'
        '  ROOT %lt = pred[] compare(%i, %n), direction=LT\n'
        '}\n'
        '%body (b: (s32[], f32[4])) -> (s32[], f32[4]) {\n'
        '  %b = (s32[], f32[4]{0}) parameter(0)\n'
        '  %x = f32[4]{0} get-tuple-element(%b), index=1\n'
        '  %r = f32[4]{0} all-reduce(%x), replica_groups=[1,8]<=[8]\n'
        '  ROOT %t = (s32[], f32[4]{0}) tuple(%j, %r)\n'
        '}\n'
        'ENTRY %main (p: f32[4]) -> f32[4] {\n'
        '  %p = f32[4]{0} parameter(0)\n'
        '  %zero = s32[] constant(2)\n'
        '  %start = (s32[], f32[4]{0}) tuple(%zero, %p)\n'
        '  %w = (s32[], f32[4]{0}) while(%start), condition=%cond, body=%body\n'
        '}\n'
    )
    self.assertEqual(collectives.totals(text), {'all-reduce': (5, 80)})


class CostTest(parameterized.TestCase):

  def test_flops_of_a_loop_are_those_of_all_its_turns(self):
    def f(x, w):
      return jax.lax.scan(lambda c, _: (c @ w, None), x, None, length=7)[0]

    compiled = (
        jax.jit(f).lower(jnp.ones((32, 64)), jnp.ones((64, 64))).compile()
    )
    self.assertEqual(
        hlo_cost.flops(hlo.text_of(compiled)), 7 * 2 * 32 * 64 * 64
    )

  @parameterized.parameters(
      ((2, 9, 8, 3), (3, 3, 3, 5), (1, 1), 'SAME'),
      ((2, 9, 8, 3), (3, 2, 3, 5), (2, 1), 'VALID'),
  )
  def test_flops_and_bytes_agree_with_xla_where_there_is_no_loop(
      self, image, kernel, strides, padding
  ):
    f = functools.partial(
        jax.lax.conv_general_dilated,
        window_strides=strides,
        padding=padding,
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    )
    compiled = jax.jit(f).lower(jnp.ones(image), jnp.ones(kernel)).compile()
    want = compiled.cost_analysis()
    assert want is not None
    text = hlo.text_of(compiled)
    self.assertEqual(hlo_cost.flops(text), want['flops'])
    self.assertEqual(hlo_cost.bytes_accessed(text), want['bytes accessed'])

  def test_a_batched_product_as_a_tpu_writes_it(self):
    text = (
        'ENTRY %m (a: f32[16,512,64], b: f32[16,64,256]) -> f32[16,512,256] {\n'
        '  %a = f32[16,512,64]{2,1,0} parameter(0)\n'
        '  %b = f32[16,64,256]{2,1,0} parameter(1)\n'
        '  ROOT %c = f32[16,512,256]{2,1,0} convolution(%a, %b),'
        ' window={size=16 stride=15 lhs_dilate=16}, dim_labels=0bf_0io->0bf\n'
        '}\n'
    )
    self.assertEqual(hlo_cost.flops(text), 2 * 16 * 512 * 64 * 256)

  def test_memory_on_the_chip_is_no_traffic(self):
    text = (
        'ENTRY %m (a: bf16[8,128]) -> bf16[8,128] {\n'
        '  %a = bf16[8,128]{1,0:T(8,128)(2,1)} parameter(0)\n'
        '  %b = bf16[8,128]{1,0:T(8,128)(2,1)S(1)} negate(%a)\n'
        '  ROOT %c = bf16[8,128]{1,0:T(8,128)(2,1)} negate(%b)\n'
        '}\n'
    )
    self.assertEqual(hlo_cost.bytes_accessed(text), 2 * 8 * 128 * 2)

  def test_a_saved_row_a_turn_is_a_row_of_traffic(self):
    def f(x):
      return jax.lax.scan(lambda c, _: (c * 2, c), x, None, length=100)

    text = hlo.text_of(jax.jit(f).lower(jnp.ones(1024)).compile())
    rows = hlo_cost.bytes_accessed(text) / (100 * 1024 * 4)
    self.assertBetween(rows, 2, 8)  # the whole [100, 1024] would be 100 rows

  def test_a_product_split_over_the_summed_axis_is_counted_a_device(self):
    mesh = _mesh()
    place = lambda *spec: NamedSharding(mesh, P(*spec))
    f = jax.jit(
        jnp.matmul,
        in_shardings=(place('data', 'model'), place('model')),
        out_shardings=place('data'),
    )
    compiled = f.lower(np.ones((16, 64)), np.ones((64, 32))).compile()
    text = hlo.text_of(compiled)
    self.assertEqual(hlo_cost.flops(text), 2 * 16 * 64 * 32 / 8)
    self.assertEqual(collectives.totals(text), {'all-reduce': (1, 8 * 32 * 4)})


if __name__ == '__main__':
  absltest.main()
