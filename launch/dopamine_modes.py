"""Dopamine: a frozen network changes its mode by thresholds and gains.

Ghasemlou, "Brain Modes, Not Brains" (arXiv 2602.11726, 2026): pretrain a small
perceptron on digits seen upright and rotated by 45 degrees, freeze it, and
learn one threshold and one gain for each hidden neuron on rotated digits only.

  python -m launch.dopamine_modes                  # small: minutes, 2 cores
  python -m launch.dopamine_modes --preset=paper   # MNIST, ten seeds
  python -m launch.dopamine_modes --config.angle=90 --workdir=runs/90

Each way to adapt trains at four learning rates at once, with equal steps and
the same order of data; the rate is chosen on validation images. The same is
done on a base that never saw rotated digits, to show what gates cannot do.
Beyond the paper, one base (a perceptron, a convolutional network, a
transformer) gets a mode for each of several angles, and a selector that infers
the mode from the image. `small` uses the 8 x 8 digits that come with nmlib
(two minutes on 2 cores), `paper` MNIST (TFDS, or --path). The same command
again resumes; a finished run prints its report at once.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import dopamine_modes_measure
from launch import dopamine_modes_report
from launch import dopamine_modes_several
from nmlib import train
from nmlib.data import digits
from nmlib.data import rotation
from nmlib.networks import adaptation
from nmlib.networks import mlp

METHODS = (
    'frozen',
    'bitfit',
    'threshold',
    'ia3',
    'mode_gate',
    'lora_1',
    'lora_4',
    'lora_8',
    'linear_probe',
    'full',
)
_COMPARED = ('frozen', 'bitfit', 'mode_gate', 'lora_4', 'lora_8')


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps (Adam); angles are in degrees."""

  methods: tuple[str, ...] = METHODS  # at least those of `_COMPARED`
  source: str = 'digits'  # or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 5
  hidden: tuple[int, ...] = (128, 128)
  angle: float = 45.0
  foundation_steps: int = 150
  foundation_learning_rate: float = 1e-3
  steps: int = 600
  batch_size: int = 64
  learning_rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2, 3e-2)
  temperature: float = 0.1
  sparse_penalty: float = 0.5  # of the mean gate, in a run of its own
  bases: tuple[str, ...] = dopamine_modes_several.BASES
  angles: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0)
  width: int = 32  # of the bases with several modes; perceptron 4 x as wide
  base_steps: int = 300
  mode_steps: int = 300

  def __post_init__(self):
    for name in ('num_seeds', 'foundation_steps', 'steps', 'batch_size'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for method in self.methods:
      if method not in METHODS:
        raise ValueError(
            f'config.methods must be among {METHODS}, got {method!r}.'
        )
    for method in _COMPARED:
      if method not in self.methods:
        raise ValueError(
            f'config.methods must include {method!r}, which the report'
            ' compares.'
        )
    for base in self.bases:
      if base not in dopamine_modes_several.BASES:
        raise ValueError(
            f'config.bases must be among {dopamine_modes_several.BASES}, got'
            f' {base!r}.'
        )
    if len(self.angles) < 2:
      raise ValueError(f'config.angles must be two or more, got {self.angles}.')
    if not self.temperature > 0:
      raise ValueError(
          f'config.temperature must be positive, got {self.temperature}.'
      )
    if not self.learning_rates or min(self.learning_rates) <= 0:
      raise ValueError(
          'config.learning_rates must be positive and at least one, got'
          f' {self.learning_rates}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        methods=_COMPARED,
        bases=('convolutional',),
        num_seeds=2,
        hidden=(16, 12),
        foundation_steps=20,
        steps=20,
        learning_rates=(1e-2, 3e-2),
        width=8,
        base_steps=20,
        mode_steps=20,
    ),
    'paper': Config(
        source='mnist',
        num_seeds=10,
        hidden=(256, 256),
        foundation_steps=860,
        batch_size=128,
        steps=2150,
        base_steps=1000,
        mode_steps=1000,
    ),
}


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
  limited, _ = foundation(config, run, data, 'foundation_upright')
  results, conditional = {}, {}
  for method in (*config.methods, 'mode_gate_sparse', *_LIMITED):
    name, _, _ = options(config, method)
    bases = limited if method in _LIMITED else base
    state = specialised(config, run, data, method, bases)
    results[method] = run.result(
        f'result_{method}',
        lambda n=name, s=state: dopamine_modes_measure.measured(
            n, s, data, config.learning_rates, config.temperature
        ),
    )
    values = results[method]
    run.say(
        f'{method}: {int(values["trainable"])} parameters,'
        f' rotated {values["rotated"].mean():.4f},'
        f' upright {values["upright"].mean():.4f}'
    )
    if method == 'mode_gate':
      conditional = run.result(
          'conditional',
          lambda s=state, v=values: dopamine_modes_measure.hardened(
              s, data, int(v['rate'])
          ),
      )
  several = {
      name: dopamine_modes_several.run_base(config, run, name)
      for name in config.bases
  }
  return dopamine_modes_report.make(
      config, upright, results, conditional, several
  )


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


def foundation(config: Config, run: train.Run, data: Data, stage: str):
  """Trains the base of every seed on both modes, half of each batch each.

  The stage 'foundation_upright' sees upright digits only.
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
    if stage == 'foundation_upright':
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


def specialised(config: Config, run: train.Run, data: Data, method, bases):
  """Trains one way to adapt, on rotated digits, at all learning rates."""
  name, rank, penalty = options(config, method)
  rates = jnp.array(config.learning_rates)
  optimizer = optax.scale_by_adam()
  bases = jax.tree.map(np.asarray, bases)

  def init(key):
    seed = jax.random.key_data(key)[-1]  # seed s starts from jax.random.key(s)
    base = jax.tree.map(lambda leaf: jnp.asarray(leaf)[seed], bases)
    adapter_key, step_key = jax.random.split(key)
    adapter = adaptation.init(name, adapter_key, base, rank=rank)
    adapter = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (len(rates), *leaf.shape)), adapter
    )
    moments = jax.vmap(optimizer.init, axis_size=len(rates))(adapter)
    return State(jnp.int32(0), base, adapter, moments, step_key)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    rows = jax.random.randint(key, (config.batch_size,), 0, data.train.shape[1])
    images, labels = data.train[1, rows], data.train_labels[rows]

    def loss(adapter):
      logits, gates = jax.vmap(
          lambda x: adaptation.apply(
              name, state.base, adapter, x, temperature=config.temperature
          )
      )(images)
      mean_gate = jnp.mean(jnp.stack([jnp.mean(gate) for gate in gates]))
      return cross_entropy(logits, labels) + penalty * mean_gate

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

  if name == 'frozen':
    return jax.jit(jax.vmap(init))(
        jnp.stack([jax.random.key(s) for s in range(config.num_seeds)])
    )
  return train.fit(
      run,
      method,
      train.Schedule(config.steps, config.batch_size),
      init=init,
      step=step,
      seeds=tuple(range(config.num_seeds)),
  ).state


def options(config: Config, method: str) -> tuple[str, int, float]:
  """Returns the kind of adapter, its rank, and the penalty on its gates."""
  method = method.removeprefix('upright_')
  if method.startswith('lora_'):
    return 'lora', int(method.removeprefix('lora_')), 0.0
  if method == 'mode_gate_sparse':
    return 'mode_gate', 1, config.sparse_penalty
  return method, 1, 0.0


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
