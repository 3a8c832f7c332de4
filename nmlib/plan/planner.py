"""Compiles a train step for machines that are not there, and says its needs.

The program is the one `fit` would run, compiled ahead of time for a topology
from shapes alone: nothing is allocated, and no TPU is needed, only `libtpu`.
"""

from collections.abc import Mapping
import importlib.util
import math
import os
import re
import time
from typing import Any

import jax
from jax.experimental import topologies

from nmlib.plan import chips
from nmlib.plan import estimate
from nmlib.plan import hlo
from nmlib.plan import hlo_cost
from nmlib.train import program
from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.stage import Stage

# What libtpu says of a program that needs A of B bytes.
_FULL = (
    r'Used ([\d.]+[KMGT]?) of ([\d.]+[KMGT]?) hbm',
    r'\(([\d.]+[KMGT]?)\) exceeds available HBM \(([\d.]+[KMGT]?)\)',
)


class Unavailable(ValueError):
  """The compiler for a topology is not installed."""


class TooLarge(ValueError):
  """The program does not fit the memory of a chip."""

  def __init__(self, message: str, excess_bytes: int):
    super().__init__(message)
    self.excess_bytes = excess_bytes


def plan(
    stage: Stage,
    topology: str,
    mesh_sizes: Mapping[str, int],
    *,
    shard_optimizer: bool = False,
) -> estimate.Plan:
  """Compiles a stage for a topology and measures the program.

  Args:
    stage: the stage, with the shapes of a row as `example`.
    topology: as `chips.parse` reads it.
    mesh_sizes: size of each mesh axis; one may be -1, the rest.
    shard_optimizer: as the launchers' flag.

  Returns:
    Its needs.

  Raises:
    ValueError: if topology, mesh and stage do not fit each other.
    TooLarge: if a chip's memory does not hold the program.
    Unavailable: if the compiler is not installed.
  """
  where = chips.parse(topology)
  sizes = _sizes(mesh_sizes, where)
  mesh = mesh_lib.over(devices(where), sizes)
  with jax.set_mesh(mesh):
    state, layout = program.layout(mesh, stage, shard_optimizer)
    batches = program.batches(stage, mesh)
    call = program.call(stage, layout, mesh)
    started = time.monotonic()
    compiled = _compile(call, state, batches, where)
    seconds = time.monotonic() - started
  memory, text = compiled.memory_analysis(), hlo.text_of(compiled)
  steps = stage.loop.steps_per_call
  flops = hlo_cost.flops(text) / steps
  moved = hlo_cost.bytes_accessed(text) / steps
  traffic = estimate.traffic(text, mesh, where, steps)
  chip = where.chip
  found = estimate.Plan(
      topology=where.name,
      mesh=sizes,
      num_chips=where.num_chips,
      num_parameters=_num_parameters(state),
      batch_size=stage.loop.batch_size,
      items_per_step=len(stage.seeds)
      * stage.loop.batch_size
      * stage.items_per_row,
      item=stage.item,
      steps_per_call=steps,
      argument_bytes=memory.argument_size_in_bytes,
      output_bytes=memory.output_size_in_bytes,
      alias_bytes=memory.alias_size_in_bytes,
      temporary_bytes=memory.temp_size_in_bytes,
      code_bytes=memory.generated_code_size_in_bytes,
      hbm_bytes=chip.hbm_bytes if chip else None,
      flops=flops,
      hbm_traffic=moved,
      collectives=traffic,
      compute_seconds=flops / chip.flops if chip else None,
      hbm_seconds=moved / chip.hbm_bandwidth if chip else None,
      ici_seconds=sum(t.seconds or 0.0 for t in traffic) if chip else None,
      compile_seconds=seconds,
      notes=_notes(text),
  )
  if chip and found.memory_bytes > chip.hbm_bytes:
    raise _too_large(where, sizes, found.memory_bytes, chip.hbm_bytes)
  return found


