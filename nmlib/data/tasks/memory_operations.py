"""What is asked of a memory of pairs of a cue and a content: learn, recall.

The three experiments of Casanueva-Morato et al. (arXiv 2310.05868), and random
contents. Arrays as `networks.content_addressable_memory.operations` takes them.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

_STATES = (0, 5, 1, 3, 0, 3, 4, 5, 0, 5, 4, 3, 2, 4, 4, 3)  # of 4 x 4 cells


_Array = jax.Array | np.ndarray


class Operations(NamedTuple):
  """K operations in the order of time."""

  start: _Array  # [K], ms, integer
  learn: _Array  # [K], bool; the others recall
  cue: _Array  # [K, C], one-hot; zeros: recall by content
  content: _Array  # [K, M], bits; zeros: recall by cue


def functional() -> tuple[Operations, int]:
  """Returns experiment 1, on 5 cues and 10 bits, and its length in ms."""
  rows = [
      (True, 0, (0, 1, 8, 9)),
      (True, 4, (1, 5, 6)),
      (True, 3, (4, 5, 6)),
      (False, 0, ()),
      (False, None, (6,)),
      (False, None, (0, 4)),
      (True, 3, (1, 3, 4, 8)),  # forgets 5 and 6
      (False, 3, ()),
      (False, None, (6,)),
  ]
  return _of_rows(rows, 10 * np.arange(9), 5, 10), 90


def stress() -> tuple[Operations, int]:
  """Returns experiment 2, 60 operations on 5 cues and 10 bits; its length.

  Cue k learns the number k + 1, its complement, and k + 1 again; after each of
  these, each cue and each bit recalls.
  """
  bits = lambda number: tuple(j for j in range(10) if number >> j & 1)
  rows = []
  for block in range(3):
    for k in range(5):
      number = k + 1 if block != 1 else 1023 - (k + 1)
      rows.append((True, k, bits(number)))
    rows += [(False, k, ()) for k in range(5)]
    rows += [(False, None, (j,)) for j in range(10)]
  return _of_rows(rows, 1 + 14 * np.arange(60), 5, 10), 851


def state_map() -> tuple[Operations, int]:
  """Returns experiment 3, on 16 cues and 6 bits, and its length in ms.

  Cues are the cells of a 4 x 4 map, a content is the state of its cell.
  """
  rows = [(True, cell, (state,)) for cell, state in enumerate(_STATES)]
  asked = ((1, 2, 4), (3,), (5,), (0,))
  rows += [(False, None, states) for states in asked]
  start = np.concatenate([7 * np.arange(16), 112 + 6 * np.arange(4)])
  return _of_rows(rows, start, 16, 6), 140


def random(
    key: jax.Array,
    num_cues: int,
    num_contents: int,
    num_bits: int,
    spacing: jax.Array | int,
    *,
    orthogonal: bool = False,
    blocks: int = 1,
) -> Operations:
  """Returns blocks that learn random contents, then recall by all.

  Each cue learns a content, in turn; then each cue recalls, then each bit. In
  the next block the cues learn other contents.

  Args:
    key: of randomness.
    num_cues: C.
    num_contents: M.
    num_bits: of each content.
    spacing: ms between starts, integer; may be traced.
    orthogonal: whether contents of a block share no bit.
    blocks: how many, of C learnt, C and M recalled each.

  Raises:
    ValueError: if there are too few bits, or a number is below 1.
  """
  given: dict[str, Any] = {
      'num_cues': num_cues,
      'num_bits': num_bits,
      'blocks': blocks,
  }
  if checks.is_concrete(spacing):
    given['spacing'] = spacing
  for name, value in given.items():
    checks.count(name, value)
  needed = num_bits * (num_cues if orthogonal else 1)
  if needed > num_contents:
    raise ValueError(
        f'contents of {num_bits} bits{" that share none" * orthogonal} need'
        f' {needed} bits, got num_contents={num_contents}.'
    )
  bits = jnp.arange(num_contents)

  def learnt(key):
    if orthogonal:
      order = jax.random.permutation(key, bits)
      chosen = order[:needed].reshape(num_cues, num_bits)
    else:
      one = lambda k: jax.random.permutation(k, bits)[:num_bits]
      chosen = jax.vmap(one)(jax.random.split(key, num_cues))
    return (
        jnp.zeros((num_cues, num_contents))
        .at[jnp.arange(num_cues)[:, None], chosen]
        .set(1)
    )

  contents = jax.vmap(learnt)(jax.random.split(key, blocks))
  cues, nothing = jnp.eye(num_cues), jnp.zeros
  block = lambda content: (
      jnp.concatenate([cues, cues, nothing((num_contents, num_cues))]),
      jnp.concatenate(
          [content, nothing((num_cues, num_contents)), jnp.eye(num_contents)]
      ),
  )
  cue, content = (a.reshape(-1, a.shape[-1]) for a in jax.vmap(block)(contents))
  of_block = 2 * num_cues + num_contents
  return Operations(
      spacing * jnp.arange(len(cue)),
      jnp.arange(len(cue)) % of_block < num_cues,
      cue,
      content,
  )


def answers(operations: Operations) -> tuple[jax.Array, jax.Array]:
  """Returns what a perfect memory answers: bool cues [K, C], contents [K, M].

  It holds the last content of each cue. A recall by content gives all cues
  whose content shares a bit with it.
  """

  def one(held, operation):
    _, learn, cue, content = operation
    new = jnp.where((learn * cue)[:, None] > 0, content[None], held)
    by_cue = jnp.matmul(cue, new) > 0
    found = jnp.matmul(new, content) > 0
    recalls = jnp.any(cue > 0)
    cues = jnp.where(recalls, cue > 0, found)
    return new, (cues, jnp.where(recalls, by_cue, content > 0))

  shape = operations.cue.shape[1], operations.content.shape[1]
  return jax.lax.scan(one, jnp.zeros(shape), operations)[1]


def _of_rows(rows, start, num_cues, num_contents) -> Operations:
  """Returns operations from (whether to learn, cue or None, bits)."""
  cue = np.zeros((len(rows), num_cues), np.float32)
  content = np.zeros((len(rows), num_contents), np.float32)
  for row, (_, which, bits) in enumerate(rows):
    if which is not None:
      cue[row, which] = 1
    content[row, list(bits)] = 1
  learn = np.array([learn for learn, _, _ in rows])
  return Operations(start, learn, cue, content)
