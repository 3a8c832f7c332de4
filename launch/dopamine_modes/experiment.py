"""The experiment of `launch.dopamine_modes`: pretrain, freeze, specialise."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from launch.dopamine_modes import measure
from launch.dopamine_modes import report
from launch.dopamine_modes import several
from launch.dopamine_modes import stages
from launch.dopamine_modes.config import Config
from nmlib import train
from nmlib.networks import adaptation
from nmlib.networks import mlp
from nmlib.neurons.gates import mode_gate

# On the base that never saw rotated digits.
_LIMITED = ('upright_frozen', 'upright_mode_gate', 'upright_lora_8')


def experiment(config: Config, run: train.Run) -> train.Report:
  """Pretrains, specialises in every way, and compares."""
  split = stages.read(config, (0.0, config.angle))
  base = foundation(config, run, split, 'foundation')
  limited = foundation(config, run, split, 'foundation_upright', mixed=False)
  results, hardened = {}, {}
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
      hardened[method] = run.result(
          f'conditional_{method}',
          lambda a=adapters, r=found: measure.conditional(
              base, train.take(a, int(r['rate'])), split, config.temperature
          ),
      )
  sweeps: dict[str, dict[float, Any]] = {
      'angle': {
          angle: swept(config, run, f'angle_{angle:g}', angle=angle)
          for angle in config.sweep_angles
      }
      | {config.angle: results},
      'foundation_steps': {
          steps: swept(config, run, f'base_{steps}', foundation_steps=steps)
          for steps in config.sweep_foundation
      }
      | {config.foundation_steps: results},
  }
  bases: dict[str, Any] = {
      name: several.compare(config, run, name) for name in config.bases
  }
  return report.make(config, results, hardened, sweeps, bases)


def swept(config: Config, run: train.Run, name: str, **changes):
  """Repeats the main comparison with another angle or base."""
  config = dataclasses.replace(config, **changes)
  split = stages.read(config, (0.0, config.angle))
  base = foundation(config, run, split, f'{name}_foundation')
  return {
      method: adapted(config, run, split, method, base, f'{name}_{method}')[1]
      for method in ('frozen', 'mode_gate', 'lora_8')
  }


def foundation(
    config: Config, run: train.Run, split: train.Split, name: str, mixed=True
) -> mlp.Params:
  """Trains the base of every seed on both modes, half of each batch each.

  If not `mixed` it sees upright digits only.
  """
  images = split.train.inputs
  widths = (images.shape[-1] * images.shape[-2], *config.hidden, 10)

  def loss(params, _, batch, step):
    del step
    logits = jax.vmap(lambda x: mlp.apply(params, x.reshape(-1)))(batch.images)
    return train.cross_entropy(logits, batch.labels)

  stage = stages.stage(
      config,
      name,
      config.foundation_steps,
      split.train,
      lambda _, count: jnp.arange(count) % (2 if mixed else 1),
      lambda key, _: mlp.init(key, widths),
      loss,
      (config.foundation_learning_rate,),
  )
  return train.take(train.to_host(train.fit(run, stage).state.learns), 0)


def adapted(
    config: Config,
    run: train.Run,
    split: train.Split,
    method: str,
    bases: mlp.Params,
    name: str,
) -> tuple[Any, dict[str, Any]]:
  """Trains one way to adapt on rotated digits, and measures it.

  Returns:
    Adapters at all learning rates [S, R, ...], and results by name.
  """
  options, adapters = config.options(method), ()
  if options.kind != 'frozen':

    def init(key, base):
      rank, gate = options.rank, options.gate
      return adaptation.init(options.kind, key, base, rank=rank, gate=gate)

    stage = stages.stage(
        config,
        name,
        config.steps,
        split.train,
        lambda _, count: jnp.ones(count, int),
        init,
        adaptation_loss(config, options),
        config.learning_rates,
        bases,
    )
    adapters = train.to_host(train.fit(run, stage).state.learns)
  return adapters, run.result(
      f'result_{name}',
      lambda: measure.measured(
          options, bases, adapters, split, config.learning_rates
      ),
  )


def adaptation_loss(config: Config, options: Any):
  """Returns the loss of a way to adapt, as `stages.stage` takes it."""

  def cost(adapter, base, batch, temperature, hard):
    logits, gates = jax.vmap(
        lambda x: adaptation.apply(
            options.kind,
            base,
            adapter,
            x.reshape(-1),
            temperature=temperature,
            hard=hard,
            straight_through=True,
            gate=options.gate,
        )
    )(batch.images)
    mean_gate = jnp.mean(jnp.stack([jnp.mean(gate) for gate in gates]))
    entropy = train.cross_entropy(logits, batch.labels)
    return entropy + options.penalty * mean_gate

  def loss(adapter, base, batch, step):
    temperature = mode_gate.anneal(step, config.steps, *options.temperatures)
    soft = cost(adapter, base, batch, temperature, False)
    if not options.through:
      return soft
    late = step >= (1 - options.through) * config.steps
    return jnp.where(late, cost(adapter, base, batch, temperature, True), soft)

  return loss