def devices(where: chips.Topology) -> list[Any]:
  """Returns the devices of a topology, one a chip; real only on a CPU.

  Raises:
    Unavailable: if `libtpu` is not installed.
    ValueError: if there are too few virtual CPU devices.
  """
  if where.chip is None:
    present = jax.devices('cpu')
    if len(present) < where.num_chips:
      raise ValueError(
          f'--topology={where.name} needs {where.num_chips} CPU devices, but'
          f' {len(present)} are present; add'
          f' --jax_num_cpu_devices={where.num_chips}.'
      )
    return present[: where.num_chips]
  if not has_tpu_compiler():
    raise Unavailable(
        f'--topology={where.name} needs the TPU compiler; install it (no TPU'
        " needed) with: pip install -e '.[launch,tpu]'. Or use"
        ' --topology=cpu:8.'
    )
  # There is no metadata server to ask; without answers libtpu complains.
  for name, value in (
      ('TPU_SKIP_MDS_QUERY', '1'),
      ('TPU_WORKER_HOSTNAMES', 'localhost'),
      ('TPU_ACCELERATOR_TYPE', 'v5litepod-8'),
  ):
    os.environ.setdefault(name, value)
  # Nothing runs on a TPU, so several planners may work at the same time.
  os.environ.setdefault('ALLOW_MULTIPLE_LIBTPU_LOAD', '1')
  options = dict(where.chip.options)
  if where.num_chips == 1:
    options['chips_per_host_bounds'] = (1, 1, 1)
  try:
    found = topologies.get_topology_desc(
        platform='tpu', topology_name=where.name, **options
    ).devices
  except Exception as e:  # jaxlib has several types for these
    raise ValueError(f'--topology={where.name}: {e}') from e
  if len(found) != where.num_chips:
    raise ValueError(
        f'--topology={where.name} has {where.num_chips} chips, but libtpu'
        f' describes {len(found)} devices.'
    )
  return list(found)


def has_tpu_compiler() -> bool:
  """Tells whether `libtpu` is installed."""
  return importlib.util.find_spec('libtpu') is not None


def _sizes(mesh_sizes, where) -> dict[str, int]:
  sizes = {axis: mesh_sizes.get(axis, 1) for axis in mesh_lib.AXES}
  if -1 in sizes.values():
    sizes = mesh_lib.fill(sizes, where.num_chips)
  total = math.prod(sizes.values())
  if total != where.num_chips:
    raise ValueError(
        f'--mesh={mesh_lib.shown(sizes)} has {total} devices, but'
        f' --topology={where.name} has {where.num_chips} chips; make one axis'
        ' -1 to take the rest.'
    )
  return sizes


def _compile(call, state, batches, where):
  platform = 'tpu' if where.chip else 'cpu'
  lowered = call.trace(state, batches).lower(lowering_platforms=(platform,))
  try:
    return lowered.compile()
  except jax.errors.JaxRuntimeError as e:
    found = next(filter(None, (re.search(p, str(e)) for p in _FULL)), None)
    if found is None:
      raise
    mesh = {axis: int(n) for axis, n in jax.sharding.get_mesh().shape.items()}
    raise _too_large(
        where, mesh, *(_bytes(size) for size in found.groups())
    ) from e


def _too_large(where, sizes, used: int, has: int) -> TooLarge:
  excess = used - has
  return TooLarge(
      f'--topology={where.name} --mesh={mesh_lib.shown(sizes)} needs'
      f' {used / 2**30:.2f} GiB a chip, but {has / 2**30:.2f} GiB are there:'
      f' {excess / 2**30:.2f} GiB too many. Use more chips, a smaller batch, or'
      ' recompute activations (remat).',
      excess,
  )


def _bytes(text: str) -> int:
  power = '_KMGT'.find(text[-1])
  return int(float(text.rstrip('KMGT')) * 1024 ** max(0, power))


def _num_parameters(state) -> int:
  params = getattr(state, 'params', ())
  return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))


def _notes(text: str) -> tuple[str, ...]:
  notes = []
  if loops := hlo.unknown_loops(text):
    notes.append(
        f'{len(loops)} loop(s) turn an unknown number of times, counted once:'
        f' {", ".join(loops)}'
    )
  if kernels := hlo_cost.opaque_calls(text):
    notes.append(
        f'FLOPs of {kernels} kernel call(s) without a cost estimate are not'
        ' counted'
    )
  return tuple(notes)
