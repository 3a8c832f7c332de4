"""Reads compiled programs: XLA's HLO text, and how often each part of it runs.

`compiled.as_text()` of a jitted program is the program of ONE device after
partitioning, so every shape and every count here is a device's own.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import functools
import math
import re
from typing import NamedTuple

import jax

_BITS = {'pred': 8, 'token': 0, 'opaque': 0, 'bf16': 16}
_ARRAY = re.compile(r'(\w+)\[([\d,<=]*)\](\{[^{}]*\})?')
_HEADER = re.compile(r'^(ENTRY )?%?([\w.\-]+) \(.*\{\s*$')
_INSTRUCTION = re.compile(r'^\s+(ROOT )?%?([\w.\-]+) = (.*)$')
_NAME = re.compile(r'%([\w.\-]+)')
_PLUMBING = ('bitcast', 'copy', 'reshape', 'convert')


class Array(NamedTuple):
  """One array of an instruction's result."""

  dtype: str  # HLO's name, such as bf16
  shape: tuple[int, ...]
  on_chip: bool  # in a TPU's VMEM or SMEM, not in HBM

  @property
  def bytes(self) -> int:
    """Size without padding."""
    bits = _BITS.get(self.dtype)
    if bits is None:  # s32, f8e4m3fn, u4, c64
      digits = re.search(r'\d+', self.dtype)
      bits = int(digits.group()) if digits else 8
    return -(-math.prod(self.shape) * bits // 8)


class Instruction(NamedTuple):
  """One line of HLO."""

  name: str
  opcode: str
  arrays: tuple[Array, ...]  # of the result, tuples flattened
  operands: tuple[str, ...]
  text: str  # between the operands' parentheses
  attributes: str  # what follows them
  root: bool


Computation = Mapping[str, Instruction]


class Module(NamedTuple):
  """A compiled program."""

  computations: Mapping[str, Computation]
  entry: str


class Executed(NamedTuple):
  """An instruction, and how often the program runs it."""

  instruction: Instruction
  computation: Computation  # where it stands
  times: int
  fused: bool  # inside a fusion: touches no memory of its own


def text_of(compiled: jax.stages.Compiled) -> str:
  """Returns the HLO of a compiled function."""
  return compiled.as_text() or ''


@functools.lru_cache(maxsize=2)
def parse(text: str) -> Module:
  """Reads HLO text as `compiled.as_text()` prints it."""
  computations: dict[str, dict[str, Instruction]] = {}
  current: dict[str, Instruction] = {}
  entry = ''
  for line in text.splitlines():
    if header := _HEADER.match(line):
      current = computations.setdefault(header[2], {})
      entry = header[2] if header[1] else entry
    elif found := _INSTRUCTION.match(line):
      current[found[2]] = _instruction(found)
  return Module(computations, entry)


def executed(text: str) -> Iterator[Executed]:
  """Walks the program from its entry; both sides of a condition are walked."""
  module = parse(text)
  yield from _walk(module, module.entry, 1, False)


def unknown_loops(text: str) -> list[str]:
  """Names loops whose number of turns cannot be read; they count once."""
  return [
      item.instruction.name
      for item in executed(text)
      if item.instruction.opcode == 'while'
      and _turns(parse(text), item.computation, item.instruction) is None
  ]


def called(instruction: Instruction) -> list[str]:
  """Names the computations that an instruction runs, other than reducers."""
  names = []
  keys = {
      'fusion': 'calls',
      'async-start': 'calls',
      'call': 'to_apply',
      'while': 'body',
  }
  if instruction.opcode == 'conditional':
    keys['conditional'] = 'branch_computations|true_computation'
    keys['conditional'] += '|false_computation'
  if key := keys.get(instruction.opcode):
    for part in re.findall(
        rf'(?:{key})=(\{{[^}}]*\}}|%?[\w.\-]+)', instruction.attributes
    ):
      names += re.findall(r'[\w.\-]+', part)
  return names


def _walk(module, name, times, fused) -> Iterator[Executed]:
  computation = module.computations[name]
  for one in computation.values():
    yield Executed(one, computation, times, fused)
    turns = 1
    if one.opcode == 'while':
      turns = _turns(module, computation, one)
      turns = 1 if turns is None else turns
    for inner in called(one):
      yield from _walk(
          module, inner, times * turns, fused or one.opcode == 'fusion'
      )


def _turns(module, computation, loop) -> int | None:
  """Returns how often a loop turns: annotated, or as `i < constant` says."""
  if known := re.search(r'"known_trip_count":\{"n":"(\d+)"', loop.attributes):
    return int(known[1])
  name = re.search(r'condition=%?([\w.\-]+)', loop.attributes)
  condition = module.computations[name[1]] if name else {}
  root = next((i for i in condition.values() if i.root), None)
  if root is None or root.opcode != 'compare':
    return None
  if 'direction=LT' not in root.attributes:
    return None
  first, last = (
      _constant(condition, operand, computation, loop)
      for operand in root.operands
  )
  if last is None:
    return None
  return max(0, last - (first or 0))


def _constant(condition, name, outer, loop) -> int | None:
  """Follows a value of a loop's condition to the constant it starts from."""
  one = condition[name]
  while one.opcode in _PLUMBING:
    one = condition[one.operands[0]]
  if one.opcode == 'get-tuple-element':
    index = re.search(r'index=(\d+)', one.attributes)
    start = outer[loop.operands[0]]
    if start.opcode != 'tuple' or index is None:
      return None
    one = outer[start.operands[int(index[1])]]
    while one.opcode in _PLUMBING:
      one = outer[one.operands[0]]
  if one.opcode == 'constant' and re.fullmatch(r'-?\d+', one.text):
    return int(one.text)
  return None


def _instruction(found: re.Match) -> Instruction:
  rest = found[3]
  end = _closing(rest, 0) if rest.startswith('(') else rest.find(' ')
  result, rest = rest[:end], rest[end:].lstrip()
  opening = rest.find('(')
  closing = _closing(rest, opening)
  text = rest[opening + 1 : closing - 1]
  return Instruction(
      found[2],
      rest[:opening],
      tuple(_array(a) for a in _ARRAY.finditer(result)),
      tuple(_NAME.findall(text)),
      text,
      rest[closing:],
      bool(found[1]),
  )


def _array(found: re.Match) -> Array:
  shape = tuple(int(n.strip('<=')) for n in found[2].split(',') if n)
  space = re.search(r'S\((\d+)\)', found[3] or '')
  return Array(found[1], shape, bool(space and space[1] != '0'))


def _closing(text: str, opening: int) -> int:
  """Returns the position after the parenthesis that closes `opening`."""
  depth = 0
  for i in range(opening, len(text)):
    depth += {'(': 1, ')': -1}.get(text[i], 0)
    if depth == 0:
      return i + 1
  return len(text)
