"""The device mesh of a run, from one sentence such as `data:4,model:2`.

Axes: `replica` (seeds), `data` (batch), `model` (heads, then neurons).
"""

from collections.abc import Mapping
from collections.abc import Sequence
import math

import jax
from jax.experimental import mesh_utils
from jax.sharding import AxisType
from jax.sharding import Mesh

AXES = ('replica', 'data', 'model')


def parse(text: str) -> dict[str, int]:
  """Reads `replica:R,data:D,model:M`; axes left out have size 1.

  Args:
    text: comma-separated `axis:size` pairs; one size may be -1, "the rest".

  Returns:
    The size of every axis in `AXES`, -1 where it is the rest.

  Raises:
    ValueError: for an unknown or repeated axis, or a size that is no count.
  """
  sizes: dict[str, int] = {}
  for part in text.split(','):
    axis, _, size = part.strip().partition(':')
    if axis not in AXES:
      raise ValueError(
          f'--mesh={text}: unknown axis {axis!r}; use'
          f' {", ".join(AXES)}, as in data:4,model:2.'
      )
    if axis in sizes:
      raise ValueError(f'--mesh={text}: axis {axis!r} is given twice.')
    try:
      sizes[axis] = int(size)
    except ValueError:
      sizes[axis] = 0
    if sizes[axis] == 0 or sizes[axis] < -1:
      raise ValueError(
          f'--mesh={text}: the size of {axis!r} must be a positive count or -1'
          f' (all remaining devices), got {size!r}.'
      )
  if list(sizes.values()).count(-1) > 1:
    raise ValueError(f'--mesh={text}: only one axis can be -1.')
  return {axis: sizes.get(axis, 1) for axis in AXES}


def fill(sizes: Mapping[str, int], num_devices: int) -> dict[str, int]:
  """Replaces -1 by what the other axes leave of `num_devices`.

  Raises:
    ValueError: if the axes do not divide the devices or ask for too many.
  """
  fixed = math.prod(size for size in sizes.values() if size != -1)
  shown = ','.join(f'{axis}:{size}' for axis, size in sizes.items())
  if -1 in sizes.values() and num_devices % fixed:
    raise ValueError(
        f'mesh {shown} does not divide the {num_devices} devices present.'
    )
  full = {
      axis: num_devices // fixed if size == -1 else size
      for axis, size in sizes.items()
  }
  total = math.prod(full.values())
  if total > num_devices:
    raise ValueError(
        f'mesh {shown} needs {total} devices, but {num_devices} are present;'
        ' choose smaller axes, or on a CPU add'
        f' --jax_num_cpu_devices={total}.'
    )
  return full


def automatic(
    num_devices: int, num_seeds: int, batch_size: int
) -> dict[str, int]:
  """Splits seeds first, then the batch, over as many devices as divide them."""
  replica = math.gcd(num_seeds, num_devices)
  data = math.gcd(batch_size, num_devices // replica)
  return {'replica': replica, 'data': data, 'model': 1}


def make(sizes: Mapping[str, int]) -> Mesh:
  """Makes the mesh over the first devices; all of them with many processes.

  Args:
    sizes: a positive size for every axis in `AXES`.

  Returns:
    A mesh with automatic sharding propagation.

  Raises:
    ValueError: if several processes would not all take part.
  """
  sizes = fill(sizes, jax.device_count())
  total = math.prod(sizes.values())
  if jax.process_count() > 1 and total != jax.device_count():
    raise ValueError(
        f'mesh {dict(sizes)} uses {total} of {jax.device_count()} devices over'
        f' {jax.process_count()} processes; every device must take part: make'
        ' one axis -1.'
    )
  return over(jax.devices()[:total], sizes)


def over(devices: Sequence[jax.Device], sizes: Mapping[str, int]) -> Mesh:
  """Arranges devices, as many as `sizes` ask for, with automatic sharding.

  On TPUs, devices that are neighbours on an axis are neighbours in the machine
  as far as possible; axes of the mesh need not be axes of the machine.
  """
  grid = mesh_utils.create_device_mesh(
      tuple(sizes[axis] for axis in AXES),
      devices,
      allow_split_physical_axes=True,
  )
  return Mesh(grid, AXES, axis_types=(AxisType.Auto,) * len(AXES))


def shown(sizes: Mapping[str, int]) -> str:
  """Writes a mesh as `parse` reads it, axes of size 1 left out."""
  parts = [f'{axis}:{size}' for axis, size in sizes.items() if size != 1]
  return ','.join(parts) or 'data:1'
