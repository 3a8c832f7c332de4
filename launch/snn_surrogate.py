"""Spiking networks by surrogate gradients and by conversion.

Tavanaei et al., "Deep Learning in Spiking Neural Networks" (arXiv 1804.08150,
2019): trained through surrogate derivatives, or converted from a ReLU network,
spiking networks come close to conventional ones with fewer operations.

  python -m launch.snn_surrogate                  # small: minutes, 2 cores
  python -m launch.snn_surrogate --preset=paper   # MNIST, 784-800-10
  python -m launch.snn_surrogate --config.num_steps=50 --workdir=runs/slow

Digits are shown in a rate code (Poisson) and in a latency code (one spike a
pixel); each surrogate trains the same network from the same seeds, beside a
ReLU network that is then converted. A second task, spike patterns in which
every unit fires exactly once, can be solved by timing only: its control draws
the times anew and keeps the counts. Operations and energy are counted for all.
`small` uses the 8 x 8 digits that come with nmlib, `paper` MNIST (TFDS, or
--path). The same command again resumes.
"""

import dataclasses
import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from launch import snn_surrogate_measure
from launch import snn_surrogate_report
from launch import snn_surrogate_stages as stages
from nmlib import train
from nmlib.data.events import spike_patterns
from nmlib.data.images import digits
from nmlib.networks import spiking_mlp
from nmlib.neurons.spiking import encoding as spike_encoding

