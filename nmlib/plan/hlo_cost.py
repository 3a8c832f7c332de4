"""Counts what one device of a compiled program computes and moves.

XLA's own `cost_analysis` will not do: it counts the body of a loop once,
however often it turns, and on TPU it adds traffic inside the chip to that of
its memory. Where there is neither, both counts agree (a test says so).
"""

import math
import re

import numpy as np

from nmlib.plan import hlo

# Views, and whatever only waits for or runs others: no traffic of their own.
_FREE = frozenset(
    {
        'add-dependency',
        'after-all',
        'async-done',
        'async-start',
        'async-update',
        'bitcast',
        'call',
        'conditional',
        'constant',
        'copy-done',
        'get-tuple-element',
        'opt-barrier',
        'parameter',
        'partition-id',
        'replica-id',
        'tuple',
        'while',
    }
)
_VIEWS = ('bitcast', 'reshape', 'get-tuple-element')
_SLICES = ('dynamic-slice', 'slice', 'gather')


def flops(text: str) -> float:
  """Counts the FLOPs of matrix products and convolutions, 2 a multiply-add.

  Element-wise work is left out: no published peak is for it.

  Args:
    text: HLO, as `compiled.as_text()` gives it.

  Returns:
    FLOPs of one device and one call.
  """
  total = 0.0
  for item in hlo.executed(text):
    one = item.instruction
    count = {'dot': _dot, 'convolution': _convolution}.get(one.opcode)
    if count is not None:
      operands = [item.computation[name].arrays[0] for name in one.operands]
      total += item.times * count(one, operands)
    elif one.opcode == 'custom-call':
      total += item.times * (_declared(one, 'flops') or 0)
  return total


def bytes_accessed(text: str) -> float:
  """Counts bytes read from and written to the device's main memory.

  Each instruction reads its operands and writes its results once, a fusion
  only what it takes in and puts out; a slice of an array counts as the slice,
  an update in place as the update, and arrays that XLA keeps on a TPU's chip
  (VMEM) as nothing.

  Args:
    text: HLO, as `compiled.as_text()` gives it.

  Returns:
    Bytes of one device and one call.
  """
  module = hlo.parse(text)
  total = 0.0
  for item in hlo.executed(text):
    if not item.fused and item.instruction.opcode not in _FREE:
      total += item.times * _traffic(module, item)
  return total


def opaque_calls(text: str) -> int:
  """Counts kernels whose FLOPs nobody declared, so that `flops` misses them."""
  return sum(
      item.times
      for item in hlo.executed(text)
      if item.instruction.opcode == 'custom-call'
      and 'custom_call_target="tpu_custom_call"' in item.instruction.attributes
      and _declared(item.instruction, 'flops') is None
  )


def _dot(one: hlo.Instruction, operands: list[hlo.Array]) -> float:
  found = re.search(r'lhs_contracting_dims=\{([\d,]*)\}', one.attributes)
  summed = [int(i) for i in found[1].split(',') if i] if found else []
  inner = math.prod(operands[0].shape[i] for i in summed)
  return 2.0 * math.prod(one.arrays[0].shape) * inner


def _convolution(one: hlo.Instruction, operands: list[hlo.Array]) -> float:
  """A TPU's matrix products are convolutions, batches of them dilated ones."""
  labels = re.search(r'dim_labels=(\w+)_(\w+)->(\w+)', one.attributes)
  if labels is None:
    return 0.0
  left, right, out = (list(part) for part in labels.groups())
  image, kernel = operands[0].shape, operands[1].shape
  result = one.arrays[0].shape
  total = 2.0 * result[out.index('b')] * result[out.index('f')]
  total *= kernel[right.index('i')]
  for label in out:
    if label.isdigit():
      total *= _valid_positions(
          image[left.index(label)],
          kernel[right.index(label)],
          result[out.index(label)],
          _window(one.attributes, int(label)),
      )
  return total


def _window(attributes: str, i: int) -> dict[str, int]:
  """Reads stride, padding and dilations of spatial dimension i."""
  found = re.search(r'window=\{([^}]*)\}', attributes)
  given = dict(re.findall(r'(\w+)=([\w\-]+)', found[1] if found else ''))

  def at(name, default):
    parts = given[name].split('x') if name in given else [default]
    return int(parts[i].split('_')[0] if name in given else parts[0])

  return {
      'stride': at('stride', 1),
      'pad': at('pad', 0),
      'lhs_dilate': at('lhs_dilate', 1),
      'rhs_dilate': at('rhs_dilate', 1),
  }


