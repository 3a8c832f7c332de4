"""A policy read back in one call, a rollout saved as a GIF in another."""

from collections.abc import Callable
import io
from typing import Any

from etils import epath
import jax
import numpy as np
from PIL import Image

from nmlib.networks.agents import agent as agents
from nmlib.train import workdir as workdir_lib
from nmlib.train.fit import restore
from nmlib.train.run import Run
from nmlib.train.stage import Stage


def policy(
    run: Run, stage: Stage, agent: agents.Agent, index: int = 0
) -> Callable[[Any], Any]:
  """Returns `observation -> action` of the newest whole checkpoint.

  Args:
    run: that trained, or trains; nothing is written.
    stage: as given to `fit`.
    agent: the stage's.
    index: of the seed among `stage.seeds`.

  Raises:
    ValueError: if there is no checkpoint, none fits, or no such seed.
  """
  if not 0 <= index < len(stage.seeds):
    raise ValueError(
        f'index must be in [0, {len(stage.seeds)}), the seeds of stage'
        f' {stage.name!r}, got {index}.'
    )
  _, state = restore(run, stage)
  learner = jax.tree.map(lambda leaf: leaf[index], state.learner)
  return jax.jit(lambda observation: agent.best(learner, observation))


def save_gif(
    path: epath.PathLike,
    states: list[Any],
    draw: Callable[[Any], np.ndarray],
    frame_ms: int = 60,
) -> None:
  """Saves a rollout as an animated GIF that repeats.

  Args:
    path: of the file; it appears whole or not at all.
    states: of the world, such as `rollout` returns.
    draw: of a state, a picture [H, W, 3] (uint8).
    frame_ms: how long each is shown, milliseconds.

  Raises:
    ValueError: if there is no state, or a picture is of another kind.
    OSError: if the file cannot be written.
  """
  if not states:
    raise ValueError('states must hold at least one state to draw, got none.')
  pictures = [np.asarray(draw(jax.device_get(state))) for state in states]
  for picture in pictures:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
      raise ValueError(
          'draw must return a picture [H, W, 3] of uint8, got'
          f' {list(picture.shape)} of {picture.dtype}.'
      )
  frames = [Image.fromarray(picture) for picture in pictures]
  buffer = io.BytesIO()
  frames[0].save(
      buffer,
      'gif',
      save_all=True,
      append_images=frames[1:],
      duration=frame_ms,
      loop=0,
  )
  workdir_lib.write_atomic(epath.Path(path), buffer.getvalue())
