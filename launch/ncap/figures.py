"""The figures of `launch.ncap`, and its moving picture."""

from etils import epath
from matplotlib import figure
import numpy as np
from PIL import Image
from PIL import ImageDraw

from launch.ncap.config import Config
from nmlib import train
from nmlib.environments import planar_chain


def draw(config: Config, untrained, curves, shown) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  ablations, axes = train.figures.subplots(
      height=3.4, title='Untrained: what the circuit needs'
  )
  train.figures.dots(axes, untrained)
  axes.set_ylabel('return')
  return {
      'swimming': _swimming(config, shown),
      'training': _training(config, untrained, curves),
      'ablations': ablations,
  }


def steps(config: Config, name: str, fitted: train.Fitted) -> np.ndarray:
  """Returns the steps of the world [n] before each test of a method."""
  learner = {'PPO': config.learning.ppo, 'DDPG': config.learning.ddpg}
  each = 2 * config.evolution.num_pairs * config.max_steps
  if used := learner.get(name.split(' ')[0]):
    each = config.learning.num_worlds * used.segment
  return each * np.asarray(fitted.history['eval/return'][0])


def save_gif(
    path: epath.PathLike, config: Config, poses: np.ndarray, size: int = 240
) -> None:
  """Saves every second of 240 poses [T, n + 2] as a moving picture."""
  if epath.Path(path).exists():
    return
  bodies = [planar_chain.outline(p, config.world.chain) for p in poses[:240:2]]
  lines = np.stack(bodies)
  low, high = lines.min((0, 1)), lines.max((0, 1))
  scale = 0.9 * size / (high - low).max()

  def picture(line):
    made = Image.new('RGB', (size, size), 'white')
    at = (line - (low + high) / 2) * [scale, -scale] + size / 2
    pen, (x, y) = ImageDraw.Draw(made), at[0]
    pen.line([tuple(point) for point in at.tolist()], 'steelblue', 5, 'curve')
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), 'firebrick')
    return np.asarray(made)

  train.save_gif(path, list(lines), picture)


def _swimming(config, shown) -> figure.Figure:
  """The body in frames of two periods, and the wave of its joints."""
  made, (left, right) = train.figures.subplots(
      1, 2, height=3.2, title='The untrained circuit at work, nose red'
  )
  length, chain = len(shown['poses']), config.world.chain
  seconds = config.world.substeps * chain.dt
  span = min(2 * config.circuit.period, length)
  begin = (length - span) // 2
  for share in np.linspace(0, 1, 8):
    pose = shown['poses'][begin + int(share * (span - 1))]
    line = planar_chain.outline(pose, chain)
    left.plot(*line.T, color=str(0.8 - 0.8 * share), lw=2)
    left.plot(*line[0], 'o', color='tab:red', ms=4)
  left.set(
      xlabel='x (m)', ylabel='y (m)', aspect='equal', adjustable='datalim',
      title=f'8 frames in {span * seconds:.1f} s, later darker',
  )  # fmt: skip
  joints = shown['poses'][begin : begin + span, 3:].T
  bound, times = np.abs(joints).max(), np.array([begin, begin + span]) * seconds
  image = right.imshow(
      joints, aspect='auto', cmap='RdBu', vmin=-bound, vmax=bound,
      extent=(*times, len(joints) + 0.5, 0.5),
  )  # fmt: skip
  right.set(
      xlabel='time (s)', ylabel='joint, from the head',
      yticks=range(1, len(joints) + 1), title='two periods of the oscillator',
  )  # fmt: skip
  made.colorbar(image, ax=right, label='angle (rad)')
  return made


def _training(config, untrained, curves) -> figure.Figure:
  """Return of tests over steps, of every method."""
  made, axes = train.figures.subplots(
      height=3.4, title='Return of tests: mean and range over seeds'
  )
  for name, look in train.figures.styles(list(curves)).items():
    tests = curves[name].history['eval/return'][1]
    x = steps(config, name, curves[name])
    train.figures.curve(axes, x, tests, label=name, **look)
  train.figures.level(axes, untrained['NCAP'], 'untrained NCAP')
  train.figures.level(
      axes, untrained['random actions'], 'random actions', ls=':'
  )
  axes.set(xlabel='steps of the world', ylabel='return')
  train.figures.legend(made)
  return made