def _valid_positions(image: int, kernel: int, out: int, window) -> int:
  """Counts pairs of output and kernel positions that meet a real number."""
  where = np.arange(kernel) * window['rhs_dilate'] - window['pad']
  last, count = (image - 1) * window['lhs_dilate'], 0
  for position in range(out):
    at = where + position * window['stride']
    count += np.sum((at >= 0) & (at <= last) & (at % window['lhs_dilate'] == 0))
  return int(count)


def _declared(one: hlo.Instruction, what: str) -> float | None:
  """Reads the cost that the author of a kernel declared."""
  names = {'flops': 'flops', 'bytes': 'bytes_accessed'}
  found = re.search(rf'"{names[what]}":\s*"?(\d+)', one.attributes)
  return float(found[1]) if found else None


def _traffic(module: hlo.Module, item: hlo.Executed) -> float:
  one, computation = item.instruction, item.computation
  operands = [computation[name] for name in one.operands]
  sizes = [_memory(operand.arrays) for operand in operands]
  if one.opcode == 'custom-call':
    declared = _declared(one, 'bytes')
    if declared is not None:
      return declared
  if one.opcode.endswith('-done'):
    return 0
  if one.opcode == 'copy-start':  # (destination, source, context)
    return sizes[0] + _memory(one.arrays[:1])
  if one.opcode.endswith('-start'):  # a collective: in, and out
    return 2 * sum(sizes)
  if one.opcode == 'fusion':
    inner = module.computations[hlo.called(one)[0]]
    return _fusion(module, inner, operands, one)
  if one.opcode == 'dynamic-update-slice':
    return 2 * sizes[1]
  if one.opcode in _SLICES:
    return _memory(one.arrays) + min(sizes[0], one.arrays[0].bytes)
  return sum(sizes) + _memory(one.arrays)


def _fusion(module, inner, operands, outer) -> float:
  """Traffic of a fusion: what it reads of each operand, what it writes."""
  total = 0.0
  parameters = {int(i.text): i for i in inner.values() if _is_parameter(i)}
  for number, operand in enumerate(operands):
    size = _memory(operand.arrays)
    if size and number in parameters:
      total += min(size, _read(module, inner, parameters[number]))
  root = next(i for i in inner.values() if i.root)
  roots = [root]
  if root.opcode == 'tuple':
    roots = [inner[name] for name in root.operands]
  if len(roots) != len(outer.arrays):
    return total + _memory(outer.arrays)
  for one, array in zip(roots, outer.arrays, strict=True):
    size = _memory((array,))
    total += min(size, _written(module, inner, one)) if size else 0
  return total


def _read(module, inner, parameter) -> float:
  """Bytes of a fusion's operand that its body asks for."""
  total, size = 0.0, sum(array.bytes for array in parameter.arrays)
  for one in inner.values():
    if parameter.name not in one.operands:
      continue
    position = one.operands.index(parameter.name)
    if one.opcode in _VIEWS:
      total += _read(module, inner, one)
    elif one.opcode in _SLICES and position == 0:
      total += one.arrays[0].bytes
    elif one.opcode == 'dynamic-update-slice' and position == 0:
      pass  # in place: the rest of the array is not touched
    elif one.opcode == 'fusion':
      nested = module.computations[hlo.called(one)[0]]
      own = next(
          i
          for i in nested.values()
          if _is_parameter(i) and int(i.text) == position
      )
      total += _read(module, nested, own)
    else:
      return size
  return min(total, size)


def _written(module, inner, one) -> float:
  """Bytes of a fusion's result that its body changes."""
  while one.opcode in _VIEWS and one.operands:
    one = inner[one.operands[0]]
  if one.opcode == 'dynamic-update-slice':
    return inner[one.operands[1]].arrays[0].bytes
  if one.opcode == 'fusion':
    nested = module.computations[hlo.called(one)[0]]
    root = next(i for i in nested.values() if i.root)
    if root.opcode != 'tuple':
      return _written(module, nested, root)
  return sum(array.bytes for array in one.arrays)


def _is_parameter(one: hlo.Instruction) -> bool:
  return one.opcode == 'parameter'


def _memory(arrays: tuple[hlo.Array, ...]) -> int:
  return sum(array.bytes for array in arrays if not array.on_chip)
