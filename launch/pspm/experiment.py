"""The experiment of `launch.pspm`: every rule learns every target."""

import dataclasses
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.pspm import measure
from launch.pspm import report
from launch.pspm.config import Config
from nmlib import train
from nmlib.analysis.spikes import pairing
from nmlib.data.events import critical_network
from nmlib.networks.spiking import spike_learner
from nmlib.neurons.initializers import dale

CRITICAL = 'critical'


class Trial(NamedTuple):
  """What a seed is given."""

  reference: jax.Array  # [N, N], weights of the target; naive if it has none
  naive: jax.Array  # [N, N]
  signs: jax.Array  # [N]
  drive: jax.Array  # [T, N], the same for every network
  target: jax.Array  # [T, N]


class State(NamedTuple):
  """Of one seed while it learns."""

  learner: spike_learner.State
  target: pairing.Times
  drive: jax.Array  # [T, N]
  signs: jax.Array  # [N]


def experiment(config: Config, run: train.Run) -> train.Report:
  """Learns by both rules and by either alone, and compares the networks."""
  found, dropped = {}, 0
  for setting in (*config.settings, CRITICAL):
    trials = all_trials(config, setting)
    networks = {'naive': trials.naive}
    for variant, learner in variants(config, setting).items():
      run.say(f'{setting}: {variant}')
      made = stage(config, setting, variant, trials)
      fitted = train.fit(run, made)
      learned = fitted.state.learner
      dropped += int(fitted.history['dropped'][1].sum())
      networks[variant] = learned.weights
      if learner.has_control:
        networks['control'] = learned.control
    found[setting] = run.result(
        f'{setting}_measured',
        functools.partial(measure.networks, networks, trials, learner),
    )
  return report.make(config, found, dropped)


def variants(config: Config, setting: str) -> dict[str, spike_learner.Config]:
  """Returns the rules that are compared, by name; the control walks once."""
  critical = setting == CRITICAL
  both = config.critical.learner if critical else config.learner
  change = functools.partial(dataclasses.replace, both)
  alone = {'homeostatic': change(local=None, has_control=False)}
  if not critical:
    alone['local'] = change(global_step=0.0, has_control=False)
  return alone | {'learned': both}


def stage(
    config: Config, setting: str = '', variant: str = 'learned',
    trials: Trial | None = None,
) -> train.Stage:  # fmt: skip
  """Returns how the seeds learn the targets of a setting, in turn."""
  setting = setting or config.settings[0]
  trials = all_trials(config, setting) if trials is None else trials
  learner = variants(config, setting)[variant]
  # Side by side a loop over spikes would wait for the seed with the most.
  learn = train.sequential_vmap(
      functools.partial(spike_learner.learn, config=learner)
  )

  def init(key, trial):
    target = pairing.spike_times(trial.target, learner.capacity)
    start = spike_learner.initial_state(key, trial.naive, learner)
    return State(start, target, trial.drive, trial.signs)

  def step(state, batch):
    del batch
    learned, counts = learn(*state)
    return state._replace(learner=learned), counts._asdict()

  return train.Stage(
      name=f'{setting}_{variant}',
      loop=config.critical.loop if setting == CRITICAL else config.loop,
      init=init, step=step, seeds=tuple(range(config.num_seeds)), starts=trials,
  )  # fmt: skip


def all_trials(config: Config, setting: str) -> Trial:
  """Draws the trials of all seeds, [S, ...] each."""
  make = critical_trial if setting == CRITICAL else trial
  made = functools.partial(make, config=config, setting=setting)
  keys = jax.vmap(jax.random.key)(1000 + jnp.arange(config.num_seeds))
  return jax.tree.map(np.asarray, jax.jit(lambda k: jax.lax.map(made, k))(keys))


def trial(key: jax.Array, config: Config, setting: str) -> Trial:
  """Draws a network that makes the target, and one that is to learn it."""
  who, reference, naive, noise = jax.random.split(key, 4)
  size = config.learner.num_units
  inhibitory = round(config.inhibitory * size)
  signs = jnp.where(jax.random.permutation(who, size) < inhibitory, -1.0, 1.0)
  kind: Any = 'uniform' if setting == 'half_max' else setting
  draw = functools.partial(
      dale.of_signs, signs=signs, highest=config.max_weight, kind=kind
  )
  reference = draw(reference)
  naive = draw(naive) * (0.5 if setting == 'half_max' else 1)
  drive = _drive(noise, config, (config.length, size))
  target = spike_learner.simulate(reference, drive, config.learner)
  return Trial(reference, naive, signs, drive, target)


def critical_trial(key: jax.Array, config: Config, setting: str) -> Trial:
  """Draws a critical target, and a network without inhibition to learn it."""
  del setting
  fired, naive, noise = jax.random.split(key, 3)
  critical = config.critical
  target = critical_network.spikes(fired, critical.target)
  size = critical.target.num_units
  spread = 1 + jax.random.normal(naive, (size, size))
  naive = critical.naive_weight * jnp.maximum(spread, 0)
  drive = _drive(noise, config, target.shape)
  return Trial(naive, naive, jnp.ones(size), drive, target)


def _drive(key, config, shape):
  noise = jax.random.normal(key, shape)
  return config.drive + config.drive_deviation * noise
