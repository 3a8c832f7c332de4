"""Dopamine: a frozen network changes its mode by thresholds and gains.

Ghasemlou, "Brain Modes, Not Brains" (arXiv 2602.11726, 2026): pretrain a small
perceptron on digits seen upright and rotated by 45 degrees, freeze it, and
learn one threshold and one gain for each hidden neuron on rotated digits only.

  python -m launch.dopamine_modes                  # small: minutes, 2 cores
  python -m launch.dopamine_modes --preset=paper   # MNIST, ten seeds
  python -m launch.dopamine_modes --config.angle=90 --workdir=runs/90

Each way to adapt trains at four learning rates at once, with equal steps and
the same order of data; the rate is chosen on validation images. `small` uses
the 8 x 8 digits that come with nmlib, `paper` MNIST (TFDS, or --path). The same
command again resumes; a finished run prints its report at once.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import dopamine_modes_figures
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


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps (Adam); the angle is in degrees.

  upright_only pretrains on upright digits alone: the experiment that shows
  what gates cannot do, which is to make features that the base lacks.
  """

  source: str = 'digits'  # or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 5
  hidden: tuple[int, ...] = (128, 128)
  angle: float = 45.0
  upright_only: bool = False
  foundation_steps: int = 150
  foundation_learning_rate: float = 1e-3
  steps: int = 600
  batch_size: int = 64
  learning_rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2, 3e-2)
  temperature: float = 0.1
  sparse_penalty: float = 0.5  # of the mean gate, in a run of its own

  def __post_init__(self):
    for name in ('num_seeds', 'foundation_steps', 'steps', 'batch_size'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
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
        num_seeds=2,
        hidden=(16, 12),
        foundation_steps=20,
        steps=20,
        learning_rates=(1e-2, 3e-2),
    ),
    'paper': Config(
        source='mnist',
        num_seeds=10,
        hidden=(256, 256),
        foundation_steps=860,
        batch_size=128,
        steps=2150,
    ),
}


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
  base, upright = foundation(config, run, data)
  results, conditional = {}, {}
  for method in (*METHODS, 'mode_gate_sparse'):
    state = specialised(config, run, data, method, base)
    results[method] = run.result(
        f'result_{method}',
        lambda m=method, s=state: measured(config, m, s, data),
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
          lambda s=state, v=values: hardened(config, s, data, int(v['rate'])),
      )
  return report(config, upright, results, conditional)


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


def foundation(config: Config, run: train.Run, data: Data):
  """Trains the base of every seed on both modes, half of each batch each."""
  optimizer = optax.adam(config.foundation_learning_rate)
  widths = (data.train.shape[-1], *config.hidden, 10)

  def loss(params, images, labels):
    logits = jax.vmap(lambda x: mlp.apply(params, x))(images)
    return cross_entropy(logits, labels)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    rows = jax.random.randint(key, (config.batch_size,), 0, data.train.shape[1])
    mode = jnp.arange(config.batch_size) % 2
    if config.upright_only:
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
      'foundation',
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


def measured(config: Config, method: str, state: State, data: Data):
  """Chooses the learning rate on validation images, then tests."""
  name, _, _ = options(config, method)

  def run(base, adapter, images, hard):
    return jax.vmap(
        lambda x: adaptation.apply(
            name, base, adapter, x, temperature=config.temperature, hard=hard
        )
    )(images)

  def accuracy(base, adapter, images, labels, hard=False):
    logits, _ = run(base, adapter, images, hard)
    return jnp.mean(jnp.argmax(logits, -1) == labels)

  rates = len(config.learning_rates)

  def validation(base, adapters):
    if name == 'frozen':
      return jnp.zeros(rates)
    return jax.vmap(
        lambda a: accuracy(base, a, data.validation[1], data.validation_labels)
    )(adapters)

  scores = jax.jit(jax.vmap(validation))(state.base, state.adapter)
  best = int(jnp.argmax(scores.mean(0)))
  chosen = jax.tree.map(lambda leaf: leaf[:, best], state.adapter)

  def test(base, adapter):
    out = {
        'rotated': accuracy(base, adapter, data.test[1], data.test_labels),
        'upright': accuracy(base, adapter, data.test[0], data.test_labels),
        'hard': accuracy(base, adapter, data.test[1], data.test_labels, True),
        'hard_upright': accuracy(
            base, adapter, data.test[0], data.test_labels, True
        ),
    }
    on = [run(base, adapter, images, True)[1] for images in data.test]
    # Share of examples for which each neuron is on: [mode, neurons].
    share = jnp.stack(
        [jnp.concatenate([g.mean(0) for g in gates]) for gates in on]
    )
    often = share > 0.5
    out |= {
        'active': share[1].mean(),
        'never_on': jnp.mean(share[1] < 0.01),
        'overlap': (often[0] & often[1]).sum()
        / jnp.maximum((often[0] | often[1]).sum(), 1),
        'share': share,
    }
    return out

  result = jax.jit(jax.vmap(test))(state.base, chosen)
  trainable = adaptation.count(chosen) // config.num_seeds
  return {
      **jax.tree.map(np.asarray, result),
      'trainable': trainable,
      'rate': best,
      'learning_rate': config.learning_rates[best],
  }


