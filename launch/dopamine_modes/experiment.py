"""Dopamine: a frozen network changes its mode by thresholds and gains.

Ghasemlou, "Brain Modes, Not Brains" (arXiv 2602.11726, 2026): pretrain a small
perceptron on digits seen upright and rotated by 45 degrees, freeze it, and
learn one threshold and one gain for each hidden neuron on rotated digits only.

  python -m launch.dopamine_modes                  # small: minutes, 2 cores
  python -m launch.dopamine_modes --preset=paper   # MNIST, ten seeds
  python -m launch.dopamine_modes --config.angle=90 --workdir=runs/90

Each way to adapt trains at four learning rates at once, with equal steps and
the same order of data; the rate is chosen on validation images. The same is
done on a base that never saw rotated digits, to show what gates cannot do, for
other angles and lengths of pretraining, and with other kinds of gate: annealed,
straight-through at the end, tied, of positive gain, sparse.
Beyond the paper, one base (a perceptron, a convolutional network, a
transformer) gets a mode for each of several angles, and a selector that infers
the mode from the image. `small` uses the 8 x 8 digits that come with nmlib
(six minutes on a core), `paper` MNIST (TFDS, or --path). The same command
again resumes; a finished run prints its report at once.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import dopamine_modes_config
from launch import dopamine_modes_measure
from launch import dopamine_modes_report
from launch import dopamine_modes_several
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.images import rotation
from nmlib.networks import adaptation
from nmlib.networks import mlp
from nmlib.neurons.gates import mode_gate

Config = dopamine_modes_config.Config
PRESETS = dopamine_modes_config.PRESETS
# On the base that never saw rotated digits.
_LIMITED = ('upright_frozen', 'upright_mode_gate', 'upright_lora_8')


class Data(NamedTuple):
  """Flat images of both modes; the modes share labels."""

  train: jax.Array  # [2, N, D]: upright, rotated
  train_labels: jax.Array  # [N]
  validation: jax.Array
  validation_labels: jax.Array
  test: jax.Array
  test_labels: jax.Array


class Options(NamedTuple):
  """What one way to adapt is."""

  kind: str  # one of `adaptation.METHODS`
  temperatures: tuple[float, float]  # of gates, first and last
  rank: int = 1
  penalty: float = 0.0  # of the mean gate
  through: float = 0.0  # last share of steps with straight-through gates
  gate: mode_gate.Config = mode_gate.Config()


class State(NamedTuple):
  """A base and, after it is frozen, adapters for R learning rates."""

  step: jax.Array  # [], int32
  base: mlp.Params
  adapter: Any  # [R, ...]
  opt_state: Any
  key: jax.Array  # []


def experiment(config: Config, run: train.Run) -> train.Report:
  """Pretrains, specialises in every way, and compares."""
  data = read(config)
  base, upright = foundation(config, run, data, 'foundation')
  limited, _ = foundation(config, run, data, 'foundation_upright', mixed=False)
  results, extra = {}, {}
  sparse = [f'mode_gate_sparse_{p:g}' for p in config.sparse_penalties]
  for method in (*config.methods, *sparse, *_LIMITED):
    bases = limited if method in _LIMITED else base
    state, results[method] = adapted(config, run, data, method, bases, method)
    values = results[method]
    run.say(
        f'{method}: {int(values["trainable"])} parameters,'
        f' rotated {values["rotated"].mean():.4f},'
        f' upright {values["upright"].mean():.4f}'
    )
    if method in ('mode_gate', sparse[-1]):
      extra[method] = run.result(
          f'conditional_{method}',
          lambda s=state, v=values: dopamine_modes_measure.conditional(
              s, data, int(v['rate']), config.temperature
          ),
      )
  sweeps = {
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
  several = {
      name: dopamine_modes_several.run_base(config, run, name)
      for name in config.bases
  }
  return dopamine_modes_report.make(
      config, upright, results, extra, sweeps, several
  )


def adapted(config: Config, run: train.Run, data: Data, method, bases, stage):
  """Trains one way to adapt and measures it; returns state and results."""
  state = specialised(config, run, data, method, bases, stage)
  return state, run.result(
      f'result_{stage}',
      lambda: dopamine_modes_measure.measured(
          options(config, method), state, data, config.learning_rates
      ),
  )


def swept(config: Config, run: train.Run, stage: str, **changes):
  """Repeats the main comparison with another angle or base."""
  config = dataclasses.replace(config, **changes)
  data = read(config)
  base, _ = foundation(config, run, data, f'{stage}_foundation')
  return {
      method: adapted(config, run, data, method, base, f'{stage}_{method}')[1]
      for method in ('frozen', 'mode_gate', 'lora_8')
  }


def read(config: Config) -> Data:
  """Reads the digits and rotates them, counter-clockwise."""
  parts = digits.load(config.source, config.path)
  fields = []
  for part in parts:
    images = jnp.asarray(part.images)
    turned = rotation.rotate_bilinear(images, config.angle)
    both = jnp.stack([images, turned]).reshape(2, len(images), -1)
    fields += [both, jnp.asarray(part.labels)]
  return Data(*fields)


def foundation(
    config: Config, run: train.Run, data: Data, stage: str, mixed: bool = True
):
  """Trains the base of every seed on both modes, half of each batch each.

  If not `mixed` it sees upright digits only.
  """
  optimizer = optax.adam(config.foundation_learning_rate)
  widths = (data.train.shape[-1], *config.hidden, 10)

  def loss(params, images, labels):
    logits = jax.vmap(lambda x: mlp.apply(params, x))(images)
    return cross_entropy(logits, labels)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    rows = jax.random.randint(key, (config.batch_size,), 0, data.train.shape[1])
    mode = jnp.arange(config.batch_size) % 2
    if not mixed:
      mode = jnp.zeros_like(mode)
    value, gradient = jax.value_and_grad(loss)(
        state.params, data.train[mode, rows], data.train_labels[rows]
    )
    updates, moments = optimizer.update(gradient, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    return (
        train.TrainState(state.step + 1, params, moments, state.key),
        {'loss': value},
    )

  def evaluate(state, data):
    scores = {}
    for mode, name in enumerate(('upright', 'rotated')):
      logits = jax.vmap(lambda x: mlp.apply(state.params, x))(data.test[mode])
      scores[name] = jnp.mean(jnp.argmax(logits, -1) == data.test_labels)
    return scores

  fitted = train.fit(
      run,
      stage,
      train.Schedule(config.foundation_steps, config.batch_size),
      init=train.initializer(lambda key: mlp.init(key, widths), optimizer),
      step=step,
      seeds=tuple(range(config.num_seeds)),
      evaluate=evaluate,
      eval_data=data,
  )
  return fitted.state.params, fitted.history['upright'][1][-1]


def specialised(
    config: Config, run: train.Run, data: Data, method, bases, stage: str
):
  """Trains one way to adapt, on rotated digits, at all learning rates."""
  chosen = options(config, method)
  rates = jnp.array(config.learning_rates)
  optimizer = optax.scale_by_adam()
  bases = jax.tree.map(np.asarray, bases)

  def init(key):
    seed = jax.random.key_data(key)[-1]  # seed s starts from jax.random.key(s)
    base = jax.tree.map(lambda leaf: jnp.asarray(leaf)[seed], bases)
    adapter_key, step_key = jax.random.split(key)
    adapter = adaptation.init(
        chosen.kind, adapter_key, base, rank=chosen.rank, gate=chosen.gate
    )
    adapter = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (len(rates), *leaf.shape)), adapter
    )
    moments = jax.vmap(optimizer.init, axis_size=len(rates))(adapter)
    return State(jnp.int32(0), base, adapter, moments, step_key)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    rows = jax.random.randint(key, (config.batch_size,), 0, data.train.shape[1])
    images, labels = data.train[1, rows], data.train_labels[rows]

    temperature = mode_gate.anneal(
        state.step, config.steps, *chosen.temperatures
    )

    def cost(adapter, hard):
      logits, gates = jax.vmap(
          lambda x: adaptation.apply(
              chosen.kind,
              state.base,
              adapter,
              x,
              temperature=temperature,
              hard=hard,
              straight_through=True,
              gate=chosen.gate,
          )
      )(images)
      mean_gate = jnp.mean(jnp.stack([jnp.mean(gate) for gate in gates]))
      return cross_entropy(logits, labels) + chosen.penalty * mean_gate

    def loss(adapter):
      if not chosen.through:
        return cost(adapter, False)
      late = state.step >= (1 - chosen.through) * config.steps
      return jnp.where(late, cost(adapter, True), cost(adapter, False))

    def update(adapter, moments, rate):
      value, gradient = jax.value_and_grad(loss)(adapter)
      direction, moments = optimizer.update(gradient, moments)
      adapter = jax.tree.map(lambda p, d: p - rate * d, adapter, direction)
      return adapter, moments, value

    adapter, moments, losses = jax.vmap(update)(
        state.adapter, state.opt_state, rates
    )
    state = State(state.step + 1, state.base, adapter, moments, state.key)
    return state, {'loss': jnp.min(losses)}

  if chosen.kind == 'frozen':
    return jax.jit(jax.vmap(init))(
        jnp.stack([jax.random.key(s) for s in range(config.num_seeds)])
    )
  return train.fit(
      run,
      stage,
      train.Schedule(config.steps, config.batch_size),
      init=init,
      step=step,
      seeds=tuple(range(config.num_seeds)),
  ).state


def options(config: Config, method: str) -> Options:
  """Returns what a method's name stands for."""
  method = method.removeprefix('upright_')
  constant = (config.temperature, config.temperature)
  plain = Options('mode_gate', constant)
  if method.startswith('lora_'):
    return Options('lora', constant, int(method.removeprefix('lora_')))
  if method.startswith('mode_gate_sparse_'):
    penalty = float(method.removeprefix('mode_gate_sparse_'))
    return plain._replace(penalty=penalty)
  variants = {
      'annealed': plain._replace(temperatures=config.annealed),
      'through': plain._replace(through=config.through),
      'tied': plain._replace(gate=mode_gate.Config(tied=True)),
      'positive': plain._replace(gate=mode_gate.Config(signed_gain=False)),
  }
  if method.startswith('mode_gate_'):
    return variants[method.removeprefix('mode_gate_')]
  return Options(method, constant)


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
  """Mean over a batch, nats."""
  return jnp.mean(
      optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels)
  )


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='dopamine_modes',
      shortcuts={'path': "Folder of MNIST's four files."},
  )
