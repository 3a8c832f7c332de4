"""The figures of `launch.robo_dopamine`."""

from matplotlib import figure
import numpy as np

from launch.robo_dopamine.config import Config
from nmlib import train
from nmlib.analysis.task_progress import progress_anchors
from nmlib.environments import peg_insertion

_NAMES = 'start', 'middle', 'near'  # nothing is done at the goal
_MOVES = np.array([(0, 0), (-1, 0), (1, 0), (0, 1), (0, -1)])


def draw(config: Config, solved, judged, agents) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  return {
      'progress': _progress(judged),
      'trap': _trap(solved),
      'policies': _policies(config, agents),
  }


def _progress(judged) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 2, height=2.7, sharey=True,
      title='Progress of a new demonstration, as seed 0 judges it',
  )  # fmt: skip
  for axes, name in zip(panels, ('two views', 'one view'), strict=True):
    for mode in progress_anchors.MODES:
      axes.plot(judged[name][f'example {mode}'], marker='o', ms=3, label=mode)
    axes.set(title=name, xlabel='frame')
  panels[0].set_ylabel('progress')
  train.figures.legend(made)
  return made


def _trap(solved) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 4, height=2.5,
      title='The trap: best actions, without limit and with six steps',
  )  # fmt: skip
  kinds = 'gold', 'shaped', 'naive'
  tables = {'without limit': np.stack([solved[kind] for kind in kinds])}
  tables |= {
      name.removeprefix('plan ').replace(', ', ',\n'): values
      for name, values in solved.items()
      if name.startswith('plan ')
  }
  for axes, (name, values) in zip(panels, tables.items(), strict=True):
    rows = kinds if len(values) == len(kinds) else range(1, 7)
    train.pictures.matrix(
        axes, values[:, :3], rows, _NAMES,
        said=lambda go: 'go' if go else 'stay', fontsize=7, cmap='Blues',
        vmin=-0.5, vmax=2, aspect='auto',
    )  # fmt: skip
    axes.set_title(name)
  panels[1].set_ylabel('step')
  return made


def _policies(config, agents) -> figure.Figure:
  world = config.world
  made, panels = train.figures.subplots(
      1, 3, height=2.6, title='What seed 0 does, by its reward'
  )
  places = np.arange(world.num_places)
  x, y = places % world.width, places // world.width
  free = peg_insertion.is_free(x, y, world)
  wall = np.where(free, 0.0, 0.4).reshape(-1, world.width)
  for axes, (kind, found) in zip(panels, agents.items(), strict=True):
    axes.imshow(wall, origin='lower', cmap='Greys', vmin=0, vmax=1)
    actions = found['actions'][0]
    there = free & (places != world.goal)
    goes, stays = there & (actions > 0), there & (actions == 0)
    move = _MOVES[actions[goes]].T
    axes.quiver(
        x[goes], y[goes], *move, pivot='mid', color='C0', scale=1.4,
        scale_units='xy', width=0.012,
    )  # fmt: skip
    axes.plot(x[stays], y[stays], 'C3o', ms=4)
    axes.plot(world.hole, 0, '*', color='C2', ms=10)
    axes.set(
        title=f'{kind}: success {found["success"][0]:.2f}', xticks=[], yticks=[]
    )
  panels[0].set_xlabel('red: stays; star: goal', fontsize=8)
  return made
