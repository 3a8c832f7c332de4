"""The experiment of `launch.elm`: a simulated neuron teaches ELM."""

import dataclasses
import functools
from typing import Any

import grain
import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.elm import files
from launch.elm import report
from launch.elm import temporal_convolution
from launch.elm.config import Config
from nmlib import adapters
from nmlib import train
from nmlib.data.recordings import neuronio
from nmlib.data.recordings import neuronio_windows
from nmlib.data.recordings import simulated
from nmlib.networks import single_neuron
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

_SCALE = 5.0  # mV; the voltage head learns V / _SCALE
_ELM: dict[str, dict[str, Any]] = {
    'd_m 10': {},
    'd_m 3': {'num_memory': 3},
    'd_m 1': {'num_memory': 1, 'tau_min': 25.0},
    'd_m 10, tau 1-5': {'tau_max': 5.0},
    'd_m 10, linear': {'num_layers': 0},
    'd_m 10, lambda 1': {'input_speed': 1.0},
}
_LSTM = {'lstm': 0.0, 'chrono lstm': 150.0}  # longest span, ms


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains every variant, and sets the orderings beside the paper's."""
  if config.neuronio:
    return on_files(config, run)
  neuron, trials, length = config.neuron, config.test_trials, config.test_length
  teacher = simulated.init(jax.random.key(1234), neuron)
  record = lambda: simulated.record(4321, teacher, trials, length, neuron)
  test = run.result('test', lambda: record()._asdict())
  data, found = lessons(config, run, teacher), {}
  for name in config.variants:
    run.say(f'variant {name}')
    made = student(name, config)
    trained = stage(config, name, made, data)
    tested = functools.partial(
        single_neuron.measure, train.fit(run, trained).state.params, test, made,
        scale=_SCALE, ignore=config.ignore,
    )  # fmt: skip
    found[name] = run.result(f'test_{trained.name}', tested)
  return report.make(config, test, found)


def on_files(config: Config, run: train.Run) -> train.Report:
  """Trains on NeuronIO's files, and measures as its authors do."""
  sizes, loop = config.files, config.loop
  bias, clip = (-5.0, 1.0) if sizes.version == 3 else (None, 0.0)
  config = dataclasses.replace(config, spike_bias=bias, clip=clip)
  learn = neuronio.files(f'{config.neuronio}/train')
  test = neuronio.files(f'{config.neuronio}/test')
  windows = neuronio_windows.Windows(
      learn, seed=0,
      num_examples=loop.num_steps * config.num_seeds * loop.batch_size,
      window=config.length, config=sizes,
  )  # fmt: skip
  data, found = grain.MapDataset.source(windows), {}
  for count in sizes.num_memory:
    made = elm, elm.on_neuronio(
        sizes.version, num_inputs=neuronio.read(test[0]).inputs.shape[2],
        num_memory=count, num_branches=sizes.num_branches,
        synapses_per_branch=sizes.synapses_per_branch, tau_max=config.tau_max,
    )  # fmt: skip
    trained = stage(config, f'files_d_m_{count}', made, data)
    params = train.fit(run, trained).state.params
    tested = functools.partial(
        neuronio_windows.metrics, params, test, made, window=config.length,
        config=sizes,
    )  # fmt: skip
    dead = functools.partial(elm.num_dead_synapses, config=made[1])
    found[count] = run.result(f'test_{trained.name}', tested)
    found[count]['dead synapses'] = np.asarray(jax.vmap(dead)(params))
  return files.make(config, found, learn, test)


def lessons(config: Config, run: train.Run, teacher: simulated.Params):
  """Returns (key, step) -> batch of recordings, fresh or from a store."""
  neuron = config.neuron
  sizes = {'trials': config.train_trials, 'length': config.train_length}
  draw = lambda key: simulated.simulate(key, teacher, config.length, neuron)
  if config.simulator == 'cable':
    stored = run.result(
        'train_recordings',
        lambda: simulated.record(99, teacher, **sizes, config=neuron)._asdict(),
        shared=config.cache,
        made_from=dataclasses.asdict(neuron) | sizes,
    )
    kept = simulated.Recording(**jax.tree.map(jnp.asarray, stored))
    draw = lambda key: simulated.window(key, kept, config.length, config.ignore)
  lesson = lambda key: simulated.lesson(draw(key), _SCALE)
  return train.fresh(lesson, config.loop.batch_size)


def student(name: str, config: Config) -> single_neuron.Network:
  """Returns (module, config) of a variant: ELM has a branch for a branch."""
  teacher = config.neuron
  inputs = teacher.num_inputs
  if name in _LSTM:
    return lstm, lstm.Config(inputs, config.num_units, 2, chrono=_LSTM[name])
  if name == 'tcn':
    net = temporal_convolution.TemporalConvolution(inputs, config.tcn_channels)
    row = jax.ShapeDtypeStruct((1, inputs), jnp.float32)
    return adapters.linen.functions(net, row), net
  plain = elm.version(
      config.version, num_inputs=inputs, num_outputs=2,
      num_memory=config.num_memory, tau_min=config.tau_min,
      tau_max=config.tau_max, num_branches=teacher.num_branches,
      synapses_per_branch=teacher.excitatory + teacher.inhibitory,
  )  # fmt: skip
  return elm, dataclasses.replace(plain, **_ELM[name])


def stage(
    config: Config, name: str = 'd_m 10',
    made: single_neuron.Network | None = None, data: Any = None,
) -> train.Stage:  # fmt: skip
  """Returns the training of a variant; without data for the planner."""
  made, loop = made or student(name, config), config.loop
  decay = optax.cosine_decay_schedule(config.learning_rate, loop.num_steps)
  return train.Stage(
      name=name.replace(', ', '_').replace(' ', '_'), loop=loop, data=data,
      init=lambda key: single_neuron.init(key, made, config.spike_bias),
      loss=lambda params, row, _: (single_neuron.loss(params, row, made), {}),
      optimizer=train.clipped(optax.adam(decay), config.clip),
      example=single_neuron.example(config.length, made),
      seeds=tuple(range(config.num_seeds)), items_per_row=config.length,
      item='step',
  )  # fmt: skip
