"""Delays found again in spike trains in which they were planted."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.hetero_delays.config import Recovery
from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.data.events import planted_motifs
from nmlib.networks import delay_detector
from nmlib.neurons.delays import learnable
from nmlib.neurons.delays import motifs as spike_motifs


class Detector(NamedTuple):
  """One way to hold delays."""

  name: str
  init: Callable[[jax.Array], Any]
  logits: Callable[..., jax.Array]  # of params, spikes [T, N], step: [T, M]
  optimizer: optax.GradientTransformation
  delays: Callable[[Any], jax.Array]  # of params: [M, N]


def recover(
    run: train.Run, seeds: tuple[int, ...], config: Recovery
) -> dict[str, dict[str, np.ndarray]]:
  """Trains both detectors, and compares their delays with the planted ones.

  Returns:
    For each detector `within_0` and `within_1` [S], shares of the motifs'
    synapses whose delay is right, or one step off at most; `planted` and
    `found` [M * members], of seed 0; `hits` [S], share of motifs' ends among
    the steps of highest evidence, as many as there are ends.
  """
  motifs = planted_motifs.draw(jax.random.key(55), config.motifs)
  planted = np.asarray(motifs.delay)[motifs.member]
  recovered = {}
  for title, make in {
      'a weight a delay': dense,
      'a learned delay': learned,
  }.items():
    detector = make(config)
    fitted = train.fit(run, stage(detector, motifs, seeds, config))
    params = fitted.state.params
    delays = np.asarray(jax.vmap(detector.delays)(params))
    found = delays[:, motifs.member]  # [S, M * members]
    off = np.abs(found - planted)
    recovered[title] = {
        'within_0': (off < 0.5).mean(1),
        'within_1': (off < 1.5).mean(1),
        'planted': planted,
        'found': found[0],
        'hits': hits(detector, params, motifs, config),
    }
  return recovered


def dense(config: Recovery) -> Detector:
  """A weight for every delay; the strongest is the delay."""
  sizes = config.motifs
  layer = spike_motifs.Config(sizes.num_units, sizes.num_motifs, sizes.delays)
  start = spike_motifs.initial_state(layer)
  return Detector(
      'motifs_dense',
      lambda key: spike_motifs.init(key, layer),
      lambda params, spikes, step: spike_motifs.unroll(
          params, start, spikes, layer
      )[1],
      optax.adam(_schedule(config)),
      spike_motifs.strongest_delays,
  )


def learned(config: Recovery) -> Detector:
  """One real delay a synapse, whose spread narrows while it learns."""
  sizes, wide = config.motifs, config.motifs.delays / 2
  layer = learnable.Config(
      sizes.num_units,
      sizes.num_motifs,
      sizes.delays - 1,
      interpolation='gaussian',
  )
  narrow = optax.exponential_decay(
      wide, config.loop.num_steps, config.narrow_to / wide
  )
  rate = _schedule(config)
  adam: dict[Any, optax.GradientTransformation] = {
      'rest': optax.adam(rate),
      'delay': optax.adam(lambda step: config.delay_rate * rate(step)),
  }
  rest, delay = cast(Any, ('rest', 'delay'))
  kinds = delay_detector.Params(learnable.Params(rest, delay), rest)
  return Detector(
      'motifs_learned',
      lambda key: delay_detector.init(key, layer, sizes.rate),
      lambda params, spikes, step: delay_detector.logits(
          params, spikes, layer, jnp.asarray(narrow(step))
      ),
      train.projected(
          optax.partition(adam, kinds),
          lambda params: delay_detector.project(params, layer),
      ),
      lambda params: params.synapse.delay[0].T,
  )


def _schedule(config: Recovery) -> optax.Schedule:
  return optax.cosine_decay_schedule(
      config.learning_rate, config.loop.num_steps
  )


def stage(
    detector: Detector,
    motifs: planted_motifs.Motifs,
    seeds: tuple[int, ...],
    config: Recovery,
) -> train.Stage:
  """Returns the training of a detector on fresh recordings."""

  def recordings(key, step):
    key = jax.random.fold_in(jax.random.fold_in(key, step), 1)
    size = config.loop.batch_size
    records = jax.vmap(
        lambda k: planted_motifs.record(k, motifs, config.length, config.motifs)
    )(jax.random.split(key, size))
    return records, jnp.full(size, step)

  def loss(params, recording, key):
    del key
    record, step = recording
    evidence = detector.logits(params, record.spikes, step)
    return spike_motifs.motif_loss(evidence, record.ends), {}

  return train.Stage(
      name=detector.name,
      loop=config.loop,
      init=detector.init,
      loss=loss,
      optimizer=detector.optimizer,
      data=recordings,
      seeds=seeds,
  )


def hits(detector: Detector, params, motifs, config: Recovery) -> np.ndarray:
  """Share of ends among as many steps of highest evidence, [S]."""
  record = planted_motifs.record(
      jax.random.key(56), motifs, config.test_length, config.motifs
  )
  evidence = jax.lax.map(
      lambda one: detector.logits(one, record.spikes, config.loop.num_steps),
      params,
  )
  share = [
      list(map(prediction.r_precision, record.ends.T, of_seed.T))
      for of_seed in np.asarray(evidence)
  ]
  return np.mean(share, 1)
