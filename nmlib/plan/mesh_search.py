"""Tries the sensible meshes of a slice, and ranks them."""

from collections.abc import Callable
import math

from nmlib.plan import chips
from nmlib.plan import estimate
from nmlib.plan import planner
from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.stage import Stage


def candidates(
    num_chips: int, num_seeds: int, batch_size: int
) -> list[dict[str, int]]:
  """Lists meshes worth trying: every chip in use, seeds split first.

  Seeds need no communication, so `replica` takes all it can; what is left goes
  to `data` and `model` in every way that divides the batch.
  """
  replica = math.gcd(num_seeds, num_chips)
  rest = num_chips // replica
  return [
      {'replica': replica, 'data': data, 'model': rest // data}
      for data in range(rest, 0, -1)
      if rest % data == 0 and batch_size % data == 0
  ]


def rank(
    stage: Stage,
    topology: str,
    *,
    shard_optimizer: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[list[estimate.Plan], dict[str, str]]:
  """Plans every mesh of `candidates`, fastest first.

  Args:
    stage: the stage.
    topology: as `chips.parse` reads it.
    shard_optimizer: as the launchers' flag.
    tell: is told which mesh is next.

  Returns:
    Plans by step time (by memory where no figures are published), and the
    reason why each of the other meshes will not do.

  Raises:
    ValueError: if none will do, saying which came closest.
  """
  where = chips.parse(topology)
  planner.devices(where)
  found, refused, closest = [], {}, None
  for sizes in candidates(
      where.num_chips, len(stage.seeds), stage.loop.batch_size
  ):
    tell(mesh_lib.shown(sizes))
    try:
      found.append(
          planner.plan(stage, topology, sizes, shard_optimizer=shard_optimizer)
      )
    except ValueError as e:
      refused[mesh_lib.shown(sizes)] = str(e)
      if isinstance(e, planner.TooLarge):
        if closest is None or e.excess_bytes < closest.excess_bytes:
          closest = e
  if not found:
    if closest is not None:
      raise planner.TooLarge(
          f'no mesh will do; the closest: {closest}', closest.excess_bytes
      )
    raise ValueError('no mesh will do: ' + ' '.join(refused.values()))
  found.sort(key=lambda p: (p.step_seconds or 0.0, p.memory_bytes))
  return found, refused


def plans(
    stage: Stage,
    topology: str,
    mesh: str,
    *,
    shard_optimizer: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[list[estimate.Plan], dict[str, str]]:
  """Plans the mesh that a flag names, or with 'auto' as `rank` does."""
  if mesh == 'auto':
    return rank(stage, topology, shard_optimizer=shard_optimizer, tell=tell)
  sizes = mesh_lib.parse(mesh)
  one = planner.plan(stage, topology, sizes, shard_optimizer=shard_optimizer)
  return [one], {}