CODES = ('rate', 'latency')
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


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps of time are T; training steps are Adam's."""

  source: str = 'digits'  # or 'mnist'
  path: str = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: int = 5
  codes: tuple[str, ...] = CODES
  surrogates: tuple[str, ...] = (
      'fast_sigmoid',
      'arctan',
      'triangle',
      'boxcar',
      'gaussian',
      'straight_through',
      'zero',
  )
  hidden: tuple[int, ...] = (128,)
  num_steps: int = 20  # T of the digits
  rate_gain: float = 0.5  # spikes a step of a white pixel
  latency_tau: float = 5.0  # steps
  latency_threshold: float = 0.2  # darker pixels do not fire
  training_steps: int = 600
  batch_size: int = 64
  learning_rate: float = 2e-3
  conversion_steps: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256)
  random_conversion_steps: tuple[int, ...] = (64, 128, 256, 512, 1024)
  pattern_steps: int = 50  # T of the patterns
  pattern_samples: int = 160  # a class
  pattern_train: int = 600  # of all samples; the others test
  pattern_hidden: int = 32
  pattern_training_steps: int = 400
  pattern_batch_size: int = 128
  pattern_learning_rate: float = 3e-3
  pattern_surrogates: tuple[str, ...] = (
      'fast_sigmoid',
      'straight_through',
      'zero',
  )
  rate_penalty: float = 20.0  # of the mean rate; 0: leave this part out

  def __post_init__(self):
    for name in (
        'num_seeds',
        'num_steps',
        'training_steps',
        'batch_size',
        'pattern_steps',
        'pattern_samples',
        'pattern_hidden',
        'pattern_training_steps',
        'pattern_batch_size',
    ):
      if getattr(self, name) < 1:
        raise ValueError(
            f'config.{name} must be at least 1, got {getattr(self, name)}.'
        )
    for name, allowed in (
        ('codes', CODES),
        ('surrogates', tuple(stages.SURROGATES)),
        ('pattern_surrogates', tuple(stages.SURROGATES)),
    ):
      chosen = getattr(self, name)
      if not chosen or set(chosen) - set(allowed):
        raise ValueError(
            f'config.{name} must be one or more of {allowed}, got {chosen}.'
        )
    for name in ('surrogates', 'pattern_surrogates'):
      if 'fast_sigmoid' not in getattr(self, name):
        raise ValueError(
            f"config.{name} must include 'fast_sigmoid', which the report"
            ' compares.'
        )
    for name in ('conversion_steps', 'random_conversion_steps'):
      if not getattr(self, name) or min(getattr(self, name)) < 1:
        raise ValueError(
            f'config.{name} must be one or more positive numbers, got'
            f' {getattr(self, name)}.'
        )

  @property
  def seeds(self) -> tuple[int, ...]:
    """0 to S - 1."""
    return tuple(range(self.num_seeds))

  def schedule(self, num_steps: int, batch_size: int) -> train.Schedule:
    """Returns a stage's schedule: several steps a call where they divide."""
    together = math.gcd(num_steps, 20)
    return train.Schedule(
        num_steps, batch_size, steps_per_call=together, log_every=together
    )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2,
        codes=('latency',),
        surrogates=('fast_sigmoid',),
        hidden=(16,),
        num_steps=8,
        training_steps=20,
        conversion_steps=(4,),
        random_conversion_steps=(16, 32),
        pattern_steps=10,
        pattern_samples=20,
        pattern_train=60,
        pattern_hidden=8,
        pattern_training_steps=10,
        pattern_batch_size=20,
        pattern_surrogates=('fast_sigmoid',),
        rate_penalty=0.0,
    ),
    'paper': Config(
        source='mnist',
        surrogates=tuple(stages.SURROGATES),
        hidden=(800,),
        num_steps=50,
        training_steps=9000,
        batch_size=128,
        learning_rate=1e-3,
    ),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, converts, counts, and compares."""
  task, calibration = images(config)
  width = task.train.inputs.shape[1]
  relu = stages.conventional(
      run, 'relu', config.seeds, task, (width, *config.hidden, 10)
  )
  results: dict[str, train.History] = {'relu': relu.history}
  for code in config.codes:
    for name in config.surrogates:
      network = spiking_mlp.Config(
          width,
          config.hidden,
          synapse_decay=math.exp(-1 / 5),
          membrane_decay=math.exp(-1 / 10),
          current_gain=4 * (1 - math.exp(-1 / 10)),
          # A pixel of a rate code fires often, one of a latency code once.
          weight_gain=1.0 if code == 'rate' else 2.0,
          surrogate=stages.SURROGATES[name],
      )
      fitted = stages.spiking(
          run,
          f'{code}_{name}',
          config.seeds,
          task,
          network,
          encoder(config, code),
      )
      results[f'{code}_{name}'] = fitted.history
      _say(run, f'{code} code, {name}', fitted.history)
  converted = run.result(
      'converted',
      lambda: snn_surrogate_measure.converted(
          relu.state.params, calibration, task.test, config.conversion_steps
      ),
  )
  random = run.result(
      'random_conversion',
      lambda: snn_surrogate_measure.random_conversion(
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
  return snn_surrogate_report.make(config, results, converted, random)


def images(config: Config) -> tuple[stages.Task, jax.Array]:
  """Returns the task, images flat, and those that calibrate a conversion."""
  split = digits.load(config.source, config.path)
  flat = lambda part: stages.Examples(
      jnp.asarray(part.images.reshape(len(part.images), -1)),
      jnp.asarray(part.labels),
  )
  learned = flat(split.train)
  schedule = config.schedule(config.training_steps, config.batch_size)
  task = stages.Task(learned, flat(split.test), schedule, config.learning_rate)
  return task, learned.inputs[:1000]


def encoder(config: Config, code: str) -> stages.Encode:
  """Returns (key, image [D]) -> spikes [T, D]."""
  if code == 'rate':
    return lambda key, x: spike_encoding.poisson(
        key, x, config.num_steps, gain=config.rate_gain
    )
  return lambda key, x: spike_encoding.latency(
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
  part = lambda rows: stages.Examples(
      jnp.asarray(times[rows]), jnp.asarray(drawn.labels[rows])
  )
  task = stages.Task(
      part(np.s_[:cut]),
      part(np.s_[cut:]),
      config.schedule(config.pattern_training_steps, config.pattern_batch_size),
      config.pattern_learning_rate,
  )
  network = spiking_mlp.Config(
      size['num_units'],
      (config.pattern_hidden,),
      size['num_classes'],
      synapse_decay=math.exp(-1 / 5),
      membrane_decay=math.exp(-1 / 10),
      current_gain=4 * (1 - math.exp(-1 / 10)),
      surrogate=stages.SURROGATES[surrogate],
  )
  suffix = f'{surrogate}_counts_only' if shuffle else surrogate
  name = f'{kind}_{suffix}' if not penalty else f'{kind}_priced'
  fitted = stages.spiking(
      run,
      name,
      config.seeds,
      task,
      network,
      functools.partial(_raster, config.pattern_steps),
      penalty,
  )
  _say(run, name, fitted.history)
  return fitted.history


def _raster(num_steps: int, key: jax.Array, times: jax.Array) -> jax.Array:
  del key
  return (jnp.arange(num_steps)[:, None] == times[None]).astype(float)


def _say(run: train.Run, name: str, history: train.History) -> None:
  accuracy, rate = (history[k][1][-1] for k in ('accuracy', 'rate'))
  run.say(f'{name}: accuracy {accuracy.mean():.4f}, rate {rate.mean():.4f}')


if __name__ == '__main__':
  train.launch(
      experiment,
      PRESETS,
      name='snn_surrogate',
      shortcuts={'path': "Folder of MNIST's four files."},
  )
