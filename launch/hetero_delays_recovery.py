"""Delays found again in spike trains in which they were planted."""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib import train
from nmlib.data.events import planted_motifs
from nmlib.neurons.delays import learnable as learnable_delays
from nmlib.neurons.delays import motifs as spike_motifs


@dataclasses.dataclass(frozen=True)
class Config:
  """Of both detectors."""

  motifs: planted_motifs.Config = planted_motifs.Config()
  num_steps: int = 600
  batch_size: int = 4  # recordings
  length: int = 400  # steps of a recording
  learning_rate: float = 0.03
  delay_rate: float = 10.0  # times the learning rate, for learned delays
  narrow_to: float = 0.5  # steps, spread of learned delays at the end
  test_length: int = 20_000
  log_every: int = 50
  steps_per_call: int = 50


class Learned(NamedTuple):
  synapse: learnable_delays.Params
  bias: jax.Array  # [M]


def recover(
    run: train.Run, seeds: tuple[int, ...], config: Config
) -> dict[str, dict[str, np.ndarray]]:
  """Trains both detectors, and compares their delays with the planted ones.

  Returns:
    For each detector `within_0` and `within_1` [S], shares of the motifs'
    synapses whose delay is right, or one step off at most; `planted` and
    `found` [M * members], of seed 0; `hits` [S], share of motifs' ends among
    the steps of highest evidence, as many as there are ends.
  """
  motifs = planted_motifs.draw(jax.random.key(55), config.motifs)
  sizes = config.motifs
  dense = spike_motifs.Config(sizes.num_units, sizes.num_motifs, sizes.delays)
  learned = learnable_delays.Config(
      sizes.num_units,
      sizes.num_motifs,
      sizes.delays - 1,
      interpolation='gaussian',
  )
  narrow = optax.exponential_decay(
      sizes.delays / 2, config.num_steps, config.narrow_to / (sizes.delays / 2)
  )

  def dense_logits(params, spikes, unused_step):
    return spike_motifs.unroll(
        params, spike_motifs.initial_state(dense), spikes, dense
    )[1]

  def learned_logits(params, spikes, step):
    drive = learnable_delays.unroll(
        params.synapse,
        learnable_delays.initial_state(learned),
        spikes,
        learned,
        jnp.asarray(narrow(step)),
    )[1]
    return drive + params.bias[None]

  def learned_init(key):
    synapse = learnable_delays.init(key, learned)
    # A bias that expects motifs to be rare: else weights would turn negative
    # at first, and delays run away from the motifs.
    rare = math.log(sizes.rate / (1 - sizes.rate))
    return Learned(
        synapse._replace(weight=jnp.abs(synapse.weight)),
        jnp.full(sizes.num_motifs, rare),
    )

  def project(params):
    return params._replace(
        synapse=learnable_delays.project(params.synapse, learned)
    )

  def labels(params):
    path_label = lambda path, _: (
        'delay' if jax.tree_util.keystr(path).endswith('.delay') else 'rest'
    )
    return jax.tree_util.tree_map_with_path(path_label, params)

  schedule = optax.cosine_decay_schedule(config.learning_rate, config.num_steps)
  faster = lambda step: config.delay_rate * schedule(step)
  dense_found = _fit(
      run,
      'motifs_dense',
      seeds,
      motifs,
      config,
      lambda key: spike_motifs.init(key, dense),
      dense_logits,
      optax.adam(schedule),
  )
  learned_found = _fit(
      run,
      'motifs_learned',
      seeds,
      motifs,
      config,
      learned_init,
      learned_logits,
      optax.partition(
          {'rest': optax.adam(schedule), 'delay': optax.adam(faster)},
          labels,
      ),
      project,
  )
  strongest = jax.vmap(spike_motifs.strongest_delays)(dense_found)
  real = learned_found.synapse.delay[:, 0].transpose(0, 2, 1)  # [S, M, N]
  return {
      'a weight a delay': _compare(strongest, motifs)
      | {'hits': _hits(dense_found, dense_logits, motifs, config)},
      'a learned delay': _compare(real, motifs)
      | {'hits': _hits(learned_found, learned_logits, motifs, config)},
  }


def _fit(
    run,
    name,
    seeds,
    motifs,
    config,
    init,
    logits,
    optimizer,
    project=lambda params: params,
):
  """Trains a detector on fresh recordings; returns the params [S, ...]."""

  def loss(params, recording, key):
    del key
    record, step = recording
    value = spike_motifs.motif_loss(
        logits(params, record.spikes, step), record.ends
    )
    return value, {}

  update = train.gradient_step(loss, optimizer)

  def step(state, unused_batch):
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), 1)
    records = jax.vmap(
        lambda k: planted_motifs.record(k, motifs, config.length, config.motifs)
    )(jax.random.split(key, config.batch_size))
    steps = jnp.full(config.batch_size, state.step)
    state, metrics = update(state, (records, steps))
    return state._replace(params=project(state.params)), metrics

  return train.fit(
      run,
      name,
      train.Schedule(
          config.num_steps,
          batch_size=config.batch_size,
          steps_per_call=config.steps_per_call,
          log_every=config.log_every,
          checkpoint_every=0,
      ),
      seeds=seeds,
      init=train.initializer(init, optimizer),
      step=step,
  ).state.params


def _compare(delay, motifs) -> dict[str, np.ndarray]:
  member = np.asarray(motifs.member)
  planted = np.asarray(motifs.delay)[member]
  found = np.asarray(delay)[:, member]  # [S, M * members]
  off = np.abs(found - planted)
  return {
      'within_0': (off < 0.5).mean(1),
      'within_1': (off < 1.5).mean(1),
      'planted': planted,
      'found': found[0],
  }


def _hits(params, logits, motifs, config) -> np.ndarray:
  """Share of ends among as many steps of highest evidence, [S]."""
  record = planted_motifs.record(
      jax.random.key(56), motifs, config.test_length, config.motifs
  )
  evidence = jax.lax.map(
      lambda one: logits(one, record.spikes, config.num_steps), params
  )
  ends = np.asarray(record.ends).astype(bool)
  rows = []
  for one in np.asarray(evidence):
    hit = [
        ends[np.argsort(-one[:, m])[: ends[:, m].sum()], m].mean()
        for m in range(ends.shape[1])
    ]
    rows.append(np.mean(hit))
  return np.array(rows)
