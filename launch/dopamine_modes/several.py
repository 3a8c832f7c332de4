"""Beyond the paper: several modes of one frozen base, and a selector.

A module beside the main experiment: it is not one of the abstract's, yet the
main report's last claims and figures are made of it.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.dopamine_modes import stages
from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.networks import active_dendrites
from nmlib.networks import gated
from nmlib.networks import image_classifiers
from nmlib.networks import mlp
from nmlib.neurons import sites


def network(
    name: str, shape: tuple[int, int], width: int
) -> tuple[Callable[[jax.Array], Any], Callable[..., jax.Array]]:
  """Returns `init(key)` and `apply(params, image, site)` of a base."""
  if name == 'perceptron':
    widths = (shape[0] * shape[1], 4 * width, 4 * width, 10)
    return (
        lambda key: mlp.init(key, widths),
        lambda params, image, site=sites.PLAIN: mlp.apply(
            params, image.reshape(-1), site
        ),
    )
  if name == 'convolutional':
    return (
        lambda key: image_classifiers.init_convolutional(
            key, shape, width // 2, 2 * width, 10
        ),
        image_classifiers.convolutional,
    )
  return (
      lambda key: image_classifiers.init_transformer(
          key, shape, width, 4, 2, 10
      ),
      image_classifiers.transformer,
  )


def compare(config: Config, run: train.Run, name: str) -> dict[str, np.ndarray]:
  """Trains a base on all angles, a mode for each, and a rival; compares.

  Args:
    config: of the launcher.
    run: the run.
    name: of the base.

  Returns:
    Accuracies [S, M] by name; share of images each neuron is on, [S, M, N].
  """
  split, count = stages.read(config, config.angles), len(config.angles)
  init, apply = network(name, split.train.inputs.shape[2:], config.width)
  plain = lambda params, base, image, mode: apply(params, image)
  mixed = lambda step, size: jnp.arange(size) % count

  def fit(kind, steps, mode_of, init, apply, rates, bases=()):
    def loss(params, base, batch, step):
      del step
      logits = jax.vmap(lambda x, m: apply(params, base, x, m))(
          batch.images, batch.modes
      )
      return train.cross_entropy(logits, batch.labels)

    stage = stages.stage(
        config, f'{name}_{kind}', steps, split.train,
        mode_of, init, loss, rates, bases,
    )  # fmt: skip
    return train.to_host(train.fit(run, stage).state.learns)

  first = (config.foundation_learning_rate,)
  bases = train.take(
      fit('base', config.base_steps, mixed, lambda k, _: init(k), plain, first),
      0,
  )
  widths = gated.layers(
      apply, jax.tree.map(lambda leaf: leaf[0], bases), split.train.inputs[0, 0]
  )

  def gates(key, base):
    del key, base
    return jax.tree.map(
        lambda leaf: jnp.stack([leaf] * count), gated.init(widths)
    )

  def run_gated(gates, base, image, mode, hard=False):
    own = jax.tree.map(lambda leaf: leaf[mode], gates)
    return gated.apply(
        apply, own, base, image, temperature=config.temperature, hard=hard
    )

  soft = lambda *arguments: run_gated(*arguments)[0]
  steps = config.mode_steps
  modes = fit('modes', steps, mixed, gates, soft, config.mode_rates, bases)
  # As many images of each angle as for its gates, one angle after the other.
  in_turn = lambda step, size: jnp.full(size, step * count // steps)
  sequence = fit(
      'sequence', steps, in_turn, lambda _, base: base, plain,
      config.sequence_rates, bases,
  )  # fmt: skip

  def measured():
    own, mode_rate = stages.choose(_validation(soft, split), modes, bases)
    tuned, rate = stages.choose(_validation(plain, split), sequence, bases)
    tested = _tested(apply, run_gated, (bases, own, tuned), split, widths)
    return tested | {
        'mode_rate': config.mode_rates[mode_rate],
        'sequence_rate': config.sequence_rates[rate],
    }

  return run.result(f'several_{name}', measured)


def _validation(apply, split: train.Split):
  """Returns the score of parameters: mean accuracy over modes."""

  def score(params, base):
    def one(mode):
      answer = lambda x: apply(params, base, x, mode)
      return train.accuracy(answer, stages.in_mode(split.validation, mode))

    return jnp.mean(jax.lax.map(one, jnp.arange(len(split.train.inputs))))

  return score


def _selector(split: train.Split) -> jax.Array:
  """Infers the mode of each test image, [M, N].

  That of the nearest of the mean images of each digit in each mode.
  """
  images, labels = split.train
  prototypes = jnp.stack(
      [
          turned[labels == digit].mean(0).reshape(-1)
          for turned in images
          for digit in range(10)
      ]
  )
  nearest = lambda x: active_dendrites.nearest_prototype(
      prototypes, x.reshape(-1)
  )
  return jax.vmap(jax.vmap(nearest))(split.test.inputs) // 10


def _tested(apply, run_gated, params, split: train.Split, layers):
  """Tests every mode: frozen, gated (told and inferred), tuned in sequence.

  Args:
    apply: (params, image) -> logits.
    run_gated: (gates, base, image, mode, hard) -> logits, gates by layer.
    params: base, gates and network tuned in sequence, [S, ...] each.
    split: images in every mode.
    layers: names of those with gates, in order.
  """
  inferred = _selector(split)

  def one(base, gates, tuned, mode):
    test = stages.in_mode(split.test, mode)
    right = lambda answer: train.accuracy(answer, test)
    hard = lambda x, m: run_gated(gates, base, x, m, hard=True)
    logits, on = jax.vmap(lambda x: hard(x, mode))(test.inputs)
    chosen = jax.vmap(lambda x, m: hard(x, m)[0])(test.inputs, inferred[mode])
    correct = lambda logits: jnp.mean(jnp.argmax(logits, -1) == test.labels)
    share = [on[n].mean(tuple(range(on[n].ndim - 1))) for n in layers]
    return {
        'frozen': right(lambda x: apply(base, x)),
        'soft': right(lambda x: run_gated(gates, base, x, mode)[0]),
        'told': correct(logits),
        'selected': correct(chosen),
        'selector': jnp.mean(inferred[mode] == mode),
        'sequence': right(lambda x: apply(tuned, x)),
        'share': jnp.concatenate(share),
    }

  every = jnp.arange(len(inferred))
  tested = jax.jit(
      jax.vmap(lambda b, a, s: jax.lax.map(lambda m: one(b, a, s, m), every))
  )(*params)
  trainable = sum(leaf[0].size for leaf in jax.tree.leaves(params[1]))
  return {**jax.tree.map(np.asarray, tested), 'trainable': trainable}
