"""What BDH's layers communicate: counted in the compiled program."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import pytest

from nmlib.neurons import bdh
from nmlib.plan import collectives
from nmlib.plan import hlo
from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.hosts import sharding

_B, _T = 4, 24
_HEADS = bdh.Config(
    vocab_size=32,
    embed_dim=16,
    num_neurons=256,
    num_heads=4,
    num_layers=2,
    dropout_rate=0.0,
)
_SPLIT = dataclasses.replace(_HEADS, num_heads=2, blocks_per_head=4)
_U = _B * _T * _HEADS.embed_dim * 4  # u, v or dv: [B, T, d] float32
_A = _SPLIT.num_heads * _U  # a or da: [B, h, T, d]


@functools.cache
def _totals(config, rules, gradient):
  mesh = mesh_lib.make(mesh_lib.parse('model:4'))
  shapes = jax.eval_shape(lambda: bdh.init(jax.random.key(0), config))
  layout = sharding.infer(shapes, mesh, rules)
  params = jax.tree.map(
      lambda s, where: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=where),
      shapes,
      layout,
  )
  everywhere = NamedSharding(mesh, P())
  text = jax.ShapeDtypeStruct((_B, _T), jnp.int32, sharding=everywhere)

  def loss(params, text):
    one = lambda row: bdh.loss(params, row, row, config)
    return jnp.mean(jax.vmap(one, spmd_axis_name='data')(text))

  function = jax.jit(loss, out_shardings=everywhere)
  if gradient:
    function = jax.jit(jax.grad(loss), out_shardings=layout)
  compiled = function.lower(params, text).compile()
  return collectives.totals(hlo.text_of(compiled))


@pytest.mark.parametrize('scan', (False, True))
def test_split_heads_add_up_u_once_a_layer_and_nothing_else(scan):
  config = dataclasses.replace(_HEADS, scan_layers=scan)
  layers = config.num_layers
  found = _totals(config, bdh.PARTITION_RULES, gradient=False)
  assert found == {'all-reduce': (layers, layers * _U)}


@pytest.mark.xfail(
    strict=True,
    reason='dv is added up twice: as value of the attention, and through D_x',
)
def test_backward_over_heads_adds_up_dv_once_a_layer_and_nothing_else():
  found = _totals(_HEADS, bdh.PARTITION_RULES, gradient=True)
  layers = _HEADS.num_layers
  assert found == {'all-reduce': (2 * layers, 2 * layers * _U)}


def test_backward_over_heads_adds_up_at_most_two_arrays_a_layer():
  found = _totals(_HEADS, bdh.PARTITION_RULES, gradient=True)
  layers = _HEADS.num_layers
  assert found.keys() == {'all-reduce'}
  count, size = found['all-reduce']
  assert count <= 3 * layers and size <= 3 * layers * _U


@pytest.mark.xfail(
    strict=True,
    reason='the scores [B, h, T, T] are added up, not the read-outs a',
)
def test_a_split_head_adds_up_a_and_u_once_a_layer():
  found = _totals(_SPLIT, bdh.SPLIT_HEAD_PARTITION_RULES, gradient=False)
  layers = _SPLIT.num_layers
  assert found == {'all-reduce': (2 * layers, layers * (_A + _U))}


def test_a_split_head_has_two_all_reduces_a_layer_and_pass():
  layers = _SPLIT.num_layers
  for gradient, passes in ((False, 1), (True, 2)):
    found = _totals(_SPLIT, bdh.SPLIT_HEAD_PARTITION_RULES, gradient)
    assert found.keys() == {'all-reduce'}
    assert found['all-reduce'][0] == 2 * layers * passes
