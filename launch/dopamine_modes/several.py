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
from nmlib.analysis import sparsity
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

  def tested():
    best = lambda answer, params: train.choose(
        functools.partial(score, answer), params, bases
    )[0]
    gates, tuned = best(soft, modes), best(plain, sequence)
    return test(apply, gated_by, split, tuple(widths), bases, gates, tuned)

  return run.result(f'several_{name}', tested)


def test(apply, gated_by, split, layers, *params) -> dict[str, Any]:
  """Tests every mode: frozen, gated (told and inferred), tuned in sequence.

  Args:
    apply, split, layers: network, images in every mode, layers with gates.
    gated_by: (gates, mode, base, image, hard) -> logits, gates by layer.
    *params: base, gates and network tuned in sequence, [S, ...] each.
  """
  means = gated_modes.prototypes(*split.train, num_classes=10)
  infer = functools.partial(gated_modes.infer, means)

  def one(mode, base, gates, tuned):
    hard = lambda x, m: gated_by(gates, m, base, x, hard=True)
    answers = {
        'frozen': lambda x: apply(base, x),
        'soft': lambda x: gated_by(gates, mode, base, x)[0],
        'hard': lambda x: hard(x, mode)[0],
        'selected': lambda x: hard(x, infer(x))[0],
        'full in sequence': lambda x: apply(tuned, x),
    }
    found = {
        name: stages.accuracy(answer, split.test, mode)
        for name, answer in answers.items()
    }
    images = split.test.inputs[mode]
    found['selector'] = jnp.mean(jax.vmap(infer)(images) == mode)
    on = jax.vmap(lambda x: hard(x, mode)[1])(images)
    share = [sparsity.duty_cycle(on[name]) for name in layers]
    return found | {'share': jnp.concatenate(share)}

  modes = jnp.arange(len(means))
  each = lambda *own: jax.lax.map(lambda mode: one(mode, *own), modes)
  found = jax.tree.map(np.asarray, jax.jit(jax.vmap(each))(*params))
  count = adaptation.count(params[1]) // len(found['hard'])
  return {**found, 'trainable': count}
