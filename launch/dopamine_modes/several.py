"""Beyond the paper: several modes of one frozen base, and a selector.

The main report's last claims and figures are made of it.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.dopamine_modes import stages
from launch.dopamine_modes.config import Base
from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.networks import adaptation
from nmlib.networks import gated
from nmlib.networks import gated_modes
from nmlib.networks import image_classifiers


def compare(config: Config, run: train.Run, name: Base) -> dict[str, Any]:
  """Trains a base on all angles, a mode for each, and a rival; compares.

  Returns:
    Accuracies [S, M] by name; share of images each neuron is on, [S, M, N].
  """
  split, count = stages.read(config, config.angles), len(config.angles)
  shape = split.train.inputs.shape[2:]
  init, apply = image_classifiers.named(name, shape, config.width, 10)
  plain = lambda params, mode, base, image: apply(params, image)
  gated_by = functools.partial(
      gated_modes.apply, apply, temperature=config.temperature
  )
  soft = lambda *arguments: gated_by(*arguments)[0]
  learned = functools.partial(stages.learned, config, run, split)
  mixed = lambda step, size: jnp.arange(size) % count
  steps = config.mode_steps
  # As many images of each angle as for its gates, one angle after the other.
  in_turn = lambda step, size: jnp.full(size, step * count // steps)

  bases = learned(
      f'{name}_base', config.base_steps, (config.foundation_learning_rate,),
      mixed, lambda key, _: init(key), stages.classification(plain),
  )  # fmt: skip
  bases = train.take(bases, 0)
  first = jax.tree.map(lambda leaf: leaf[0], bases)
  widths = gated.layers(apply, first, split.train.inputs[0, 0])
  modes = learned(
      f'{name}_modes', steps, config.mode_rates, mixed,
      lambda *_: gated_modes.init(widths, count),
      stages.classification(soft), bases,
  )  # fmt: skip
  sequence = learned(
      f'{name}_sequence', steps, config.sequence_rates, in_turn,
      lambda _, base: base, stages.classification(plain), bases,
  )  # fmt: skip

  def score(answer, params, base):
    accuracy = lambda mode: stages.accuracy(
        lambda x: answer(params, mode, base, x), split.validation, mode
    )
    return jnp.mean(jax.lax.map(accuracy, jnp.arange(count)))

  def test(base, gates, tuned):
    means = gated_modes.prototypes(*split.train, num_classes=10)
    found = gated_modes.evaluate(
        apply, tuple(widths), base, gates, means, *split.test,
        temperature=config.temperature,
    )  # fmt: skip
    in_sequence = lambda mode: stages.accuracy(
        lambda x: apply(tuned, x), split.test, mode
    )
    tested = jax.lax.map(in_sequence, jnp.arange(count))
    return found | {'full in sequence': tested}

  def tested():
    best = lambda answer, params: train.choose(
        functools.partial(score, answer), params, bases
    )[0]
    gates, tuned = best(soft, modes), best(plain, sequence)
    found = jax.jit(jax.vmap(test))(bases, gates, tuned)
    trainable = adaptation.count(gates) // config.num_seeds
    return jax.tree.map(np.asarray, found) | {'trainable': trainable}

  return run.result(f'several_{name}', tested)
