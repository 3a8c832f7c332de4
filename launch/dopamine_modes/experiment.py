"""The experiment of `launch.dopamine_modes`: pretrain, freeze, specialise."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.dopamine_modes import report
from launch.dopamine_modes import several
from launch.dopamine_modes import stages
from launch.dopamine_modes.config import Config
from launch.dopamine_modes.config import Options
from nmlib import train
from nmlib.networks import adaptation
from nmlib.networks import hardening_quality
from nmlib.networks import image_classifiers
from nmlib.networks import mlp
from nmlib.neurons.gates import mode_gate

# On the base that never saw rotated digits.
_LIMITED = ('upright_frozen', 'upright_mode_gate', 'upright_lora_8')


def experiment(config: Config, run: train.Run) -> train.Report:
  """Pretrains, specialises in every way, and compares."""
  split = stages.read(config, (0.0, config.angle))
  base = foundation(config, run, split, 'foundation')
  limited = foundation(config, run, split, 'foundation_upright', num_modes=1)
  results, plain = {}, {}
  sparse = config.sparse_methods()
  for method in (*config.methods, *sparse, *_LIMITED):
    own = limited if method in _LIMITED else base
    adapters, found = adapted(config, run, split, method, own, method)
    results[method] = found
    run.say(
        f'{method}: {int(found["trainable"])} parameters, rotated'
        f' {found["rotated"].mean():.4f}, upright {found["upright"].mean():.4f}'
    )
    if method in ('mode_gate', sparse[-1]):
      gates = train.take(adapters, int(found['rate']))
      plain[method] = run.result(
          f'conditional_{method}',
          lambda g=gates: hardened(config, base, g, split),
      )
  sweeps: dict[str, dict[float, Any]] = {
      field: {value: swept(config, run, field, value) for value in values}
      | {getattr(config, field): results}
      for field, values in (
          ('angle', config.sweep_angles),
          ('foundation_steps', config.sweep_foundation),
      )
  }
  bases: dict[str, Any] = {
      name: several.compare(config, run, name) for name in config.bases
  }
  return report.make(config, results, plain, sweeps, bases)


def swept(config: Config, run: train.Run, field: str, value: float):
  """Repeats the main comparison with another angle or base."""
  change: dict[str, Any] = {field: value}
  config = dataclasses.replace(config, **change)
  split, name = stages.read(config, (0.0, config.angle)), f'{field}_{value:g}'
  base = foundation(config, run, split, f'{name}_foundation')
  return {
      method: adapted(config, run, split, method, base, f'{name}_{method}')[1]
      for method in ('frozen', 'mode_gate', 'lora_8')
  }


def foundation(
    config: Config, run: train.Run, split: train.Split, name: str, num_modes=2
) -> mlp.Params:
  """Trains the base of every seed, on as many images of each mode."""
  height, width = split.train.inputs.shape[-2:]
  answer = lambda params, mode, _, x: image_classifiers.perceptron(params, x)
  learned = stages.learned(
      config, run, split, name, config.foundation_steps,
      (config.foundation_learning_rate,),
      lambda step, size: jnp.arange(size) % num_modes,
      lambda key, _: mlp.init(key, (height * width, *config.hidden, 10)),
      stages.classification(answer),
  )  # fmt: skip
  return train.take(learned, 0)


def adapted(config: Config, run: train.Run, split, method, bases, name):
  """Trains one way to adapt on rotated digits, and measures it.

  Returns:
    Adapters at all learning rates [S, R, ...], and results by name.
  """
  options, adapters = config.options(method), ()
  kind, rank, gate = options.kind, options.rank, options.gate
  rates = config.learning_rates
  if kind != 'frozen':
    adapters = stages.learned(
        config, run, split, name, config.steps, rates,
        lambda step, size: jnp.ones(size, int),
        lambda key, b: adaptation.init(kind, key, b, rank=rank, gate=gate),
        adaptation_loss(config, options), bases,
    )  # fmt: skip
  return adapters, run.result(
      f'result_{name}',
      lambda: tested(options, bases, adapters, split, rates),
  )


def adaptation_loss(config: Config, options: Options) -> stages.Loss:
  """Returns the loss of a way to adapt: cross-entropy, penalised gates."""

  def loss(adapter, base, image, label, mode, step):
    del mode
    temperature = mode_gate.anneal(step, config.steps, *options.temperatures)

    def cost(hard):
      logits, gates, _ = activity(
          options, temperature, adapter, base, image, hard
      )
      mean_gate = jnp.mean(jnp.stack([jnp.mean(gate) for gate in gates]))
      return train.cross_entropy(logits, label) + options.penalty * mean_gate

    if not options.through:
      return cost(hard=False)
    late = step >= (1 - options.through) * config.steps
    return jnp.where(late, cost(hard=True), cost(hard=False))

  return loss


def activity(options: Options, temperature, adapter, base, image, hard=False):
  """Runs an adapted network: logits, gates and activations by layer."""
  return adaptation.activity(
      options.kind, base, adapter, image.reshape(-1), temperature=temperature,
      hard=hard, straight_through=True, gate=options.gate,
  )  # fmt: skip


def tested(options: Options, bases, adapters, split, rates) -> dict[str, Any]:
  """Chooses the learning rate on validation images, then tests.

  Of adapters [S, R, ...], or (), to frozen bases [S, ...]; returns arrays by
  name, seeds in front.
  """
  run = functools.partial(activity, options, options.temperatures[-1])

  def accuracy(adapter, base, part=split.validation, mode=1):
    return stages.accuracy(lambda x: run(adapter, base, x)[0], part, mode)

  def test(adapter, base):
    hard = lambda image: run(adapter, base, image, hard=True)
    logits, on, after = jax.vmap(jax.vmap(hard))(split.test.inputs)
    return hardening_quality.usage(on, after) | {
        'rotated': accuracy(adapter, base, split.test, 1),
        'upright': accuracy(adapter, base, split.test, 0),
        'hard': jnp.mean(jnp.argmax(logits[1], -1) == split.test.labels),
    }

  adapter, best = adapters, 0
  if options.kind != 'frozen':
    adapter, best = train.choose(accuracy, adapters, bases)
  found = jax.tree.map(np.asarray, jax.jit(jax.vmap(test))(adapter, bases))
  count = adaptation.count(adapter) // len(found['rotated'])
  chosen = {'rate': best, 'learning_rate': rates[best]}
  return {**found, 'trainable': count, **chosen}


def hardened(config: Config, bases, gates, split) -> dict[str, np.ndarray]:
  """Hardens plain gates [S, ...] around frozen bases [S, ...]."""
  learn, test = (
      part.inputs[1].reshape(len(part.labels), -1)
      for part in (split.train, split.test)
  )
  return hardening_quality.of_networks(
      bases, gates, learn, test, split.test.labels,
      temperature=config.temperature,
  )  # fmt: skip
