"""ELM adds two spoken digits: memory must outlast the first one.

Spieler, Rahaman, Martius, Schoelkopf, Levina (arXiv 2306.16922, ICLR 2024)
concatenate two recordings of the Spiking Heidelberg Digits and ask for the sum;
arXiv 2605.12049 (2026) does so with layers of ELM neurons.

  python -m launch.elm_shd_adding                            # small: minutes
  python -m launch.elm_shd_adding --preset=paper --config.path=shd/
  python -m launch.elm_shd_adding --preset=network --config.path=shd/  # of 2026

By default templates of spikes stand in for speech: same structure, generated,
smaller. --config.path is a folder with shd_train.h5 and shd_test.h5. Models are
one ELM neuron with memory up to some time constant, the ELM Network, and
LSTMs. Seeds train together; a model is a stage.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import elm_shd_adding_report
from nmlib import train
from nmlib.data.events import digit_sums
from nmlib.data.events import event_files
from nmlib.networks import elm_network
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

MODELS = ('elm', 'network', 'lstm', 'chrono lstm')


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms."""

  models: tuple[str, ...] = MODELS
  tau_max: tuple[float, ...] = (2.0, 5.0, 20.0, 100.0)  # of the ELM neuron
  path: str = ''  # folder of SHD's files; '': the stand-in
  dt: float = 1.0  # of a step: the width of a bin
  num_seeds: int = 3
  num_steps: int = 800
  batch_size: int = 32
  learning_rate: float = 5e-3
  # Of inputs, each on its own, without rescaling, in tests too: the authors'.
  input_dropout: float = 0.0
  label_smoothing: float = 0.0
  num_memory: int = 20  # of the ELM neuron
  num_units: int = 20  # of LSTM
  hidden: tuple[int, ...] = (16,)  # neurons of the network
  hidden_memory: int = 5
  branches: int = 10
  synapses_per_branch: int = 10
  activity_penalty: float = 0.0  # of the network's first layer
  variational_dropout: float = 0.0  # of the network's inputs and recurrence
  binary: bool = False  # two spikes of SHD in a bin count once
  warmup: int = 0  # steps in which the learning rate rises
  clip: float = 0.0  # of the gradient's global norm; 0: none
  test_pairs: int = 2000
  log_every: int = 40
  steps_per_call: int = 40
  checkpoint_every: int = 400

  def __post_init__(self):
    if not self.models or set(self.models) - set(MODELS):
      raise ValueError(
          f'config.models must be some of {MODELS}, got {self.models}.'
      )
    if not self.tau_max or list(self.tau_max) != sorted(set(self.tau_max)):
      raise ValueError(
          'config.tau_max must be one or more ascending times, got'
          f' {self.tau_max}.'
      )
    for field in ('input_dropout', 'variational_dropout'):
      if not 0 <= getattr(self, field) < 1:
        raise ValueError(
            f'config.{field} must be in [0, 1), got {getattr(self, field)}.'
        )
    if not 0 <= self.warmup < self.num_steps:
      raise ValueError(
          f'config.warmup must be in [0, num_steps={self.num_steps}), got'
          f' {self.warmup}.'
      )
    if not self.dt > 0:
      raise ValueError(f'config.dt must be positive, got {self.dt}.')


