"""The experiment of `launch.dopamine_modes`: pretrain, freeze, specialise."""

import dataclasses
import functools
from typing import Any

from launch.dopamine_modes import report
from launch.dopamine_modes.config import MODES
from launch.dopamine_modes.config import Base
from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.images import rotation
from nmlib.networks import hardening_quality
from nmlib.networks import image_classifiers
from nmlib.networks import mlp


def experiment(config: Config, run: train.Run) -> train.Report:
  """Pretrains, specialises in every way, and compares."""
  results, hardened = compare(
      config, run, (*config.methods, *config.penalties), '',
      harden=('mode_gate', [*config.penalties][-1]),
  )  # fmt: skip
  few = ('frozen', 'mode_gate', 'lora_8')
  # On a base that never saw rotated digits.
  limited, _ = compare(config, run, few, 'upright_', num_modes=1)
  results |= {f'upright_{name}': found for name, found in limited.items()}
  sweeps: dict[str, dict[Any, Any]] = {
      'angle': dict.fromkeys(config.sweep_angles),
      'foundation_steps': dict.fromkeys(config.sweep_foundation),
  }
  for field, found in sweeps.items():
    for value in found:
      change: dict[str, Any] = {field: value}
      other = dataclasses.replace(config, **change)
      found[value], _ = compare(other, run, few, f'{field}_{value:g}_')
    found[getattr(config, field)] = results
  bases = {name: several(config, run, name) for name in config.bases}
  return report.make(config, results, hardened, sweeps, bases)


def compare(
    config: Config, run: train.Run, methods, prefix: str, *, num_modes: int = 2,
    harden: tuple[str, ...] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
  """Pretrains bases, and adapts them to rotated digits in several ways.

  Returns:
    What each way reaches, by its name; and what is left of the
    gates of some, made hard.
  """
  split = read(config, (0.0, config.angle))
  sizes = (split.train.inputs[0, 0].size, *config.hidden, 10)
  name = 'foundation_upright' if num_modes == 1 else f'{prefix}foundation'
  bases = pretrained(
      config, run, split, name, config.foundation_steps, num_modes,
      lambda key: mlp.init(key, sizes), image_classifiers.perceptron,
  )  # fmt: skip
  results, hardened = {}, {}
  for method in methods:
    name = f'{prefix}{method}'
    adapters, found = train.adapt(
        run, name, config.way(method), bases, split,
        loop=train.Loop(config.steps, config.batch_size),
        rates=config.learning_rates, modes=MODES,
        seeds=range(config.num_seeds),
    )  # fmt: skip
    results[method] = found
    run.say(
        f'{name}: {int(found["trainable"])} parameters, rotated'
        f' {found["rotated"].mean():.4f}, upright {found["upright"].mean():.4f}'
    )
    if method in harden:
      compute = functools.partial(
          hardening_quality.of_networks, bases,
          train.take(adapters, int(found['rate'])), split.train.inputs[1],
          split.test.inputs[1], split.test.labels,
          temperature=config.temperature,
      )  # fmt: skip
      hardened[method] = run.result(f'conditional_{name}', compute)
  return results, hardened


def several(config: Config, run: train.Run, name: Base) -> dict[str, Any]:
  """Beyond the paper: a mode for each angle, and one network on all in turn."""
  split = read(config, config.angles)
  shape = split.train.inputs.shape[2:]
  init, apply = image_classifiers.named(name, shape, config.width, 10)
  bases = pretrained(
      config, run, split, f'{name}_base', config.base_steps,
      len(config.angles), init, apply,
  )  # fmt: skip
  compute = functools.partial(
      train.add_modes, run, name, apply, bases, split, num_classes=10,
      loop=train.Loop(config.mode_steps, config.batch_size),
      rates=config.mode_rates, sequence_rates=config.sequence_rates,
      temperature=config.temperature, seeds=range(config.num_seeds),
  )  # fmt: skip
  return run.result(f'several_{name}', compute)


def read(config: Config, angles: tuple[float, ...]) -> train.Split:
  """Reads the digits and turns them: inputs [M, N, H, W], labels [N]."""
  parts = digits.load(config.source, config.path)
  return train.examples.split(parts, lambda x: rotation.at_angles(x, angles))


def pretrained(
    config: Config, run: train.Run, split, name, steps, num_modes, init, apply
) -> Any:
  """Trains the base of every seed, on as many images of each mode."""
  stage = train.adapter_stage(
      split.train, range(num_modes), lambda key, _: init(key), name=name,
      logits=lambda params, mode, _, image: apply(params, image),
      rates=(config.foundation_learning_rate,),
      seeds=tuple(range(config.num_seeds)),
      loop=train.Loop(steps, config.batch_size),
  )  # fmt: skip
  return train.take(train.adapters.learned(run, stage), 0)
