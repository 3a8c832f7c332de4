"""What a memory is asked for, as spikes, and what its spikes answer."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.content_addressable_memory.params import Config
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.delays import ring

Array = jax.Array | np.ndarray
_LEARN = 3  # ms in which a learnt pair is shown
_ANSWER = range(5, 8)  # ms from an operation to its spikes at the output


def operations(
    start: Array,
    learn: Array,
    cue: Array,
    content: Array,
    config: Config,
    length: int,
) -> tuple[jax.Array, jax.Array]:
  """Returns the input spikes, [T, C] and [T, M], of K operations.

  What is learnt is shown for 3 ms, what recalls for 1 ms.

  Args:
    start: [K], ms, integer; those outside of `length` are left out.
    learn: [K], whether the pair is learnt.
    cue: [K, C], one-hot; zeros: recall by content.
    content: [K, M], bits; zeros: recall by cue.
    config: of the memory.
    length: ms.

  Raises:
    ValueError: if cues are not one-hot, nothing is shown, shapes do not fit,
      or times or the length are not whole ms.
  """
  start = _whole(start)
  count = len(start)
  checks.count('length', length, 0)
  checks.shape('learn', learn, operations=count)
  checks.shape('cue', cue, operations=count, num_cues=config.num_cues)
  checks.shape(
      'content', content, operations=count, num_contents=config.num_contents
  )
  checks.binary('content', content)
  _check_cues(learn, cue, content)
  a_ms = ring.steps(1.0, config.dt)
  dtype = dtypes.named(config.param_dtype)

  def shown(pattern):
    spikes = jnp.zeros((length * a_ms, pattern.shape[1]), dtype)
    for i in range(_LEARN):
      on = (i == 0) | (jnp.asarray(learn)[:, None] > 0)
      # A place below 0 would count from the end; one beyond it is dropped.
      place = jnp.where(start < 0, length, start + i) * a_ms
      spikes = spikes.at[place].max(
          jnp.where(on, pattern, 0).astype(dtype), mode='drop'
      )
    return spikes

  return shown(jnp.asarray(cue)), shown(jnp.asarray(content))


def decode(
    raster: dict[str, jax.Array], start: Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Returns what operations answered: bool cues [K, C] and contents [K, M].

  The cells of the output that spike 5 to 7 ms after the operation's start.

  Args:
    raster: of `unroll`.
    start: [K], ms, integer.
    config: of the memory.

  Raises:
    ValueError: if times are not whole ms.
  """
  start = _whole(start)
  a_ms = ring.steps(1.0, config.dt)
  window = jnp.arange(_ANSWER.start * a_ms, _ANSWER.stop * a_ms)
  place = start[:, None] * a_ms + window[None]
  place = jnp.where(place < 0, jnp.iinfo(place.dtype).max, place)
  answer = lambda spikes: jnp.any(
      spikes.at[place].get(mode='fill', fill_value=0) > 0, axis=1
  )
  return answer(raster['OutCue']), answer(raster['OutCont'])


def _whole(start) -> jax.Array:
  """Returns times [K]; refuses what are not whole ms."""
  start = jnp.asarray(start)
  checks.shape('start', start, 'K')
  if start.size and not jnp.issubdtype(start.dtype, jnp.integer):
    raise ValueError(f'start must be whole ms, got {start.dtype}.')
  return start.astype(jnp.int32)


def _check_cues(learn, cue, content) -> None:
  """Refuses cues that are not one-hot, and operations that show nothing."""
  checks.binary('cue', cue)
  if not (checks.is_concrete(cue) and checks.is_concrete(learn)):
    return
  count = np.asarray(cue).sum(1)
  wrong = (count > 1) | ((count == 0) & (np.asarray(learn) > 0))
  if wrong.any():
    place = int(np.argmax(wrong))
    raise ValueError(
        f'cue must be one-hot, got {int(count[place])} ones in operation'
        f' {place}; only a recall by content has none.'
    )
  if checks.is_concrete(content):
    empty = (count == 0) & (np.asarray(content).sum(1) == 0)
    if empty.any():
      raise ValueError(
          f'operation {int(np.argmax(empty))} must show a cue or a content, got'
          ' zeros of both.'
      )
