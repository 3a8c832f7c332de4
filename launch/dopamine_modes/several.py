"""Several modes of one frozen base, and a selector; any kind of network."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train
from nmlib.data.images import digits
from nmlib.data.images import rotation
from nmlib.networks import active_dendrites
from nmlib.networks import gated
from nmlib.networks import image_classifiers
from nmlib.networks import mlp
from nmlib.neurons import sites

BASES = ('perceptron', 'convolutional', 'transformer')


class Modes(NamedTuple):
  """The same images in M modes."""

  train: jax.Array  # [M, N, H, W]
  train_labels: jax.Array  # [N]
  validation: jax.Array
  validation_labels: jax.Array
  test: jax.Array
  test_labels: jax.Array


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


def run_base(config: Any, run: train.Run, name: str) -> dict[str, np.ndarray]:
  """Trains a base on all angles, a mode for each, and a rival; compares.

  Args:
    config: of the launcher.
    run: the run.
    name: one of `BASES`.

  Returns:
    Accuracies [S, M] by name; share of images each neuron is on, [S, M, N].
  """
  parts = digits.load(config.source, config.path)
  turn = lambda images: jnp.stack(
      [rotation.rotate_bilinear(jnp.asarray(images), a) for a in config.angles]
  )
  modes = Modes(
      turn(parts.train.images),
      jnp.asarray(parts.train.labels),
      turn(parts.validation.images),
      jnp.asarray(parts.validation.labels),
      turn(parts.test.images),
      jnp.asarray(parts.test.labels),
  )
  init, apply = network(name, parts.train.images.shape[1:], config.width)
  base = _trained(
      config,
      run,
      f'{name}_base',
      modes,
      config.base_steps,
      lambda key, _: init(key),
      lambda params, _, image, mode: apply(params, image),
      (config.foundation_learning_rate,),
      lambda step, batch: jnp.arange(batch) % len(config.angles),
  )
  base = jax.tree.map(lambda leaf: np.asarray(leaf)[:, 0], base)
  widths = gated.layers(
      apply, jax.tree.map(lambda leaf: leaf[0], base), modes.train[0, 0]
  )

  def gates(key, params):
    del key, params
    return jax.tree.map(
        lambda leaf: jnp.stack([leaf] * len(config.angles)), gated.init(widths)
    )

  def gated_apply(adapter, params, image, mode, hard=False):
    one = jax.tree.map(lambda leaf: leaf[mode], adapter)
    return gated.apply(
        apply, one, params, image, temperature=config.temperature, hard=hard
    )

  adapter = _trained(
      config,
      run,
      f'{name}_modes',
      modes,
      config.mode_steps,
      gates,
      lambda *arguments: gated_apply(*arguments)[0],
      config.mode_rates,
      lambda step, batch: jnp.arange(batch) % len(config.angles),
      base,
  )
  # As many images of each angle as for its gates, one angle after the other.
  sequence = _trained(
      config,
      run,
      f'{name}_sequence',
      modes,
      config.mode_steps,
      lambda key, params: params,
      lambda params, _, image, mode: apply(params, image),
      config.sequence_rates,
      lambda step, batch: jnp.full(
          batch, step * len(config.angles) // config.mode_steps
      ),
      base,
  )

  def measured():
    gates, mode_rate = _chosen(
        lambda *arguments: gated_apply(*arguments)[0], adapter, base, modes
    )
    tuned, sequence_rate = _chosen(
        lambda params, base, image, mode: apply(params, image),
        sequence,
        base,
        modes,
    )
    return _measured(
        apply, gated_apply, base, gates, tuned, modes, tuple(widths)
    ) | {
        'mode_rate': config.mode_rates[mode_rate],
        'sequence_rate': config.sequence_rates[sequence_rate],
    }

  return run.result(f'several_{name}', measured)


def _trained(
    config, run, stage, modes, steps, init, apply, rates, schedule, base=()
):
  """Trains one stage: images of the modes that `schedule` says, all seeds.

  All learning rates start from the same weights and see the same images.

  Args:
    config: of the launcher.
    run: the run.
    stage: its name.
    modes: the images.
    steps: of the optimizer.
    init: (key, base) -> parameters.
    apply: (parameters, base, image, mode) -> logits.
    rates: R learning rates, of Adam.
    schedule: (step, batch size) -> mode of each image.
    base: frozen parameters, [S, ...].

  Returns:
    Parameters, [S, R, ...].
  """
  optimizer = optax.scale_by_adam()

  def start(key):
    seed = jax.random.key_data(key)[-1]  # seed s starts from jax.random.key(s)
    frozen = jax.tree.map(lambda leaf: jnp.asarray(leaf)[seed], base)
    init_key, step_key = jax.random.split(key)
    params = jax.tree.map(
        lambda leaf: jnp.stack([leaf] * len(rates)), init(init_key, frozen)
    )
    return {
        'train': train.TrainState(
            jnp.int32(0), params, optimizer.init(params), step_key
        ),
        'frozen': frozen,
    }

  def step(state, _):
    now, frozen = state['train'], state['frozen']
    key = jax.random.fold_in(now.key, now.step)
    rows = jax.random.randint(
        key, (config.batch_size,), 0, len(modes.train_labels)
    )
    mode = schedule(now.step, config.batch_size)

    def loss(params):
      logits = jax.vmap(lambda x, m: apply(params, frozen, x, m))(
          modes.train[mode, rows], mode
      )
      return jnp.mean(
          optax.losses.softmax_cross_entropy_with_integer_labels(
              logits, modes.train_labels[rows]
          )
      )

    values, gradient = jax.vmap(jax.value_and_grad(loss))(now.params)
    updates, moments = optimizer.update(gradient, now.opt_state, now.params)

    def moved(leaf, update):
      rate = jnp.array(rates).reshape((-1,) + (1,) * (leaf.ndim - 1))
      return leaf - rate * update

    params = jax.tree.map(moved, now.params, updates)
    now = train.TrainState(now.step + 1, params, moments, now.key)
    return {'train': now, 'frozen': frozen}, {'loss': jnp.min(values)}

  fitted = train.fit(
      run,
      stage,
      train.Schedule(steps, config.batch_size),
      init=start,
      step=step,
      seeds=tuple(range(config.num_seeds)),
  )
  return fitted.state['train'].params


def _chosen(apply, params, base, modes: Modes):
  """Takes the learning rate that is best on validation images, all seeds.

  Returns:
    Parameters [S, ...] and the index of the rate.
  """

  def score(params, base):
    def one(mode):
      logits = jax.vmap(lambda x: apply(params, base, x, mode))(
          modes.validation[mode]
      )
      return jnp.mean(jnp.argmax(logits, -1) == modes.validation_labels)

    return jnp.mean(jax.lax.map(one, jnp.arange(len(modes.validation))))

  scores = jax.jit(jax.vmap(jax.vmap(score, in_axes=(0, None))))(params, base)
  best = int(jnp.argmax(scores.mean(0)))
  return jax.tree.map(lambda leaf: leaf[:, best], params), best


def _measured(apply, gated_apply, base, adapter, sequence, modes: Modes, names):
  """Tests every mode: frozen, gated (told and inferred), tuned in sequence.

  Gated layers are reported in the order of `names`.
  """
  count = len(modes.train)
  # Nearest of the mean images of each digit in each mode.
  prototypes = jnp.stack(
      [
          modes.train[m][modes.train_labels == digit].mean(0).reshape(-1)
          for m in range(count)
          for digit in range(10)
      ]
  )
  inferred = jax.vmap(
      jax.vmap(
          lambda x: active_dendrites.nearest_prototype(
              prototypes, x.reshape(-1)
          )
          // 10
      )
  )(
      modes.test
  )  # [M, N]

  def right(logits):
    return jnp.mean(jnp.argmax(logits, -1) == modes.test_labels)

  def one(base, adapter, sequence, mode):
    images = modes.test[mode]
    plain = lambda params: jax.vmap(lambda x: apply(params, x))(images)
    soft = jax.vmap(lambda x: gated_apply(adapter, base, x, mode)[0])(images)
    run = lambda x, m: gated_apply(adapter, base, x, m, hard=True)
    hard, on = jax.vmap(lambda x: run(x, mode))(images)
    chosen = jax.vmap(lambda x, m: run(x, m)[0])(images, inferred[mode])
    share = [on[n].mean(tuple(range(on[n].ndim - 1))) for n in names]
    return {
        'frozen': right(plain(base)),
        'soft': right(soft),
        'told': right(hard),
        'selected': right(chosen),
        'selector': jnp.mean(inferred[mode] == mode),
        'sequence': right(plain(sequence)),
        'share': jnp.concatenate(share),
    }

  tested = jax.jit(
      jax.vmap(
          lambda b, a, s: jax.lax.map(
              lambda m: one(b, a, s, m), jnp.arange(count)
          )
      )
  )(base, adapter, sequence)
  trainable = sum(leaf[0].size for leaf in jax.tree.leaves(adapter))
  return {**jax.tree.map(np.asarray, tested), 'trainable': trainable}