PRESETS = {
    'small': Config(),
    'smoke': Config(
        models=('elm', 'network'),
        tau_max=(100.0,),
        num_seeds=2,
        num_steps=4,
        batch_size=2,
        num_memory=3,
        hidden=(3,),
        hidden_memory=2,
        branches=2,
        synapses_per_branch=3,
        test_pairs=8,
        log_every=2,
        steps_per_call=2,
        checkpoint_every=0,
    ),
    'paper': Config(
        tau_max=(500.0,),
        dt=10.0,
        num_steps=140_000,
        batch_size=8,
        input_dropout=0.5,
        num_memory=100,
        num_units=100,
        hidden=(96,),
        branches=30,
        test_pairs=16_000,
        log_every=100,
        steps_per_call=100,
        checkpoint_every=2000,
    ),
    # The best of the networks of arXiv 2605.12049; the penalty on what its MLPs
    # put out is left out.
    'network': Config(
        models=('network',),
        tau_max=(500.0,),
        dt=2.0,
        binary=True,
        num_steps=140_000,
        batch_size=8,
        label_smoothing=0.01,
        hidden=(57,),
        hidden_memory=9,
        branches=30,
        activity_penalty=0.2,
        variational_dropout=0.2,
        warmup=400,
        clip=1.0,
        test_pairs=16_000,
        log_every=100,
        steps_per_call=100,
        checkpoint_every=2000,
    ),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every model, and tests it on other recordings."""
  task = load(config)
  found = {}
  for name, network in networks(config, task).items():
    run.say(f'model {name}')
    found[name] = _train(run, name, network, task, config)
  return elm_shd_adding_report.report(config, task, found)


@dataclasses.dataclass(frozen=True)
class Task:
  """Draws pairs of digits; `rows` holds what is drawn from."""

  rows: dict[str, Any]  # 'train' and 'test'
  draw: Any  # (key, rows) -> spikes [T, D], sum []
  num_inputs: int
  num_classes: int
  steps: int


def load(config: Config) -> Task:
  """Reads SHD, or makes the stand-in.

  Raises:
    FileNotFoundError: if a file is missing.
    ValueError: if it is damaged.
  """
  if not config.path:
    rates = digit_sums.templates(jax.random.key(2024))
    return Task(
        {'train': rates, 'test': rates},
        digit_sums.templates_pair,
        rates.shape[2],
        2 * rates.shape[0] - 1,
        2 * rates.shape[1],
    )
  parts = {
      part: digit_sums.from_recordings(
          event_files.heidelberg_digits(f'{config.path}/shd_{part}.h5'),
          bin_width=config.dt / 1000,
          binary=config.binary,
      )
      for part in ('train', 'test')
  }
  rasters = parts['train'].rasters
  return Task(
      {part: jax.tree.map(jnp.asarray, one) for part, one in parts.items()},
      lambda key, rows: digit_sums.pair(key, *rows),
      rasters.shape[2],
      19,
      2 * rasters.shape[1],
  )


def networks(config: Config, task: Task) -> dict[str, tuple[Any, Any]]:
  """Returns (module, config) of every model that is asked for."""
  made: dict[str, tuple[Any, Any]] = {}
  if 'elm' in config.models:
    for tau in config.tau_max:
      made[f'elm, tau to {tau:g} ms'] = elm, elm.version(
          2,
          num_inputs=task.num_inputs,
          num_outputs=task.num_classes,
          num_memory=config.num_memory,
          tau_max=tau,
          dt=config.dt,
      )
  if 'network' in config.models:
    made['ELM network'] = elm_network, elm_network.Config(
        task.num_inputs,
        task.num_classes,
        hidden=config.hidden,
        num_memory=config.hidden_memory,
        branches=config.branches,
        synapses_per_branch=config.synapses_per_branch,
        tau_max=config.tau_max[-1],
        dt=config.dt,
        input_dropout=config.variational_dropout,
        recurrent_dropout=config.variational_dropout,
    )
  for name, span in (('lstm', 0.0), ('chrono lstm', float(task.steps))):
    if name in config.models:
      made[name] = lstm, lstm.Config(
          task.num_inputs, config.num_units, task.num_classes, chrono=span
      )
  return made


def logits(network: tuple[Any, Any], params, spikes: jax.Array, key=None):
  """Returns the outputs of the last step [classes], and the rest.

  A key turns the network's variational dropout on.
  """
  module, config = network
  dropout = {'key': key} if module is elm_network else {}
  _, out = module.unroll(
      params, module.initial_state(config), spikes, config, **dropout
  )
  return (out.outputs if module is elm_network else out)[-1], out


def _train(run, name, network, task: Task, config: Config):
  module, sizes = network
  optimizer = optax.chain(
      optax.clip_by_global_norm(config.clip)
      if config.clip
      else optax.identity(),
      optax.adamax(
          optax.warmup_cosine_decay_schedule(
              0.0 if config.warmup else config.learning_rate,
              config.learning_rate,
              config.warmup,
              config.num_steps,
          )
      ),
  )

  def noisy(key, spikes):
    if not config.input_dropout:
      return spikes
    return spikes * jax.random.bernoulli(
        key, 1 - config.input_dropout, spikes.shape
    )

  def loss(params, row, key):
    drop, variational = jax.random.split(key)
    found, out = logits(
        network,
        params,
        noisy(drop, row[0]),
        variational if config.variational_dropout else None,
    )
    target = jax.nn.one_hot(row[1], task.num_classes)
    target = optax.smooth_labels(target, config.label_smoothing)
    value = optax.softmax_cross_entropy(found, target)
    if module is elm_network and config.activity_penalty:
      value += config.activity_penalty * elm_network.activity_penalty(out)
    return value, {'accuracy': (jnp.argmax(found) == row[1]).astype(float)}

  update = train.gradient_step(loss, optimizer)

  def step(state, unused_batch):
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
    keys = jax.random.split(key, config.batch_size)
    draw = lambda k: task.draw(k, task.rows['train'])
    return update(state, jax.vmap(draw)(keys))

  stage = name.replace(', ', '_').replace(' ', '_')
  fitted = train.fit(
      run,
      stage,
      train.Schedule(
          config.num_steps,
          batch_size=config.batch_size,
          steps_per_call=config.steps_per_call,
          log_every=config.log_every,
          checkpoint_every=config.checkpoint_every,
      ),
      seeds=tuple(range(config.num_seeds)),
      init=train.initializer(lambda key: module.init(key, sizes), optimizer),
      step=step,
  )

  def right(key, params):
    draw, drop = jax.random.split(key)
    spikes, total = task.draw(draw, task.rows['test'])
    return jnp.argmax(logits(network, params, noisy(drop, spikes))[0]) == total

  @jax.jit
  def accuracy(params):
    keys = jax.random.split(jax.random.key(7), config.test_pairs)
    test = functools.partial(right, params=params)
    hits = jax.lax.map(test, keys, batch_size=min(100, config.test_pairs))
    return jnp.mean(hits.astype(float))

  return run.result(
      f'test_{stage}',
      lambda: {
          'accuracy': np.asarray(jax.lax.map(accuracy, fitted.state.params)),
          'parameters': np.array(module.num_params(sizes)),
      },
  )


if __name__ == '__main__':
  train.launch(experiment, PRESETS, name='elm_shd_adding')
