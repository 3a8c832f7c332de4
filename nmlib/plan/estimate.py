"""What a compiled train step needs, and how fast a chip could run it."""

import dataclasses
from typing import Any

from jax.sharding import Mesh
import numpy as np

from nmlib.plan import chips
from nmlib.plan import collectives


@dataclasses.dataclass(frozen=True)
class Traffic:
  """One kind of collective over one set of mesh axes, a chip and step."""

  kind: str
  axes: tuple[str, ...]  # mesh axes whose chips talk
  group_size: int
  count: float  # operations; XLA bundles several arrays into one
  bytes: float  # put in
  sent_bytes: float  # over links, at least
  seconds: float | None  # one after the other; None without a figure


@dataclasses.dataclass(frozen=True)
class Plan:
  """What one optimizer step of a compiled program needs, a chip.

  Memory is exact: the compiler's own allocation. FLOPs (of matrix products)
  and bytes are counted in the compiled program, loops as often as they turn.
  Times are a roofline from published peaks, hence lower bounds, as if compute,
  memory and links never waited for each other.
  """

  topology: str
  mesh: dict[str, int]
  num_chips: int
  num_parameters: int  # of all seeds; 0 if the state has no `params`
  batch_size: int  # rows a seed
  items_per_step: int  # over all seeds and chips
  item: str
  steps_per_call: int
  argument_bytes: int
  output_bytes: int
  alias_bytes: int  # outputs that reuse arguments, by donation
  temporary_bytes: int
  code_bytes: int
  hbm_bytes: int | None  # what the chip has; None without a figure
  flops: float
  hbm_traffic: float  # bytes
  collectives: tuple[Traffic, ...]
  compute_seconds: float | None
  hbm_seconds: float | None
  ici_seconds: float | None
  compile_seconds: float
  notes: tuple[str, ...]

  @property
  def memory_bytes(self) -> int:
    """The most that a chip holds at once."""
    return (
        self.argument_bytes
        + self.output_bytes
        - self.alias_bytes
        + self.temporary_bytes
        + self.code_bytes
    )

  @property
  def collective_bytes(self) -> float:
    """Bytes that a chip puts into all collectives of a step."""
    return sum(traffic.bytes for traffic in self.collectives)

  @property
  def terms(self) -> dict[str, float]:
    """The roofline's terms in seconds; empty without published figures."""
    terms = {
        'compute': self.compute_seconds,
        'HBM': self.hbm_seconds,
        'ICI': self.ici_seconds,
    }
    return {name: value for name, value in terms.items() if value is not None}

  @property
  def step_seconds(self) -> float | None:
    """The roofline: the largest of its terms."""
    return max(self.terms.values(), default=None)

  @property
  def bound(self) -> str | None:
    """Which term is the largest."""
    return max(self.terms, key=self.terms.__getitem__, default=None)

  @property
  def items_per_second(self) -> float | None:
    """Rate over all chips, at the roofline."""
    seconds = self.step_seconds
    return self.items_per_step / seconds if seconds else None

  def as_dict(self) -> dict[str, Any]:
    """Returns fields and derived figures, JSON-serialisable."""
    derived = (
        'memory_bytes',
        'collective_bytes',
        'step_seconds',
        'bound',
        'items_per_second',
    )
    return dataclasses.asdict(self) | {n: getattr(self, n) for n in derived}


def traffic(
    text: str, mesh: Mesh, where: chips.Topology, steps: int
) -> tuple[Traffic, ...]:
  """Sums the collectives of a program by kind and by mesh axes.

  Args:
    text: HLO, as `compiled.as_text()` gives it.
    mesh: the mesh it was compiled for.
    where: the slice.
    steps: optimizer steps in the program; figures are a step's.

  Returns:
    The largest first.
  """
  sums: dict[tuple[str, tuple[str, ...], int], np.ndarray] = {}
  for one in collectives.find(text):
    spans = _spans(
        one.groups[0], np.arange(mesh.size).reshape(mesh.devices.shape)
    )
    axes = tuple(a for a, s in zip(mesh.axis_names, spans, strict=True) if s)
    seconds = 0.0
    if where.chip is not None:
      seconds = one.sent / _bandwidth(one.groups[0], mesh, where)
    key = one.kind, axes, one.groups.shape[1]
    sums[key] = sums.get(key, np.zeros(4)) + one.times / steps * np.array(
        [1, one.bytes, one.sent, seconds]
    )
  found = [
      Traffic(
          *key,
          count=float(values[0]),
          bytes=float(values[1]),
          sent_bytes=float(values[2]),
          seconds=float(values[3]) if where.chip else None,
      )
      for key, values in sums.items()
  ]
  return tuple(sorted(found, key=lambda one: -one.sent_bytes))


def _spans(group: np.ndarray, grid: np.ndarray) -> list[bool]:
  """Tells along which axes of the grid of partitions a group extends."""
  places = np.argwhere(np.isin(grid, group))
  return (places.max(0) > places.min(0)).tolist()


def _bandwidth(group, mesh: Mesh, where: chips.Topology) -> float:
  assert where.chip is not None
  devices = mesh.devices.ravel()
  places = [devices[i].coords for i in np.asarray(group).ravel()]
  return chips.egress(where.chip, where.shape, places)
