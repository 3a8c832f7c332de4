"""The experiment of `launch.stdp_homeostasis`: what simulated neurons take."""

import dataclasses
import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.stdp_homeostasis import report
from launch.stdp_homeostasis.config import Config
from nmlib import train
from nmlib.analysis import detection
from nmlib.data.events import packet_headers
from nmlib.data.events import volleys
from nmlib.networks.spiking import spatial_detector

_MOST = 2000  # of all ways to lose spikes, those that are tried
# Patterns, b / a, scaling. With three, b = a leaves nothing to scale where
# they are most different.
CASES = {
    'one': (1, 1.0, 'joint'),
    'two': (2, 1.0, 'joint'),
    'three': (3, 0.5, 'joint'),
    'three, b = a': (3, 1.0, 'joint'),
    'two, sequential': (2, 1.0, 'sequential'),
    'three, sequential': (3, 0.5, 'sequential'),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Learns sets of patterns, and probes the neuron that has learned them."""
  found = {
      name: run.result(
          name.replace(', ', '_').replace(' = ', '_'),
          functools.partial(study, config, *case),
      )
      for name, case in CASES.items()
  }
  grids = {
      name: run.result(
          f'grid_{name}',
          functools.partial(study, config, *CASES[name], over_factors=True),
      )
      for name in ('two', 'three')
  }
  missing = run.result('missing', functools.partial(deletions, config))
  packets = run.result('packets', functools.partial(flows, config))
  return report.make(config, found, grids, missing, packets)


def study(
    config: Config,
    number: int,
    depression: float,
    scaling: Any,
    over_factors: bool = False,
) -> dict[str, np.ndarray]:
  """Returns rates [S, D] by name of a number of patterns in one neuron.

  And `by_probe` [S, D, 1 + farthest], the share that is taken at each distance
  of the probe from the pattern that it was made from. Over the homeostatic
  factors [S, D, F, ...] of the config, if that is asked, with fewer probes.
  """
  detector = dataclasses.replace(
      config.detector, depression=depression * config.detector.potentiation,
      scaling=scaling,
  )  # fmt: skip
  if not over_factors:
    return _measure(config, number, detector, config.copies, (1.0,))
  relative = tuple(h / detector.factor for h in config.factors)
  return _measure(config, number, detector, config.grid_copies, relative)


def deletions(config: Config) -> dict[str, np.ndarray]:
  """Returns shares [S] of all patterns with spikes missing that are taken.

  By a factor that is to forgive `missing` of k spikes: 1.001 k / (k - missing),
  for the bare ratio is within rounding of 32-bit numbers.
  """
  active, allowed = config.num_active, config.missing
  factor = 1.001 * active / (active - allowed)
  detector = dataclasses.replace(config.detector, factor=factor)
  shares = {'allowed': [], 'more': []}
  for key in draws(config):
    pattern = patterns_of(key, config, 1, 2)
    learned = _learned(pattern, detector)
    for name, lost in (('allowed', allowed), ('more', allowed + 1)):
      chosen = itertools.combinations(np.flatnonzero(pattern[0]), lost)
      rows = np.array(list(chosen))
      if len(rows) > _MOST:
        rows = np.random.default_rng(0).permutation(rows)[:_MOST]
      probes = np.repeat(np.asarray(pattern), len(rows), 0)
      probes[np.arange(len(rows))[:, None], rows] = 0
      shares[name].append(_fires(learned, jnp.asarray(probes), detector).mean())
  return {name: np.array(values) for name, values in shares.items()}


def flows(config: Config) -> dict[str, np.ndarray]:
  """Returns measures [S] of detectors that were shown one packet of a flow.

  Those with another protocol, source, destination or port are not of it.
  """
  detector = dataclasses.replace(
      config.detector, num_channels=packet_headers.num_bits()
  )

  def one(key):
    keys = jax.random.split(key)
    flow = packet_headers.flow(keys[0])
    learned = _learned(packet_headers.encode(flow)[None], detector)
    met = packet_headers.traffic(keys[1], flow, config.copies)
    taken = _fires(learned, met.headers, detector)
    return detection.count(taken, met.changed < 0).measures()

  found = jax.jit(lambda keys: jax.lax.map(one, keys))(jnp.stack(draws(config)))
  return jax.tree.map(np.asarray, found)


def _measure(config, number, detector, copies, factors):
  """Returns rates [S, D, F], the last axis left out where it is one."""
  distances = config.distances if number > 1 else config.distances[:1]
  cases = [
      (patterns_of(key, config, number, distance), key)
      for key in draws(config)
      for distance in distances
  ]
  patterns, keys = jax.tree.map(lambda *a: jnp.stack(a), *cases)

  def one(case):
    patterns, key = case
    learned = _learned(patterns, detector)
    probes = volleys.near_misses(
        jax.random.fold_in(key, 1), patterns, copies, config.farthest
    )
    there = volleys.is_among(probes, patterns)
    scaled = lambda h: learned._replace(weights=h * learned.weights)
    rates = lambda h: _rates(scaled(h), probes, there, detector, number, copies)
    return jax.lax.map(rates, jnp.array(factors))

  found = jax.jit(lambda cases: jax.lax.map(one, cases))((patterns, keys))
  shape = config.num_seeds, len(distances)
  if len(factors) == 1:
    found = jax.tree.map(lambda a: a[:, 0], found)
  shaped = lambda rows: np.asarray(rows).reshape(shape + rows.shape[1:])
  return jax.tree.map(shaped, found)


def _rates(learned, probes, there, detector, number, copies):
  """Returns what one neuron does with the probes."""
  fires = _fires(learned, probes, detector)
  counts = detection.count(fires, there)
  drives = spatial_detector.drives(learned.weights, probes, detector)[:, 0]
  formula = drives >= detector.threshold
  # Closer to it than rounding, either may be right.
  clear = jnp.abs(drives / detector.threshold - 1) > 1e-5
  taken = fires.reshape(number, -1, copies).mean((0, 2))
  differs = jnp.sum(clear & (formula != fires))
  return counts.measures() | {'differs': differs, 'by_probe': taken}


def _learned(patterns, detector):
  """One presentation each, by simulated STDP, then homeostasis."""
  blank = spatial_detector.init(jax.random.key(0), detector)
  return spatial_detector.learn(
      blank, patterns, detector, update=spatial_detector.present
  )


def _fires(learned, probes, detector):
  """Simulates the neuron from rest for every probe [B, N]."""
  one = lambda probe: spatial_detector.detect(learned, probe, detector)
  return jax.vmap(one)(probes).fired[:, 0]


def draws(config):
  """Returns a key of each seed."""
  return [jax.random.key(seed) for seed in range(config.num_seeds)]


def patterns_of(key, config, number, distance):
  """Draws patterns [P, N] that are this far from each other."""
  sizes = config.detector.num_channels, config.num_active, distance
  return volleys.sunflower(key, number, *sizes)
