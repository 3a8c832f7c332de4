"""Published figures of TPU chips, and the slices they come in.

Numbers are those of each chip's page of the Cloud TPU documentation (`source`)
as of 2026. The pages write GB for memory that the chips have in GiB, and give
bandwidth between chips (ICI) for both directions together; here it is for one
direction, what a chip can send.
"""

from collections.abc import Sequence
import math
from typing import Any
from typing import NamedTuple

_DOCS = 'https://docs.cloud.google.com/tpu/docs/'


class Chip(NamedTuple):
  """What a chip has, and how chips are wired."""

  name: str
  hbm_bytes: int
  hbm_bandwidth: float  # bytes/s
  flops: float  # bf16 peak, FLOP/s
  ici_bandwidth: float  # bytes/s a chip can send over all its links
  dimensions: int  # of the torus; a chip has 2 links in each
  wraps_at: int  # a dimension closes to a ring at multiples of this size
  max_chips: int  # of the largest slice
  largest: tuple[int, ...]  # its shape
  options: dict[str, Any]  # for libtpu, so that one device is one chip
  source: str


CHIPS = {
    chip.name: chip
    for chip in (
        Chip(
            'v4',
            hbm_bytes=32 * 2**30,
            hbm_bandwidth=1200e9,
            flops=275e12,
            # Its page has no figure; 6 links of 50 GB/s: arXiv 2304.01433.
            ici_bandwidth=300e9,
            dimensions=3,
            wraps_at=4,
            max_chips=4096,
            largest=(16, 16, 16),
            options={'chip_config_name': 'megacore'},
            source=_DOCS + 'v4; ICI: https://arxiv.org/abs/2304.01433',
        ),
        Chip(
            'v5e',
            hbm_bytes=16 * 2**30,
            hbm_bandwidth=819e9,
            flops=197e12,
            ici_bandwidth=200e9,
            dimensions=2,
            wraps_at=16,
            max_chips=256,
            largest=(16, 16),
            options={},
            source=_DOCS + 'v5e',
        ),
        Chip(
            'v5p',
            hbm_bytes=95 * 2**30,
            hbm_bandwidth=2765e9,
            flops=459e12,
            ici_bandwidth=600e9,
            dimensions=3,
            wraps_at=4,
            max_chips=6144,
            largest=(16, 16, 24),
            options={},
            source=_DOCS + 'v5p',
        ),
        Chip(
            'v6e',
            hbm_bytes=32 * 2**30,
            hbm_bandwidth=1638e9,
            flops=918e12,
            ici_bandwidth=400e9,
            dimensions=2,
            wraps_at=16,
            max_chips=256,
            largest=(16, 16),
            options={},
            source=_DOCS + 'v6e',
        ),
    )
}


class Topology(NamedTuple):
  """A slice of chips, or virtual CPU devices (`chip` is None)."""

  name: str
  chip: Chip | None
  shape: tuple[int, ...]

  @property
  def num_chips(self) -> int:
    return math.prod(self.shape)


def parse(text: str) -> Topology:
  """Reads `v5e:2x4`, `v5p:8x8x8` or, for virtual CPU devices, `cpu:8`.

  Raises:
    ValueError: if there is no such slice, saying which there are.
  """
  kind, _, size = text.partition(':')
  chip = CHIPS.get(kind)
  parts = size.split('x')
  if (chip is None and kind != 'cpu') or not all(
      part.isdigit() and int(part) > 0 for part in parts
  ):
    raise ValueError(f'--topology={text} is unknown; use {known()}.')
  shape = tuple(int(part) for part in parts)
  if chip is None:
    if len(shape) != 1:
      raise ValueError(f'--topology={text}: write cpu:{math.prod(shape)}.')
    return Topology(text, None, shape)
  if len(shape) != chip.dimensions:
    raise ValueError(
        f'--topology={text}: {kind} slices have {chip.dimensions} dimensions,'
        f' as in {kind}:{_shown(chip.largest)}.'
    )
  if any(
      n > limit for n, limit in zip(sorted(shape), chip.largest, strict=True)
  ):
    raise ValueError(
        f'--topology={text}: the largest {kind} slice is'
        f' {_shown(chip.largest)}, {chip.max_chips} chips.'
    )
  host = (1,) * len(shape)
  if math.prod(shape) > 1:
    host = (2, 2, 1)[: len(shape)]
  if any(n % h for n, h in zip(shape, host, strict=True)):
    raise ValueError(
        f'--topology={text}: {kind} slices are multiples of {_shown(host)},'
        ' the chips of one host.'
    )
  return Topology(text, chip, shape)


def known() -> str:
  """Says which topologies there are."""
  slices = [
      f'{chip.name}:{"x".join("ABC"[: chip.dimensions])} up to'
      f' {_shown(chip.largest)}'
      for chip in CHIPS.values()
  ]
  return f'{", ".join(slices)}, or cpu:N for N virtual CPU devices'


def egress(
    chip: Chip, shape: Sequence[int], places: Sequence[Sequence[int]]
) -> float:
  """Bytes/s that a chip sends in a ring collective within a slice.

  A dimension of the torus gives a group of chips two links if the group fills
  it and it closes to a ring, and one if the group is a stretch of it. Where the
  group takes every k-th chip, it shares the links with others: none. A group
  has one link at least.

  Args:
    chip: its kind.
    shape: of the slice.
    places: coordinates of the chips of the group.
  """
  links = 0
  for axis, size in enumerate(shape):
    at = {place[axis] for place in places}
    if len(at) == size and size % chip.wraps_at == 0:
      links += 2
    elif len(at) > 1 and max(at) - min(at) + 1 == len(at):
      links += 1
  return chip.ici_bandwidth / (2 * chip.dimensions) * max(1, links)


def _shown(shape: Sequence[int]) -> str:
  return 'x'.join(str(n) for n in shape)
