"""The report of `launch.predictive_auxiliary_rl`."""

import numpy as np

from launch.predictive_auxiliary_rl import figures
from launch.predictive_auxiliary_rl.config import MODELS
from launch.predictive_auxiliary_rl.config import Config
from nmlib import train

_LADDER = 'our spec of a small version, after figure 2'


def make(
    config: Config,
    fitted: dict[str, train.Fitted],
    moved: dict[str, np.ndarray],
    swapped: dict[str, np.ndarray],
) -> train.Report:
  """Holds what was trained in the room, and measured, against the claims."""
  last = {
      name: {key: values[-1] for key, (_, values) in f.history.items()}
      for name, f in fitted.items()
  }
  of = lambda name, key: {name: last[name][key]}
  return train.Report(
      claims=[
          train.higher(
              'With prediction at least 0.9 of all starts reach the goal',
              of('prediction', 'success'), 0.9, by='mean', source=_LADDER,
              paper='.995 +- .005 (25 seeds, larger Q, 15 episodes)',
          ),
          train.higher(
              'With prediction more starts reach the goal than model-free',
              of('prediction', 'success'), of('model-free', 'success'),
              by='mean', source='abstract; ' + _LADDER,
              paper='.995 +- .005 and .813 +- .068',
          ),
          train.lower(
              'With prediction fewer latent units are silent than model-free',
              of('prediction', 'silent'), of('model-free', 'silent'),
              by='interval', source=_LADDER, paper='a figure',
          ),
      ],
      data={
          'room': f'{config.world.width} x {config.world.height} cells',
          'behaviour': 'random, a step of the world an update',
      },
      differences=[
          'Success is of every start, by the best actions; the authors average'
          ' the reward of 15 episodes.',
          'The authors train for 351 or 601 episodes of up to 150 steps, 25'
          ' seeds, latents of 3 to 24; here'
          f' {config.num_updates} updates, {config.num_seeds} seeds, latents of'
          f' {config.network.latent}.',
          'Weights and size on the ring are not known to us: those that the'
          ' authors chose in a plain room, with a horizon of'
          f' {MODELS["track"].horizon:g}.',
          'Goal transfer, the T maze and the visual corridor are not run.',
      ],
      tables=_tables(last, moved, swapped),
      figures=figures.draw(fitted, moved),
  )  # fmt: skip


def _tables(last, moved, swapped) -> dict[str, train.Table]:
  rooms = {
      name: {
          'success': row['success'], 'lowest success': row['success'].min(),
          'silent units': row['silent'], 'mean cosine': row['cosine'],
          'alignment with the map': row['map'],
      }
      for name, row in last.items()
  }  # fmt: skip
  dead = int(np.sum(last['model-free']['silent'] == 1))
  shifts = [np.median(s[np.isfinite(s)]) for s in moved['shift']]
  elsewhere = {
      'median shift of place fields': {
          'ours': np.array(shifts), 'paper': '-0.034'
      },
      'cosine, exchanged': {'ours': swapped['exchanged']},
      'cosine, as before': {'ours': swapped['kept']},
  }  # fmt: skip
  return {
      'In the room, after training': train.Table(
          rooms, 'model',
          'The lowest success is of one seed. Every unit is silent, so that'
          f' nothing is read any more, in {dead} of the model-free seeds.',
      ),
      'Elsewhere': train.Table(
          elsewhere, 'measure',
          'Shift of the peaks of what is predicted on the ring, from early to'
          ' late, in its lengths, below 0 against running. Changes of the'
          ' cosine of two cells in the room, after their successors were'
          ' exchanged: of those that follow each other now, and that did.',
      ),
  }  # fmt: skip
