"""The figures of `launch.ncap`."""

from matplotlib import figure
import numpy as np

from launch.ncap.config import Config
from nmlib import train
from nmlib.environments import planar_chain
from nmlib.train.control import pictures


def draw(config, untrained, curves, tests, shown) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  ablations, axes = train.figures.subplots(
      height=3.4, title='Untrained: what the circuit needs'
  )
  train.figures.dots(axes, untrained)
  axes.set_ylabel('return')
  return {
      'swimming': _swimming(config, shown),
      'training': _training(config, untrained, curves, tests),
      'ablations': ablations,
  }


def steps(config: Config, name: str, fitted: train.Fitted) -> np.ndarray:
  """Returns the steps of the world [n] before each test of a method."""
  learner = {'PPO': config.learning.ppo, 'DDPG': config.learning.ddpg}
  each = 2 * config.evolution.num_pairs * config.max_steps
  if used := learner.get(name.split(' ')[0]):
    each = config.learning.num_worlds * used.segment
  return each * np.asarray(fitted.history['eval/return'][0])


def _swimming(config, poses) -> figure.Figure:
  """The body in frames of two periods, and the wave of its joints."""
  made, (left, right) = train.figures.subplots(
      1, 2, height=3.4, title='The untrained circuit at work, nose red'
  )
  seconds = config.world.substeps * config.world.chain.dt
  span = min(2 * config.circuit.period, len(poses))
  poses = poses[(len(poses) - span) // 2 :][:span]
  frames = np.linspace(0, span - 1, 8).astype(int)
  bodies = [planar_chain.outline(poses[t], config.world.chain) for t in frames]
  pictures.frames(left, bodies, [f'{t * seconds:.2f}' for t in frames])
  left.set(xlabel='way (m)', ylabel='time (s)')
  joints = poses[:, 3:].T
  image = right.imshow(
      joints, aspect='auto', cmap='RdBu', vmin=-np.abs(joints).max(),
      vmax=np.abs(joints).max(),
      extent=(0, span * seconds, len(joints) + 0.5, 0.5),
  )  # fmt: skip
  right.set(
      xlabel='time (s)', ylabel='joint, from the head',
      yticks=range(1, len(joints) + 1), title='the wave travels to the tail',
  )  # fmt: skip
  made.colorbar(image, ax=right, label='angle (rad)')
  return made


def _training(config, untrained, curves, tests) -> figure.Figure:
  """Return of tests over steps, of every method."""
  made, axes = train.figures.subplots(
      height=3.4, title='Return of tests: mean and range over seeds'
  )
  for name, look in train.figures.styles(list(curves)).items():
    x = steps(config, name, curves[name])
    train.figures.curve(axes, x, tests[name], label=name, **look)
  train.figures.level(axes, untrained['NCAP'], 'untrained NCAP')
  train.figures.level(
      axes, untrained['random actions'], 'random actions', ls=':'
  )
  axes.set(xlabel='steps of the world', ylabel='return')
  train.figures.legend(made)
  return made
