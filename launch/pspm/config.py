"""The settings of `launch.pspm`."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.data.events import critical_network
from nmlib.networks.spiking import spike_learner
from nmlib.networks.spiking import spike_trials
from nmlib.neurons.core import limits
from nmlib.plasticity import presynaptic_pool

_Setting = spike_trials.Setting
_Settings = Annotated[tuple[_Setting, ...], limits.Some(distinct=True)]


def _learner(num_units, step_size, global_step, **fields):
  local = presynaptic_pool.Config(step_size)
  return spike_learner.Config(
      num_units, local=local, global_step=global_step, **fields
  )


@dataclasses.dataclass(frozen=True)
class Critical:
  """Of the targets that a critical network makes."""

  target: critical_network.Config = critical_network.Config(200, 3000)
  loop: train.Loop = train.Loop(60, 1, steps_per_call=10, log_every=10)
  learner: spike_learner.Config = _learner(
      200, 5e-7, 5e-9, shrink_every=10, capacity=64, has_control=False
  )
  naive_weight: limits.Positive = 4e-4  # V, mean and deviation of naive ones

  def __post_init__(self):
    limits.check(self)
    if self.target.num_units != self.learner.num_units:
      raise ValueError(
          'config.critical.target.num_units must be that of its learner,'
          f' {self.learner.num_units}, got {self.target.num_units}.'
      )


@dataclasses.dataclass(frozen=True)
class Config:
  """A step is 3 ms; voltages and weights are in V."""

  settings: _Settings = ('half_max',)  # how weights are drawn
  num_seeds: limits.Count = 5  # trials
  length: limits.Count = 3000  # steps
  loop: train.Loop = train.Loop(100, 1, steps_per_call=10, log_every=10)
  learner: spike_learner.Config = _learner(
      200, 1.6e-6, 2e-10, shrink_every=10, capacity=64
  )
  max_weight: limits.Positive = 3e-3
  inhibitory: limits.Fraction = 0.2  # share of the neurons
  drive: limits.Finite = 0.025  # mean of R I
  drive_deviation: limits.NonNegative = 0.01
  critical: Critical = Critical()

  def __post_init__(self):
    limits.check(self)
    if self.learner.local is None or not self.learner.global_step:
      raise ValueError(
          'config.learner must have both rules (variants leave one out), got'
          f' {self.learner}.'
      )


_TINY = train.Loop(4, 1, steps_per_call=2, log_every=2)
PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, length=400, loop=_TINY, max_weight=6e-3,
        learner=_learner(40, 1e-5, 2e-9, capacity=64),
        critical=Critical(
            critical_network.Config(40, 400), _TINY,
            _learner(40, 1e-5, 2e-9, capacity=64, has_control=False), 2e-3,
        ),
    ),
    'paper': Config(
        settings=('uniform', 'half_max', 'sparse', 'gaussian'), num_seeds=30,
        length=5000, loop=train.Loop(150, 1, steps_per_call=10, log_every=10),
        learner=spike_learner.Config(), max_weight=1.5e-3,
        critical=Critical(
            critical_network.Config(),
            train.Loop(100, 1, steps_per_call=10, log_every=10),
            _learner(500, 1e-8, 1e-9, capacity=256, has_control=False),
        ),
    ),
}  # fmt: skip

_TARGETS = train.Source('spikes of networks with other weights', 'generated')
_CRITICAL = train.Source('spikes of a critical network, ours', 'generated')
PAPER = train.Paper(
    title='Pre-Synaptic Pool Modification (PSPM)', authors='Bagley et al.',
    year=2018, url='https://arxiv.org/abs/1810.03199',
    modules=(
        'nmlib.plasticity.presynaptic_pool',
        'nmlib.networks.spiking.spike_learner', 'nmlib.plasticity.homeostasis',
        'nmlib.analysis.spikes.pairing',
    ),
    checked='the published algorithm spike by spike, every monotone pairing,'
    ' its fixed point',
    headline=train.Headline(
        says='distance to the target trains: learned, naive, control',
        claim='Spike trains become the target',
        keys=('learned', 'naive', 'control'),
        paper='lower than both, figures only',
    ),
    data=dict.fromkeys(PRESETS, (_TARGETS, _CRITICAL)),
)  # fmt: skip
