"""The compiled program of a stage: what `fit` runs and the planner examines."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.train.hosts import sharding
from nmlib.train.stage import Stage


def keys(seeds: tuple[int, ...]) -> jax.Array:
  """Returns the key that each seed starts from, [S]."""
  return jax.vmap(jax.random.key)(jnp.array(seeds))


def initial(stage: Stage, layout: Any) -> Any:
  """Computes the state of every seed, placed as `layout` says."""
  init_all = jax.vmap(stage.initial, spmd_axis_name='replica')
  return jax.jit(init_all, out_shardings=layout)(
      keys(stage.seeds), jax.tree.map(np.asarray, stage.starts)
  )


def layout(
    mesh: Mesh, stage: Stage, shard_optimizer: bool = False
) -> tuple[Any, Any]:
  """Returns the shapes [S, ...] of the state with, and apart, shardings.

  Args:
    mesh: the mesh; seeds are split over `replica`.
    stage: the stage.
    shard_optimizer: splits the node `opt_state` over `data` too.

  Returns:
    The shapes with their shardings, and the shardings.
  """
  each = jax.eval_shape(lambda: keys(stage.seeds))
  shapes = jax.eval_shape(jax.vmap(stage.initial), each, stage.starts)
  leading = P('replica') if stage.sweep is None else P('replica', None)
  where = sharding.infer(shapes, mesh, stage.rules, leading=leading)
  if shard_optimizer:
    where = sharding.over_data(where, shapes, mesh, 'opt_state')
  return _with_sharding(shapes, where), where


def call(stage: Stage, where: Any, mesh: Mesh) -> Any:
  """Jits the steps of a call, of all seeds, into one donated program.

  Args:
    stage: the stage.
    where: shardings of the state, from `layout`.
    mesh: the mesh.

  Returns:
    The jitted `call(state, batches [K, S, B, ...]) -> (state, metrics)`.
  """
  step_all = jax.vmap(stage.advance, spmd_axis_name='replica')

  @functools.partial(
      jax.jit,
      donate_argnums=0,
      out_shardings=(where, NamedSharding(mesh, P())),
  )
  def call(state, batches):
    return jax.lax.scan(
        step_all, state, batches, length=stage.loop.steps_per_call
    )

  return call


def batches(stage: Stage, mesh: Mesh) -> Any:
  """Returns the shapes [K, S, B, ...] of a call's batches, as placed.

  Args:
    stage: the stage; K is its steps a call.
    mesh: the mesh; S is split over `replica`, B over `data`.

  Raises:
    ValueError: if seeds or rows do not divide over the mesh.
  """
  loop, num_seeds = stage.loop, len(stage.seeds)
  check_batch(num_seeds, loop.batch_size, mesh)
  split = NamedSharding(mesh, P(None, 'replica', 'data'))
  return jax.tree.map(
      lambda row: jax.ShapeDtypeStruct(
          (loop.steps_per_call, num_seeds, loop.batch_size, *row.shape),
          row.dtype,
          sharding=split,
      ),
      stage.example,
  )


def check_batch(num_seeds: int, batch_size: int, mesh: Mesh) -> None:
  """Raises ValueError if seeds or rows do not divide over the mesh."""
  for axis, size, what in (
      ('replica', num_seeds, 'seeds'),
      ('data', batch_size, 'rows a batch'),
  ):
    if size % mesh.shape[axis]:
      raise ValueError(
          f'{size} {what} do not divide over the mesh axis'
          f' {axis}:{mesh.shape[axis]}; choose another --mesh.'
      )


def _with_sharding(shapes: Any, where: Any) -> Any:
  return jax.tree.map(
      lambda s, place: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=place),
      shapes,
      where,
  )
