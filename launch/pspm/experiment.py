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
from nmlib.networks.spiking import spike_trials

CRITICAL = 'critical'


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
      fitted = train.fit(run, stage(config, setting, variant, trials))
      learned = fitted.state.learner
      dropped += int(fitted.history['dropped'][1].sum())
      networks[variant] = learned.weights
      if learner.has_control:
        networks['control'] = learned.control
    whole = functools.partial(measure.networks, networks, trials, learner)
    found[setting] = run.result(f'{setting}_measured', whole)
  return report.make(config, found, dropped)


def variants(config: Config, setting: str) -> dict[str, spike_learner.Config]:
  """Returns the rules that are compared, by name; the control walks once."""
  both = config.critical.learner if setting == CRITICAL else config.learner
  change = functools.partial(dataclasses.replace, both)
  alone = {'homeostatic': change(local=None, has_control=False)}
  if setting != CRITICAL:
    alone['local'] = change(global_step=0.0, has_control=False)
  return alone | {'learned': both}


def stage(
    config: Config, setting: str = '', variant: str = 'learned',
    trials: spike_trials.Trial | None = None,
) -> train.Stage:  # fmt: skip
  """Returns how the seeds learn the targets of a setting, in turn."""
  setting = setting or config.settings[0]
  trials = trials or all_trials(config, setting)
  learner = variants(config, setting)[variant]
  # Side by side a loop over spikes would wait for the seed with the most.
  learn = train.sequential_vmap(
      functools.partial(spike_learner.learn, config=learner)
  )

  def init(key, trial):
    target = pairing.spike_times(trial.target, learner.capacity)
    start = spike_learner.initial_state(key, trial.naive, learner)
    return State(start, target, trial.drive, trial.signs)

  def step(state, _):
    learned, counts = learn(*state)
    return state._replace(learner=learned), counts._asdict()

  return train.Stage(
      name=f'{setting}_{variant}',
      loop=config.critical.loop if setting == CRITICAL else config.loop,
      init=init, step=step, seeds=tuple(range(config.num_seeds)), starts=trials,
  )  # fmt: skip


def all_trials(config: Config, setting: str) -> spike_trials.Trial:
  """Draws the trials of all seeds, [S, ...] each."""
  made = functools.partial(trial, config=config, setting=setting)
  keys = jax.vmap(jax.random.key)(1000 + jnp.arange(config.num_seeds))
  return jax.tree.map(np.asarray, jax.jit(lambda k: jax.lax.map(made, k))(keys))


def trial(key: jax.Array, config: Config, setting: Any) -> spike_trials.Trial:
  """Draws a target of a setting, and a network that is to learn it."""
  drive = config.drive, config.drive_deviation
  if setting == CRITICAL:
    target, weight = config.critical.target, config.critical.naive_weight
    make = lambda key: critical_network.spikes(key, target)
    return spike_trials.of_trains(key, make, drive, weight=weight)
  return spike_trials.of_network(
      key, config.length, drive, config.learner, setting,
      highest=config.max_weight, inhibitory=config.inhibitory,
  )  # fmt: skip
