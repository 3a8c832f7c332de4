"""The experiment of `launch.snn_surrogate`: train, convert, count, compare."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from launch.snn_surrogate import measure
from launch.snn_surrogate import report
from launch.snn_surrogate import stages
from launch.snn_surrogate.config import Config
from nmlib import train
from nmlib.data.events import spike_patterns
from nmlib.data.images import digits
from nmlib.networks import spiking_mlp
from nmlib.neurons.spiking import encoding

_MANIFOLDS = {
    # Ten classes of 20 units: hard enough that hidden layers must learn.
    'timing': {
        'num_units': 20,
        'num_classes': 10,
        'dimension': 2,
        'alpha': 1.0,
    },
    # Easy: what is left of the spikes when they have a price.
    'sparse': dict(num_units=40, num_classes=5, dimension=1, alpha=2.0),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, converts, counts, and compares."""
  task, calibration = images(config)
  width = task.learn.inputs.shape[1]
  relu = train.fit(
      run,
      stages.conventional(
          'relu', config.seeds, task, (width, *config.hidden, 10)
      ),
  )
  results: dict[str, train.History] = {'relu': relu.history}
  for code in config.codes:
    for name in config.surrogates:
      network = _network(
          width,
          config.hidden,
          10,
          name,
          # A pixel of a rate code fires often, one of a latency code once.
          weight_gain=1.0 if code == 'rate' else 2.0,
      )
      encode = encoder(config, code)
      stage = stages.spiking(
          f'{code}_{name}', config.seeds, task, network, encode
      )
      results[stage.name] = train.fit(run, stage).history
      _say(run, f'{code} code, {name}', results[stage.name])
  converted = run.result(
      'converted',
      lambda: measure.converted(
          relu.state.params, calibration, task.test, config.conversion_steps
      ),
  )
  random_weights = run.result(
      'random_conversion',
      lambda: measure.random_conversion(
          config.num_seeds, config.random_conversion_steps
      ),
  )
  for name in config.pattern_surrogates:
    results[f'timing_{name}'] = patterns(config, run, 'timing', name)
  results['timing_counts_only'] = patterns(
      config, run, 'timing', 'fast_sigmoid', shuffle=True
  )
  for penalty in (0.0, config.rate_penalty) if config.rate_penalty else ():
    name = 'sparse_priced' if penalty else 'sparse_free'
    results[name] = patterns(
        config, run, 'sparse', 'fast_sigmoid', penalty=penalty
    )
  return report.make(config, results, converted, random_weights)


def images(config: Config) -> tuple[stages.Task, jax.Array]:
  """Returns the task, images flat, and those that calibrate a conversion."""
  split = digits.load(config.source, config.path)
  flat = lambda part: train.Examples(
      jnp.asarray(part.images.reshape(len(part.images), -1)),
      jnp.asarray(part.labels),
  )
  learned = flat(split.train)
  loop = config.loop(config.training_steps, config.batch_size)
  task = stages.Task(learned, flat(split.test), loop, config.learning_rate)
  return task, learned.inputs[:1000]


def encoder(config: Config, code: str) -> stages.Encode:
  """Returns (key, image [D]) -> spikes [T, D]."""
  if code == 'rate':
    return lambda key, x: encoding.poisson(
        key, x, config.num_steps, gain=config.rate_gain
    )
  return lambda key, x: encoding.latency(
      x,
      config.num_steps,
      threshold=config.latency_threshold,
      clip=True,
      tau=config.latency_tau,
  )


def patterns(
    config: Config,
    run: train.Run,
    kind: str,
    surrogate: str,
    *,
    shuffle: bool = False,
    penalty: float = 0.0,
) -> train.History:
  """Trains on spike patterns in which every unit fires exactly once.

  Args:
    config: of the launcher.
    run: of the launcher.
    kind: 'timing' or 'sparse'.
    surrogate: name.
    shuffle: draw the times anew, so that only the (equal) counts are left.
    penalty: weight of the hidden rate.
  """
  size = _MANIFOLDS[kind]
  drawn = spike_patterns.random_manifolds(
      0,
      **size,
      samples_per_class=config.pattern_samples,
      num_steps=config.pattern_steps,
  )
  times = drawn.times
  if shuffle:
    times = spike_patterns.shuffled(times, config.pattern_steps, seed=1)
  cut = config.pattern_train
  if not 0 < cut < len(times):
    raise ValueError(
        f'config.pattern_train must leave some of {len(times)} patterns for the'
        f' test, got {cut}.'
    )
  part = lambda rows: train.Examples(
      jnp.asarray(times[rows]), jnp.asarray(drawn.labels[rows])
  )
  task = stages.Task(
      part(np.s_[:cut]),
      part(np.s_[cut:]),
      config.loop(config.pattern_training_steps, config.pattern_batch_size),
      config.pattern_learning_rate,
  )
  network = _network(
      size['num_units'],
      (config.pattern_hidden,),
      size['num_classes'],
      surrogate,
  )
  suffix = f'{surrogate}_counts_only' if shuffle else surrogate
  name = f'{kind}_{suffix}' if not penalty else f'{kind}_priced'
  encode = functools.partial(_raster, config.pattern_steps)
  stage = stages.spiking(name, config.seeds, task, network, encode, penalty)
  history = train.fit(run, stage).history
  _say(run, name, history)
  return history


def _network(width, hidden, num_classes, surrogate, weight_gain=1.0):
  """Returns leaky neurons with currents, of time constants 10 and 5 steps."""
  return spiking_mlp.Config(
      width,
      hidden,
      num_classes,
      synapse_decay=math.exp(-1 / 5),
      membrane_decay=math.exp(-1 / 10),
      current_gain=4 * (1 - math.exp(-1 / 10)),
      weight_gain=weight_gain,
      surrogate=stages.SURROGATES[surrogate],
  )


def _raster(num_steps: int, key: jax.Array, times: jax.Array) -> jax.Array:
  del key
  return (jnp.arange(num_steps)[:, None] == times[None]).astype(float)


def _say(run: train.Run, name: str, history: train.History) -> None:
  accuracy, rate = (history[k][1][-1] for k in ('accuracy', 'rate'))
  run.say(f'{name}: accuracy {accuracy.mean():.4f}, rate {rate.mean():.4f}')
