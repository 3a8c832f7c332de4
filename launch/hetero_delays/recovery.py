"""Delays found again in spike trains in which they were planted."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.hetero_delays.config import Recovery
from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.data.events import planted_motifs
from nmlib.networks import delay_detector
from nmlib.neurons.delays import motifs as spike_motifs

KINDS: dict[str, delay_detector.Kind] = {
    'a weight a delay': 'dense',
    'a learned delay': 'learned',
}


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
  test = planted_motifs.record(
      jax.random.key(56), motifs, config.test_length, config.motifs
  )
  recovered = {}
  for title, kind in KINDS.items():
    trained = stage(kind, motifs, seeds, config)
    params = train.fit(run, trained).state.params
    delays = np.asarray(jax.vmap(delay_detector.delays)(params))
    found = delays[:, motifs.member]  # [S, M * members]
    off = np.abs(found - planted)
    at_end = functools.partial(
        logits, spikes=test.spikes, step=config.loop.num_steps, kind=kind,
        config=config,
    )  # fmt: skip
    evidence = jax.lax.map(at_end, params)
    recovered[title] = {
        'within_0': (off < 0.5).mean(1), 'within_1': (off < 1.5).mean(1),
        'planted': planted, 'found': found[0],
        'hits': prediction.mean_r_precision(test.ends, evidence),
    }  # fmt: skip
  return recovered


def stage(
    kind: delay_detector.Kind, motifs: planted_motifs.Motifs,
    seeds: tuple[int, ...], config: Recovery,
) -> train.Stage:  # fmt: skip
  """Returns the training of a detector on fresh recordings."""
  size, sizes = config.loop.batch_size, (config.length, config.motifs)
  fresh = train.fresh(lambda k: planted_motifs.record(k, motifs, *sizes), size)

  def loss(params, recording, unused_key):
    record, step = recording
    evidence = logits(params, record.spikes, step, kind, config)
    return spike_motifs.motif_loss(evidence, record.ends), {}

  return train.Stage(
      name=f'motifs_{kind}', loop=config.loop, loss=loss, seeds=seeds,
      init=functools.partial(delay_detector.init, config=config.detector(kind)),
      optimizer=optimizer(kind, config),
      data=lambda key, step: (fresh(key, step), jnp.full(size, step)),
  )  # fmt: skip


def logits(
    params, spikes, step, kind: delay_detector.Kind, config: Recovery
) -> jax.Array:
  """Evidence for motifs at a step of training; learned delays narrow by it."""
  wide = config.motifs.delays / 2
  narrow = optax.exponential_decay(
      wide, config.loop.num_steps, config.narrow_to / wide
  )
  return delay_detector.logits(
      params, spikes, config.detector(kind), jnp.asarray(narrow(step))
  )


def optimizer(
    kind: delay_detector.Kind, config: Recovery
) -> optax.GradientTransformation:
  """Adam that decays by a cosine; learned delays are faster, and in range."""
  steps = config.loop.num_steps
  rate = optax.cosine_decay_schedule(config.learning_rate, steps)
  if kind == 'dense':
    return optax.adam(rate)
  faster = lambda step: config.delay_rate * rate(step)
  parts: Any = {'rest': optax.adam(rate), 'delay': optax.adam(faster)}
  return train.projected(
      optax.partition(parts, delay_detector.labels),
      functools.partial(delay_detector.project, config=config.detector(kind)),
  )