def hardened(config: Config, state: State, data: Data, rate: int):
  """Removes never-used neurons and counts what is left to compute."""
  found: dict[str, list[float]] = {
      'flops': [],
      'base_flops': [],
      'agreement': [],
      'kept': [],
  }
  for seed in range(config.num_seeds):
    base = jax.tree.map(lambda leaf, s=seed: jnp.asarray(leaf[s]), state.base)
    gates = jax.tree.map(lambda leaf, s=seed: leaf[s, rate], state.adapter)
    run = lambda x, b=base, g=gates: adaptation.apply(
        'mode_gate', b, g, x, hard=True
    )
    _, on = jax.vmap(run)(data.train[1])
    kept = tuple((gate > 0).any(0) for gate in on)
    small, thresholds = adaptation.harden(base, gates, kept)
    shrunk = lambda x, n=small, t=thresholds: adaptation.run_hardened(n, t, x)
    same = jnp.argmax(jax.vmap(run)(data.test[1])[0], -1) == jnp.argmax(
        jax.vmap(shrunk)(data.test[1]), -1
    )
    found['agreement'].append(float(same.mean()))
    found['kept'].append(float(jnp.concatenate(kept).mean()))
    x = data.test[1, 0]
    found['flops'].append(flops(shrunk, x))
    found['base_flops'].append(flops(lambda x, b=base: mlp.apply(b, x), x))
  return {name: np.array(values) for name, values in found.items()}


def flops(function, x: jax.Array) -> float:
  """Returns what the compiler counts for one input."""
  cost: Any = jax.jit(function).lower(x).compile().cost_analysis()
  return float(cost['flops'])


def report(config: Config, upright, results, conditional) -> train.Report:
  """Holds what was measured against the abstract's statements."""
  frozen, gate = results['frozen'], results['mode_gate']
  need = int(np.ceil(0.8 * config.num_seeds))

  def claim(text, source, holds, **ours):
    return train.Claim(text, source, '', ours, bool(holds))

  def in_most(values):
    return np.sum(values) >= need

  most = f'in at least {need} of {config.num_seeds} seeds'
  lora = results['lora_8']
  sparse = results['mode_gate_sparse']
  claims = [
      claim(
          f'Gates beat the frozen base on rotated digits when hard, {most}',
          'abstract',
          in_most(gate['hard'] > frozen['rotated']),
          frozen=frozen['rotated'],
          gates_hard=gate['hard'],
          gates_soft=gate['rotated'],
      ),
      claim(
          f'LoRA of rank 8 is more accurate than soft gates, {most}',
          'abstract',
          in_most(lora['rotated'] > gate['rotated']),
          gates=gate['rotated'],
          lora_8=lora['rotated'],
      ),
      claim(
          'Gates train fewer than a quarter of the parameters of LoRA rank 8',
          'abstract',
          4 * gate['trainable'] < lora['trainable'],
          gates=[gate['trainable']],
          lora_8=[lora['trainable']],
      ),
      claim(
          f'Biases alone give less than soft gates, {most}',
          'own comparison',
          in_most(results['bitfit']['rotated'] < gate['rotated']),
          bitfit=results['bitfit']['rotated'],
          gates=gate['rotated'],
      ),
      claim(
          'Gates forget less: upright accuracy more than 0.2 above LoRA of'
          f' rank 4, {most}',
          'own comparison',
          in_most(gate['upright'] > results['lora_4']['upright'] + 0.2),
          before=upright,
          gates=gate['upright'],
          lora_4=results['lora_4']['upright'],
      ),
      claim(
          f'Hardening costs little: |soft - hard| < 0.03, {most}',
          'abstract: the gate can be hardened',
          in_most(np.abs(gate['rotated'] - gate['hard']) < 0.03),
          gap=gate['rotated'] - gate['hard'],
      ),
      claim(
          f'A penalty makes gates sparse: active fraction below 0.35, {most}',
          'abstract: a minority of units strongly active',
          in_most(sparse['active'] < 0.35),
          without=gate['active'],
          penalised=sparse['active'],
          accuracy_hard=sparse['hard'],
      ),
      claim(
          'Skipped neurons are skipped: counted FLOPs below the base, and the'
          ' same answers on more than 99 % of test images',
          'abstract: conditional computation',
          (conditional['flops'] < conditional['base_flops']).all()
          and conditional['agreement'].mean() > 0.99,
          flop_ratio=conditional['flops'] / conditional['base_flops'],
          kept_neurons=conditional['kept'],
          agreement=conditional['agreement'],
      ),
  ]
  return train.Report(
      claims=claims,
      data={'source': config.source, 'angle': config.angle},
      differences=differences(config),
      figures=dopamine_modes_figures.draw(results),
      notes={'All ways to adapt': table(results)},
  )


def table(results) -> str:
  """Returns one line a method."""
  lines = [
      'method            params    rate  rotated          hard     upright'
  ]
  for name, r in results.items():
    lines.append(
        f'{name:16s} {int(r["trainable"]):7d} {float(r["learning_rate"]):7.0e}'
        f'  {r["rotated"].mean():.4f} ± {r["rotated"].std(ddof=1):.4f}'
        f'  {r["hard"].mean():.4f}  {r["upright"].mean():.4f}'
    )
  return '\n'.join(lines)


def differences(config: Config) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  said = [
      "The gate's formula, widths and training are our reading: the paper's"
      ' abstract gives no more than the task and the order of the results.'
  ]
  if config.source == 'digits':
    said.append('8 x 8 digits (1,000 to learn from), not MNIST.')
  if config.upright_only:
    said.append('The base never saw rotated digits.')
  return said


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='dopamine_modes',
      shortcuts={'path': "Folder of MNIST's four files."},
  )
