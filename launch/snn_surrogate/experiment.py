"""The experiment of `launch.snn_surrogate`: train, convert, count, compare."""

from collections.abc import Iterator
import functools
import math
from typing import Any

import jax
import numpy as np
import optax

from launch.snn_surrogate import report
from launch.snn_surrogate.config import Config
from nmlib import train
from nmlib.data.events import spike_patterns
from nmlib.data.images import digits
from nmlib.networks import mlp
from nmlib.networks.spiking import conversion_quality
from nmlib.networks.spiking import spiking_classifier
from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import encoding
from nmlib.neurons.spiking.presets import usual_surrogates


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, converts, counts, and compares."""
  parts = digits.load(config.source, config.path)
  learn, _, test = train.examples.split(parts, lambda x: x.reshape(len(x), -1))
  sizes = config.training_steps, config.batch_size, config.learning_rate
  fields = _fields(config, learn, test, *sizes)
  width = learn.inputs.shape[1]
  init = functools.partial(mlp.init, widths=(width, *config.hidden, 10))
  plain = train.classification(mlp.apply, name='relu', init=init, **fields)
  stages = [*of_digits(config, width, fields), *of_patterns(config)]
  relu = train.fit(run, plain)
  results = {'relu': relu.history}
  for stage in stages:
    results[stage.name] = history = train.fit(run, stage).history
    accuracy, rate = (history[k][1][-1].mean() for k in ('accuracy', 'rate'))
    run.say(f'{stage.name}: accuracy {accuracy:.4f}, rate {rate:.4f}')
  converted = run.result(
      'converted',
      lambda: conversion_quality.of_networks(
          relu.state.params, learn.inputs[:1000], *test, config.conversion_steps
      ),
  )
  random = np.random.Generator(np.random.Philox(0))
  sizes = config.num_seeds, config.random_conversion_steps
  random_weights = run.result(
      'random_conversion',
      lambda: conversion_quality.of_random_networks(random, *sizes),
  )
  return report.make(config, results, converted, random_weights)


def of_digits(
    config: Config, width: int, fields: dict[str, Any]
) -> Iterator[train.Stage]:
  """Yields the training of each surrogate on each code of D pixels."""
  for code in config.codes:
    # A pixel of a rate code fires often, one of a latency code once.
    gain = 1.0 if code == 'rate' else 2.0
    for name in config.surrogates:
      network = spiking_mlp.timed(
          width, config.hidden, 10, weight_gain=gain,
          surrogate=usual_surrogates.BY_NAME[name],
      )  # fmt: skip
      encode = encoder(config, code)
      yield spiking(f'{code}_{name}', network, encode, **fields)


def encoder(config: Config, code: str) -> spiking_classifier.Encode:
  """Returns (key, image [D]) -> spikes [T, D]."""
  if code == 'rate':
    return lambda key, x: encoding.poisson(
        key, x, config.num_steps, gain=config.rate_gain
    )
  tau, threshold = config.latency_tau, config.latency_threshold
  return lambda _, x: encoding.latency(
      x, config.num_steps, threshold=threshold, clip=True, tau=tau
  )


def of_patterns(config: Config) -> Iterator[train.Stage]:
  """Yields trainings on patterns in which every unit fires exactly once."""
  stage = functools.partial(patterns, config)
  for name in config.pattern_surrogates:
    yield stage(f'timing_{name}', surrogate=name)
  yield stage('timing_counts_only', counts_only=True)
  if price := config.rate_penalty:
    yield stage('sparse_free', spike_patterns.EASY)
    yield stage('sparse_priced', spike_patterns.EASY, rate_penalty=price)


def patterns(
    config: Config, name: str,
    manifolds: spike_patterns.Manifolds = spike_patterns.HARD,
    *, surrogate: usual_surrogates.Name = 'fast_sigmoid',
    counts_only: bool = False, rate_penalty: float = 0.0,
) -> train.Stage:  # fmt: skip
  """Returns the training on one kind of `spike_patterns`."""
  num_steps = config.pattern_steps
  learn, test = spike_patterns.task(
      manifolds, config.pattern_train, num_steps=num_steps,
      samples_per_class=config.pattern_samples, counts_only=counts_only,
  )  # fmt: skip
  fields = _fields(
      config, learn, test, config.pattern_training_steps,
      config.pattern_batch_size, config.pattern_learning_rate,
  )  # fmt: skip
  sizes = manifolds.num_units, (config.pattern_hidden,), manifolds.num_classes
  encode = lambda _, times: jax.nn.one_hot(times, num_steps, axis=0)
  chosen = usual_surrogates.BY_NAME[surrogate]
  network = spiking_mlp.timed(*sizes, surrogate=chosen)
  return spiking(name, network, encode, rate_penalty, **fields)


def spiking(
    name: str, network: spiking_mlp.Config, encode: spiking_classifier.Encode,
    rate_penalty: float = 0.0, **fields: Any,
) -> train.Stage:  # fmt: skip
  """Returns the training of a network; every input seen has a new key."""
  of = {'config': network, 'encode': encode}
  return train.measured(
      functools.partial(
          spiking_classifier.loss, **of, rate_penalty=rate_penalty
      ),
      functools.partial(spiking_classifier.measure, **of), name=name,
      init=functools.partial(spiking_mlp.init, config=network), **fields,
  )  # fmt: skip


def _fields(
    config, learn, test, num_steps, batch_size, learning_rate
) -> dict[str, Any]:
  """Returns what stages share: several steps a call where they divide."""
  together = math.gcd(num_steps, 20)
  return {
      'loop': train.Loop(num_steps, batch_size, together, together),
      'data': train.examples.in_epochs(learn, batch_size),
      'held_out': test,
      'optimizer': optax.adam(learning_rate),
      'seeds': tuple(range(config.num_seeds)),
  }
