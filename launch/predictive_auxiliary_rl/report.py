"""The report of `launch.predictive_auxiliary_rl`."""

import numpy as np

from launch.predictive_auxiliary_rl import figures
from launch.predictive_auxiliary_rl.config import Config
from nmlib import train

_LADDER = 'our spec of a small version, after figure 2'


def make(
    config: Config,
    fitted: dict[str, train.Fitted],
    moved: dict[str, np.ndarray],
    swapped: dict[str, np.ndarray],
) -> train.Report:
  """Holds what was trained against the claims.

  Args:
    config: of the launcher.
    fitted: of each model, in the room.
    moved: place fields, of `experiment`.
    swapped: changes of cosines, likewise.
  """
  last = {
      name: {key: values[-1] for key, (_, values) in f.history.items()}
      for name, f in fitted.items()
  }
  of = lambda name, key: {name: last[name][key]}
  shifts = np.nanmedian(moved['shift'], axis=1)
  claims = [
      train.higher(
          'With prediction at least 0.9 of all starts reach the goal',
          of('prediction', 'success'), 0.9, by='mean', source=_LADDER,
          paper='.995 +- .005 (25 seeds, larger Q, 15 episodes)',
      ),
      train.higher(
          'With prediction more starts reach the goal than model-free',
          of('prediction', 'success'), of('model-free', 'success'), by='mean',
          source='abstract: prediction improves learning; ' + _LADDER,
          paper='.995 +- .005 and .813 +- .068',
      ),
      train.lower(
          'With prediction fewer latent units are silent than model-free',
          of('prediction', 'silent'), of('model-free', 'silent'),
          by='interval', source=_LADDER, paper='a figure',
      ),
  ]  # fmt: skip
  return train.Report(
      claims=claims,
      data={
          'room': f'{config.world.width} x {config.world.height} cells, pixels'
          f' {"shuffled" if config.world.shuffled else "in place"}, one random'
          ' step an update',
          'ring': f'{moved["early"].shape[1]} cells',
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
          f' {config.track.model.horizon:g}.',
          'Goal transfer, the alternating T maze and the visual corridor are'
          ' not run: their worlds and measures are functions of nmlib.',
      ],
      tables=_tables(last, shifts, swapped),
      figures=figures.draw(fitted, moved),
  )


def _tables(last, shifts, swapped) -> dict[str, train.Table]:
  shown = {
      'success': 'success', 'silent': 'silent units', 'cosine': 'mean cosine',
      'map': 'alignment with the map',
  }  # fmt: skip
  rooms = {
      name: {title: values[key] for key, title in shown.items()}
      | {'lowest success': float(values['success'].min())}
      for name, values in last.items()
  }
  return {
      'In the room, after training': train.Table(
          rooms, 'model',
          'The lowest success rests on single seeds: where it is low, a'
          ' model-free agent has failed as a whole.',
      ),
      'Elsewhere': train.Table({
          'place fields on the ring: median shift of peaks, in lengths of the'
          ' track, positive along it': {'ours': shifts, 'paper': '-0.034'},
          'change of the cosine of cells that exchanged their successors': {
              'ours': swapped['exchanged'], 'paper': 'a figure',
          },
          'change of the cosine of cells that were successors before': {
              'ours': swapped['as before'], 'paper': 'a figure',
          },
      }, 'measure'),
  }  # fmt: skip
