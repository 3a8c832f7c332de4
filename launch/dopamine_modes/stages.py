"""What every stage of `launch.dopamine_modes` is: Adam, on digits in modes."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.images import rotation


class Batch(NamedTuple):
  images: jax.Array  # [B, H, W]
  labels: jax.Array  # [B]
  modes: jax.Array  # [B]


class State(NamedTuple):
  """What learns, and the base that is frozen."""

  step: jax.Array  # [], int32
  learns: Any
  base: Any
  opt_state: Any
  key: jax.Array  # []
  rate: jax.Array  # []


def read(config: Config, angles: tuple[float, ...]) -> train.Split:
  """Reads the digits and turns them: inputs [M, N, H, W], labels [N]."""
  parts = []
  for images, labels in digits.load(config.source, config.path):
    images = jnp.asarray(images)
    modes = [rotation.rotate_bilinear(images, angle) for angle in angles]
    parts.append(train.Examples(jnp.stack(modes), jnp.asarray(labels)))
  return train.Split(*parts)


def in_mode(part: train.Examples, mode: int | jax.Array) -> train.Examples:
  """Takes the images of one mode."""
  return train.Examples(part.inputs[mode], part.labels)


def stage(
    config: Config,
    name: str,
    num_steps: int,
    examples: train.Examples,
    mode_of: Callable[[jax.Array, int], jax.Array],
    init: Callable[[jax.Array, Any], Any],
    loss: Callable[[Any, Any, Batch, jax.Array], jax.Array],
    rates: tuple[float, ...],
    bases: Any = (),
) -> train.Stage:
  """Returns a training at several learning rates, on the same images.

  Args:
    config: of the launcher.
    name: of the stage.
    num_steps: of the optimizer.
    examples: inputs [M, N, H, W].
    mode_of: (step, B) -> the mode of each image, int [B].
    init: (key, base) -> what learns.
    loss: (what learns, base, batch, step) -> [].
    rates: R learning rates.
    bases: frozen parameters [S, ...].
  """
  optimizer = optax.scale_by_adam()

  def start(key, base, rate):
    init_key, step_key = jax.random.split(key)
    learns = init(init_key, base)
    opt_state = optimizer.init(learns)
    return State(jnp.int32(0), learns, base, opt_state, step_key, rate)

  def batch(key, step):
    rows = jax.random.randint(
        jax.random.fold_in(key, step),
        (config.batch_size,),
        0,
        len(examples.labels),
    )
    modes = mode_of(step, config.batch_size)
    return Batch(examples.inputs[modes, rows], examples.labels[rows], modes)

  def step(state, batch):
    value, gradient = jax.value_and_grad(loss)(
        state.learns, state.base, batch, state.step
    )
    ways, opt_state = optimizer.update(gradient, state.opt_state)
    learns = jax.tree.map(lambda p, d: p - state.rate * d, state.learns, ways)
    state = state._replace(
        step=state.step + 1, learns=learns, opt_state=opt_state
    )
    return state, {'loss': value}

  return train.Stage(
      name=name,
      loop=train.Loop(num_steps, config.batch_size),
      init=start,
      step=step,
      data=batch,
      seeds=tuple(range(config.num_seeds)),
      starts=bases,
      sweep=np.array(rates, np.float32),
  )


def choose(score: Callable[[Any, Any], jax.Array], learns: Any, bases: Any):
  """Takes the learning rate that is best in the mean over seeds.

  Args:
    score: (what learns, base) -> [], on validation images.
    learns: [S, R, ...].
    bases: [S, ...].

  Returns:
    What was learned at that rate, [S, ...], and the index of the rate.
  """
  scores = jax.jit(jax.vmap(jax.vmap(score, in_axes=(0, None))))(learns, bases)
  best = int(jnp.argmax(scores.mean(0)))
  return train.take(learns, best), best
