"""What every stage of `launch.dopamine_modes` is: Adam, on digits in modes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.images import rotation

Loss = Callable[..., jax.Array]  # what learns, base, image, label, mode, step


def read(config: Config, angles: tuple[float, ...]) -> train.Split:
  """Reads the digits and turns them: inputs [M, N, H, W], labels [N]."""
  parts = digits.load(config.source, config.path)
  return train.examples.split(parts, lambda x: rotation.at_angles(x, angles))


def accuracy(answer, part: train.Examples, mode: int | jax.Array) -> jax.Array:
  """Returns the accuracy [] of logits `answer(image)` in one mode."""
  return train.accuracy(answer, train.Examples(part.inputs[mode], part.labels))


def classification(apply: Callable[..., jax.Array]) -> Loss:
  """Returns the loss of logits `apply(what learns, mode, base, image)`."""
  return lambda own, base, image, label, mode, step: train.cross_entropy(
      apply(own, mode, base, image), label
  )


def learned(
    config: Config, run: train.Run, split: train.Split, name: str,
    num_steps: int, rates: tuple[float, ...],
    mode_of: Callable[[jax.Array, int], jax.Array],
    init: Callable[[jax.Array, Any], Any], loss: Loss, bases: Any = (),
) -> Any:  # fmt: skip
  """Trains at several learning rates, with the same images in each step.

  Args:
    config, run, split, name, num_steps: of the stage.
    rates: R learning rates.
    mode_of: (step, B) -> the mode of each image, int [B].
    init: (key, base) -> what learns.
    loss: of one image, [].
    bases: frozen parameters [S, ...].

  Returns:
    What was learned, [S, R, ...].
  """
  inputs, labels = split.train
  size = config.batch_size

  def batch(key, step):
    key = jax.random.fold_in(key, step)
    rows = jax.random.randint(key, (size,), 0, len(labels))
    modes = mode_of(step, size)
    return inputs[modes, rows], labels[rows], modes, jnp.full(size, step)

  def loss_beside(params, example, _):
    base = jax.lax.stop_gradient(params['base'])
    return loss(params['own'], base, *example), {}

  @optax.inject_hyperparams
  def optimizer(learning_rate):
    return optax.partition(
        {'own': optax.adam(learning_rate), 'base': optax.set_to_zero()},
        {'own': 'own', 'base': 'base'},
    )

  stage = train.Stage(
      name=name, loop=train.Loop(num_steps, size), loss=loss_beside,
      init=lambda key, base: {'base': base, 'own': init(key, base)},
      optimizer=optimizer(rates[0]), data=batch,
      seeds=tuple(range(config.num_seeds)), starts=bases,
      sweep={'learning_rate': np.array(rates, np.float32)},
  )  # fmt: skip
  return train.to_host(train.fit(run, stage).state.params['own'])
