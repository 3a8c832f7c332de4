"""The settings of `launch.rnn_population_dynamics`, none the paper's."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.neurons.core import limits
from nmlib.neurons.initializers import stability_optimised
from nmlib.neurons.rate import rnn

_Parts = Annotated[tuple[limits.UnitInterval, ...], limits.Some(distinct=True)]


def _cell(size: int) -> rnn.Config:
  return rnn.Config(
      num_inputs=4, num_units=size, num_outputs=2, gain=1.2, time_step=10.0,
      form='current', activation='tanh',
  )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """A condition is a direction of the input, whose pulse sets off a movement.

  The circuit has the cell of the student, and as many units. A step of
  `rls_loop` is a pass over all training conditions.
  """

  circuit: stability_optimised.Config = stability_optimised.Config(
      50, 25, radius=3.0, rate=4.0, max_iterations=400
  )
  cell: rnn.Config = _cell(50)
  length: limits.Count = 70  # T, steps of a movement
  pulse: limits.Count = 10  # of them, with input
  num_train: limits.Count = 8  # conditions
  num_test: limits.Count = 32  # held-out conditions
  fractions: _Parts = (0.0, 0.1, 0.2, 0.5, 1.0)  # sampled, of the neurons
  asked: limits.UnitInterval = 0.2  # the fraction of the claims
  weight: limits.NonNegative = 1.0  # lambda, of activity beside output
  learning_rate: limits.Positive = 3e-3  # of Adam
  loop: train.Loop = train.Loop(
      1000, steps_per_call=50, log_every=50, eval_every=200
  )
  rls_loop: train.Loop = train.Loop(
      30, steps_per_call=5, log_every=5, eval_every=5
  )
  rls_ridge: limits.Positive = 10.0  # alpha_0
  # The first passes send the rates that are wanted (teacher forcing), the
  # others the student's own.
  rls_forced: limits.Natural = 10
  penalty: limits.Positive = 1.0  # of the regression on unsampled neurons
  num_components: Annotated[int, limits.Range(2)] = 6
  noise: _Parts = (0.0, 0.02, 0.05, 0.1, 0.2)  # of a state, each step
  num_seeds: limits.Count = 5  # circuits, conditions and students

  def __post_init__(self):
    limits.check(self)
    if self.circuit.num_units != self.cell.num_units:
      raise ValueError(
          'config.circuit.num_units must be config.cell.num_units='
          f'{self.cell.num_units}, got {self.circuit.num_units}.'
      )
    if not {0.0, self.asked} <= set(self.fractions):
      raise ValueError(
          'config.fractions must have 0 (output only) and config.asked='
          f'{self.asked:g}, got {self.fractions}.'
      )

  def name(self, fraction: float) -> str:
    """What a student is called, by the part of neurons that it was shown."""
    return f'{fraction:g} sampled' if fraction else 'output only'


_TINY = train.Loop(4, steps_per_call=2, log_every=2, eval_every=2)
PRESETS = {
    'small': Config(),
    'smoke': Config(
        circuit=stability_optimised.Config(
            20, 10, link_probability=0.2, radius=3.0, rate=4.0,
            max_iterations=40,
        ),
        cell=_cell(20), length=20, pulse=4, num_train=3, num_test=4,
        fractions=(0.0, 0.2), noise=(0.0, 0.1), num_components=3, loop=_TINY,
        rls_loop=_TINY, rls_forced=2, num_seeds=2,
    ),
    'paper': Config(
        circuit=stability_optimised.Config(), cell=_cell(200), num_train=27,
        num_test=64, fractions=(0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
        loop=train.Loop(5000, steps_per_call=50, log_every=50, eval_every=500),
        rls_loop=train.Loop(200, steps_per_call=5, log_every=5, eval_every=20),
        num_seeds=10,
    ),
}  # fmt: skip

PAPER = train.Paper(
    title='RNN learning of performance and intrinsic population dynamics from'
    ' sparse neural data (abstract only)',
    authors='Salatiello, Giese', year=2020,
    url='https://arxiv.org/abs/2005.02211',
    modules=(
        'nmlib.neurons.initializers.stability_optimised',
        'nmlib.plasticity.recursive_least_squares',
        'nmlib.analysis.population', 'nmlib.neurons.rate.rnn',
    ),
    checked='closed forms, finite differences, ridge regression; no code of the'
    ' authors is known',
    headline=train.Headline(
        says='R² of unsampled neurons on held-out conditions: a fifth sampled,'
        ' output only', claim='Gradients: activity of unsampled neurons',
        keys=('0.2 sampled', 'output only'),
        paper='not known (abstract only)',
    ),
    data=dict.fromkeys(
        PRESETS,
        (train.Source('movements of a simulated circuit', 'generated'),),
    ),
)  # fmt: skip
