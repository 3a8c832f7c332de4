"""The experiment of `launch.snn_surrogate`: train, convert, count, compare."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.snn_surrogate import report
from launch.snn_surrogate import stages
from launch.snn_surrogate.config import Config
from nmlib import train
from nmlib.data.events import spike_patterns
from nmlib.data.images import digits
from nmlib.networks.spiking import conversion_quality
from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import encoding
from nmlib.neurons.spiking.presets import usual_surrogates

# Ten classes of 20 units: hard enough that hidden layers must learn.
_TIMING = dict(num_units=20, num_classes=10, dimension=2, alpha=1.0)
# Easy: what is left of the spikes when they have a price.
_SPARSE = dict(num_units=40, num_classes=5, dimension=1, alpha=2.0)


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, converts, counts, and compares."""
  task = images(config)
  width = task.learn.inputs.shape[1]
  widths = (width, *config.hidden, 10)
  relu = train.fit(run, stages.conventional('relu', task, widths))
  results: dict[str, train.History] = {'relu': relu.history}

  def fit(stage):
    """Trains a spiking network."""
    results[stage.name] = history = train.fit(run, stage).history
    accuracy, rate = (history[k][1][-1].mean() for k in ('accuracy', 'rate'))
    run.say(f'{stage.name}: accuracy {accuracy:.4f}, rate {rate:.4f}')

  for code in config.codes:
    # A pixel of a rate code fires often, one of a latency code once.
    gain = 1.0 if code == 'rate' else 2.0
    for name in config.surrogates:
      network = _network(width, config.hidden, 10, name, gain)
      encode = encoder(config, code)
      fit(stages.spiking(f'{code}_{name}', task, network, encode))
  shown = task.learn.inputs[:1000], *task.test, config.conversion_steps
  converted = run.result(
      'converted',
      lambda: conversion_quality.of_networks(relu.state.params, *shown),
  )
  random = np.random.Generator(np.random.Philox(0))
  sizes = config.num_seeds, config.random_conversion_steps
  random_weights = run.result(
      'random_conversion',
      lambda: conversion_quality.of_random_networks(random, *sizes),
  )
  for name in config.pattern_surrogates:
    fit(patterns(config, f'timing_{name}', _TIMING, name))
  fit(patterns(config, 'timing_counts_only', _TIMING, shuffle=True))
  if price := config.rate_penalty:
    fit(patterns(config, 'sparse_free', _SPARSE))
    fit(patterns(config, 'sparse_priced', _SPARSE, penalty=price))
  return report.make(config, results, converted, random_weights)


def images(config: Config) -> stages.Task:
  """Returns the digits, flat."""
  flat = lambda images: images.reshape(len(images), -1)
  parts = digits.load(config.source, config.path)
  learn, _, test = train.examples.split(parts, flat)
  loop = config.loop(config.training_steps, config.batch_size)
  return stages.Task(learn, test, loop, config.learning_rate, config.seeds)


def encoder(config: Config, code: str) -> stages.Encode:
  """Returns (key, image [D]) -> spikes [T, D]."""
  if code == 'rate':
    return lambda key, x: encoding.poisson(
        key, x, config.num_steps, gain=config.rate_gain
    )
  tau, threshold = config.latency_tau, config.latency_threshold
  return lambda _, x: encoding.latency(
      x, config.num_steps, threshold=threshold, clip=True, tau=tau
  )


def patterns(
    config: Config, name: str, manifolds: dict[str, Any],
    surrogate: str = 'fast_sigmoid', *, shuffle: bool = False,
    penalty: float = 0.0,
) -> train.Stage:  # fmt: skip
  """Returns the training on patterns in which every unit fires exactly once.

  Those are `spike_patterns.random_manifolds`; `shuffle` draws their times anew,
  so that only the (equal) counts are left. The hidden rate has a penalty.
  """
  num_steps, cut = config.pattern_steps, config.pattern_train
  times, labels = spike_patterns.random_manifolds(
      0, **manifolds, num_steps=num_steps,
      samples_per_class=config.pattern_samples,
  )  # fmt: skip
  if shuffle:
    times = spike_patterns.shuffled(times, num_steps, seed=1)
  if not 0 < cut < len(times):
    raise ValueError(
        f'config.pattern_train must leave some of {len(times)} patterns for the'
        f' test, got {cut}.'
    )
  part = lambda rows: train.Examples(
      jnp.asarray(times[rows]), jnp.asarray(labels[rows])
  )
  loop = config.loop(config.pattern_training_steps, config.pattern_batch_size)
  learn, test = part(np.s_[:cut]), part(np.s_[cut:])
  rate = config.pattern_learning_rate
  task = stages.Task(learn, test, loop, rate, config.seeds)
  sizes = (config.pattern_hidden,), manifolds['num_classes']
  network = _network(manifolds['num_units'], *sizes, surrogate)
  encode = lambda _, times: jax.nn.one_hot(times, num_steps, axis=0)
  return stages.spiking(name, task, network, encode, penalty)


def _network(width, hidden, num_classes, surrogate, weight_gain=1.0):
  """Returns leaky neurons with currents, of time constants 10 and 5 steps."""
  return spiking_mlp.Config(
      width, hidden, num_classes, synapse_decay=math.exp(-1 / 5),
      membrane_decay=math.exp(-1 / 10),
      current_gain=4 * (1 - math.exp(-1 / 10)), weight_gain=weight_gain,
      surrogate=usual_surrogates.BY_NAME[surrogate],
  )  # fmt: skip
