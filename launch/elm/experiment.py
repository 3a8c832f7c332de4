"""The experiment of `launch.elm`: a simulated neuron teaches ELM."""

from collections.abc import Callable
import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.elm import files
from launch.elm import report
from launch.elm.config import Config
from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.data.recordings import simulated
from nmlib.networks import single_neuron
from nmlib.networks import temporal_convolution
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

_SCALE = 5.0  # mV; the voltage head learns V / _SCALE
_ELM = {
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
    return on_files(files.settings(config), run)
  teacher = simulated.init(jax.random.key(1234), config.neuron)
  trials, length = config.test_trials, config.test_length
  test = run.result(
      'test',
      lambda: simulated.record(
          4321, teacher, trials, length, config.neuron
      )._asdict(),
  )
  data = lessons(config, run, teacher)
  found: dict[str, Any] = {}
  for name in config.variants:
    run.say(f'variant {name}')
    made = student(name, config)
    trained = stage(config, name, made, data)
    params = train.fit(run, trained).state.params
    found[name] = run.result(
        f'test_{trained.name}',
        functools.partial(measure, params, test, made, config),
    )
  return report.make(config, test, found)


def on_files(config: Config, run: train.Run) -> train.Report:
  """Trains on NeuronIO's files, and measures as its authors do."""
  learn, test = files.paths(config)
  data, found = files.windows_of(learn, config), {}
  for count in config.files.num_memory:
    made = elm, files.student(count, test, config)
    trained = stage(config, f'files_d_m_{count}', made, data)
    params = train.fit(run, trained).state.params
    found[count] = run.result(
        f'test_{trained.name}',
        functools.partial(files.measure, params, test, made, config),
    )
  return files.make(config, found, learn, test)


def lessons(
    config: Config, run: train.Run, teacher: simulated.Params
) -> Callable[[jax.Array, jax.Array], Any]:
  """Returns (key, step) -> batch of recordings, fresh or from a store."""
  neuron = config.neuron

  def store():
    trials, length = config.train_trials, config.train_length
    found = simulated.record(99, teacher, trials, length, neuron)
    return found._asdict() | {'inputs': found.inputs.astype(np.int8)}

  draw = lambda key: simulated.simulate(key, teacher, config.length, neuron)
  if config.simulator == 'cable':
    made_from = dataclasses.asdict(neuron)
    made_from['trials'] = config.train_trials
    made_from['length'] = config.train_length
    stored = run.result(
        'train_recordings', store, shared=config.cache, made_from=made_from
    )
    whole = simulated.Recording(**jax.tree.map(jnp.asarray, stored))
    draw = lambda key: simulated.window(
        key, whole, config.length, config.ignore
    )

  def data(key, step):
    key = jax.random.fold_in(jax.random.fold_in(key, step), 1)
    batch = jax.vmap(draw)(jax.random.split(key, config.loop.batch_size))
    return batch._replace(voltage=batch.voltage / _SCALE)._asdict()

  return data


def student(name: str, config: Config) -> single_neuron.Network:
  """Returns (module, config) of a variant: ELM has a branch for a branch."""
  teacher = config.neuron
  inputs = teacher.num_inputs
  if name in _LSTM:
    return lstm, lstm.Config(inputs, config.num_units, 2, chrono=_LSTM[name])
  if name == 'tcn':
    return temporal_convolution, temporal_convolution.Config(
        inputs, config.tcn_channels, 2
    )
  memory = {
      'num_memory': config.num_memory,
      'tau_min': config.tau_min,
      'tau_max': config.tau_max,
  }
  return elm, elm.version(
      config.version,
      num_inputs=inputs,
      num_outputs=2,
      num_branches=teacher.num_branches,
      synapses_per_branch=teacher.excitatory + teacher.inhibitory,
      **(memory | _ELM[name]),
  )


def stage(
    config: Config,
    name: str = 'd_m 10',
    made: single_neuron.Network | None = None,
    data: Any = None,
) -> train.Stage:
  """Returns the training of a variant; without data for the planner."""
  made = made or student(name, config)

  decay = optax.cosine_decay_schedule(
      config.learning_rate, config.loop.num_steps
  )
  row = jax.ShapeDtypeStruct((config.length,), jnp.float32)
  inputs = row.update(shape=(config.length, made[1].num_inputs))
  return train.Stage(
      name=name.replace(', ', '_').replace(' ', '_'),
      loop=config.loop,
      init=functools.partial(
          single_neuron.init, network=made, spike_bias=config.spike_bias
      ),
      loss=lambda params, row, _: (single_neuron.loss(params, row, made), {}),
      optimizer=optax.chain(
          optax.clip_by_global_norm(config.clip)
          if config.clip
          else optax.identity(),
          optax.adam(decay),
      ),
      data=data,
      example={'inputs': inputs, 'spikes': row, 'voltage': row},
      seeds=tuple(range(config.num_seeds)),
      items_per_row=config.length,
      item='step',
  )


def measure(
    params: Any,
    test: dict[str, np.ndarray],
    made: single_neuron.Network,
    config: Config,
) -> dict[str, np.ndarray]:
  """Returns test metrics of every seed [S], and its first prediction, mV."""
  one = functools.partial(single_neuron.apply, network=made)
  over_trials = jax.vmap(one, in_axes=(None, 0))
  outputs = jax.jit(jax.vmap(over_trials, in_axes=(0, None)))(
      params, jnp.asarray(test['inputs'])
  )
  outputs = np.asarray(outputs)[:, :, config.ignore :]
  score, predicted = outputs[..., 0], _SCALE * outputs[..., 1]
  spikes, voltage = (
      test[name][:, config.ignore :] for name in ('spikes', 'voltage')
  )
  explained = [prediction.explained_variance(voltage, v) for v in predicted]
  return {
      'explained_variance': np.array(explained),
      'auc': np.array([prediction.area(spikes, one) for one in score]),
      'rmse': np.array(
          [np.sqrt(np.mean((voltage - v) ** 2)) for v in predicted]
      ),
      'parameters': np.array(made[0].num_params(made[1])),
      'example': predicted[0, 0],
  }
