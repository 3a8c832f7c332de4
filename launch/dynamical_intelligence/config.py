"""The settings of `launch.dynamical_intelligence`, all of them ours."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.networks.oscillatory import gated_streams
from nmlib.networks.oscillatory import sequence_buffer
from nmlib.neurons.core import limits
from nmlib.neurons.oscillators import lotka_volterra
from nmlib.neurons.oscillators import theta_gamma

CLAIMED = 0.5, 1.5, 2.0, 4.0  # couplings that claims are about
_Pair = tuple[limits.Positive, limits.Positive]


@dataclasses.dataclass(frozen=True)
class Recall:
  """Sequences of distinct items, by a buffer and by a GRU."""

  lengths: Annotated[tuple[limits.Count, ...], limits.Some(True)] = 4, 6
  buffer: sequence_buffer.Config = sequence_buffer.Config(
      theta_gamma.Config(8), num_cycles=2
  )
  test_cycles: limits.Count = 16
  test_trials: limits.Count = 200
  reader_rate: limits.Positive = 0.05
  buffer_rate: limits.Positive = 0.01  # of its constants: mV, Hz
  gru_rate: limits.Positive = 0.01
  loop: train.Loop = train.Loop(400, 32, 20, 20, checkpoint_every=200)
  gru_steps: limits.Count = 4000

  __post_init__ = limits.check


@dataclasses.dataclass(frozen=True)
class Config:
  """Of Kuramoto's model, buffers, sequences, gating and recall."""

  num_seeds: limits.Count = 3
  num_units: limits.Count = 2000  # N; all hear all
  further: tuple[limits.NonNegative, ...] = 0.0, 0.8, 1.0, 1.2, 2.8  # couplings
  width: limits.Positive = 0.5  # of frequencies: the critical coupling is 1
  duration: limits.Positive = 100.0  # the second half is averaged
  # A_inh and A_adp, mV, of buffers whose gamma gaps differ.
  buffers: Annotated[tuple[_Pair, ...], limits.Some(True)] = (
      (4.0, 11.0), (4.0, 10.0), (6.0, 10.0), (8.0, 9.5),
  )  # fmt: skip
  items: limits.Count = 12  # of such a buffer: 1 to all are loaded
  cycles: limits.Count = 14  # of theta; the last half counts
  sequence: lotka_volterra.Config = lotka_volterra.Config(5)
  sequence_time: limits.Positive = 600.0
  streams: gated_streams.Config = gated_streams.Config()
  recall: Recall = Recall()

  __post_init__ = limits.check

  @property
  def couplings(self) -> tuple[float, ...]:
    """All of Kuramoto's model, in order."""
    return tuple(sorted({*CLAIMED, *self.further}))


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, num_units=100, further=(), duration=10.0,
        buffers=((4.0, 10.0),), items=3, cycles=4, sequence_time=100.0,
        streams=gated_streams.Config(4, settle=2.0, listen=4.0),
        recall=Recall(
            (2,), sequence_buffer.Config(
                theta_gamma.Config(3, dt=0.002), 2, 4, 2
            ), 3, 5, loop=train.Loop(4, 4, 2, 2), gru_steps=4,
        ),
    ),
    'paper': Config(
        num_seeds=20, num_units=10_000, recall=Recall(
            tuple(range(3, 10)),
            sequence_buffer.Config(theta_gamma.Config(10), num_cycles=2),
            20, 1000, loop=train.Loop(2000, 64, 20, 20, checkpoint_every=400),
            gru_steps=20_000,
        ),
    ),
}  # fmt: skip

_GENERATED = train.Source('random phases, orders, streams', 'generated')
PAPER = train.Paper(
    title='A brain basis of dynamical intelligence (a perspective)',
    authors='Monaco, Rajan, Hwang', year=2021,
    url='https://arxiv.org/abs/2105.07284',
    modules=(
        'nmlib.neurons.oscillators', 'nmlib.networks.oscillatory',
        'nmlib.analysis.synchrony',
    ),
    checked='closed forms of the literature; the article has no model',
    headline=train.Headline(
        says="order parameter at K = 1.5, 2, 4 (the literature's model)",
        claim='Above the critical coupling',
        keys=('R, K = 1.5', 'R, K = 2', 'R, K = 4'),
        paper='no number; theory: 0.577, 0.707, 0.866',
    ),
    data=dict.fromkeys(PRESETS, (_GENERATED,)),
)  # fmt: skip
