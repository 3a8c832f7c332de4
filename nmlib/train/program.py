"""The compiled program of a stage: what `fit` runs and the planner examines."""

from collections.abc import Callable
import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from nmlib.train import sharding


def keys(seeds: tuple[int, ...]) -> jax.Array:
  """Returns the key that each seed starts from, [S]."""
  return jax.vmap(jax.random.key)(jnp.array(seeds))


def layout(
    mesh: Mesh,
    init: Callable[[jax.Array], Any],
    seeds: tuple[int, ...],
    rules: sharding.Rules,
    shard_optimizer: bool = False,
) -> tuple[Any, Any]:
  """Returns the shapes [S, ...] of the state with, and apart, shardings.

  Args:
    mesh: the mesh.
    init: of one seed, as `fit` takes it.
    seeds: S seeds, split over `replica`.
    rules: where parameters live.
    shard_optimizer: splits the node `opt_state` over `data` too.

  Returns:
    The shapes with their shardings, and the shardings.
  """
  each = jax.eval_shape(lambda: keys(seeds))
  shapes = jax.eval_shape(jax.vmap(init), each)
  where = sharding.infer(shapes, mesh, rules, leading=P('replica'))
  if shard_optimizer:
    where = sharding.over_data(where, shapes, mesh, 'opt_state')
  return _with_sharding(shapes, where), where


def call(
    step: Callable[[Any, Any], Any], num_steps: int, where: Any, mesh: Mesh
) -> Any:
  """Jits `num_steps` steps of all seeds into one donated call.

  Args:
    step: of one seed, as `fit` takes it.
    num_steps: optimizer steps a call.
    where: shardings of the state, from `layout`.
    mesh: the mesh.

  Returns:
    The jitted `call(state, batches [K, S, B, ...]) -> (state, metrics)`.
  """
  step_all = jax.vmap(step, spmd_axis_name='replica')

  @functools.partial(
      jax.jit,
      donate_argnums=0,
      out_shardings=(where, NamedSharding(mesh, P())),
  )
  def call(state, batches):
    return jax.lax.scan(step_all, state, batches, length=num_steps)

  return call


def batches(
    example: Any,
    num_steps: int,
    num_seeds: int,
    batch_size: int,
    mesh: Mesh,
) -> Any:
  """Returns the shapes [K, S, B, ...] of a call's batches, as placed.

  Args:
    example: shapes of one row, or None for a step without data.
    num_steps: K.
    num_seeds: S, split over `replica`.
    batch_size: B, split over `data`.
    mesh: the mesh.

  Raises:
    ValueError: if seeds or rows do not divide over the mesh.
  """
  check_batch(num_seeds, batch_size, mesh)
  split = NamedSharding(mesh, P(None, 'replica', 'data'))
  return jax.tree.map(
      lambda row: jax.ShapeDtypeStruct(
          (num_steps, num_seeds, batch_size, *row.shape),
          row.dtype,
          sharding=split,
      ),
      example,
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
