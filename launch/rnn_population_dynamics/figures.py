"""The figures of `launch.rnn_population_dynamics`."""

from matplotlib import figure
import numpy as np

from launch.rnn_population_dynamics.config import Config
from nmlib import train


def draw(
    config: Config, circuits, measured, curves, example
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  return {
      'fractions': _fractions(config, measured),
      'movement': _movement(config, example),
      'spectra': _spectra(config, circuits, measured),
      'noise': _noise(config, measured),
      'training': _training(config, curves),
  }


def _fractions(config, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 3, height=2.7,
      title='Held-out conditions; mean and range over circuits',
  )  # fmt: skip
  titles = {
      'unsampled': 'R² of unsampled neurons',
      'test_output': 'R² of the output',
      'procrustes': 'Procrustes similarity',
  }
  for axes, (key, title) in zip(panels, titles.items(), strict=True):
    for rule, found in measured.items():
      train.figures.curve(
          axes, config.fractions, found[key].T, label=rule, marker='o'
      )
    axes.set(title=title, xlabel='sampled fraction')
    lowest = min(found[key].min() for found in measured.values())
    axes.set_ylim(max(lowest - 0.05, -0.5), 1.02)
  train.figures.legend(made)
  return made


def _movement(config, example) -> figure.Figure:
  shown = 2  # of the neurons, the last: not sampled
  outputs = config.cell.num_outputs
  made, panels = train.figures.subplots(
      2, outputs + shown, height=2.0, sharex=True, sharey='col',
      title='A held-out movement of circuit 0',
  )  # fmt: skip
  times = np.arange(config.length) * config.cell.time_step / 1000
  places = [*range(outputs), *range(-shown, 0)]
  titles = [f'output {i}' for i in range(outputs)]
  titles += [f'unsampled neuron {i + 1}' for i in range(shown)]
  for axes, title in zip(panels[0], titles, strict=True):
    axes.set_title(title)
  for row, (rule, found) in zip(panels, example.items(), strict=True):
    for axes, place in zip(row, places, strict=True):
      for name, values in found.items():
        style = {'color': '0.7', 'lw': 3} if name == 'circuit' else {}
        axes.plot(times, values[:, place], label=name, **style)
      axes.set_ylim(*_limits(found['circuit'][:, place]))
    row[0].set_ylabel(rule)
  for axes in panels[-1]:
    axes.set_xlabel('time, s')
  train.figures.legend(made)
  return made


def _name(fraction):
  return f'{fraction:g} sampled' if fraction else 'output only'


def _limits(values):
  low, high = values.min(), values.max()
  room = max(high - low, 1e-6)
  return low - 0.4 * room, high + 0.4 * room


def _spectra(config, circuits, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 3, height=2.6, title='Eigenvalues of circuit 0 and its students'
  )
  none = config.fractions.index(0.0)
  asked = config.fractions.index(config.asked)
  panels[0].set_title('circuit')
  for when in ('before', 'after'):
    _cloud(panels[0], circuits[f'spectrum_{when}'][0], f'{when} optimisation')
  for axes, (rule, found) in zip(panels[1:], measured.items(), strict=True):
    axes.set_title(rule)
    _cloud(axes, found['spectrum'][0, none], 'output only', 'C2')
    _cloud(axes, found['spectrum'][0, asked], _name(config.asked), 'C3')
  for axes in panels:
    axes.axvline(1, color='0.4', ls='--', lw=1, label='unstable beyond')
    axes.set_xlabel('real part')
  panels[0].set_ylabel('imaginary part')
  train.figures.legend(made)
  return made


def _cloud(axes, values, label, color=None):
  axes.plot(values.real, values.imag, '.', label=label, color=color, alpha=0.8)


def _noise(config, measured) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 2, height=2.7, sharey=True,
      title='Output in held-out conditions, with noise in every state',
  )  # fmt: skip
  for axes, (rule, found) in zip(panels, measured.items(), strict=True):
    for i, fraction in enumerate(config.fractions):
      axes.plot(
          config.noise, found['noisy'][:, i].mean(0), marker='o',
          label=_name(fraction),
      )  # fmt: skip
    axes.set(title=rule, xlabel='standard deviation of the noise, a step')
    axes.set_ylim(0, 1.02)
  panels[0].set_ylabel('R²')
  train.figures.legend(made)
  return made


def _training(config, curves) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, 2, height=2.6, sharey=True, title='R² of the output while learning'
  )
  styles = {'train': ':', 'test': '-'}
  for axes, (rule, history) in zip(panels, curves.items(), strict=True):
    for i, fraction in enumerate(config.fractions):
      for part, line in styles.items():
        steps, values = history[f'{part}_output/{i}']
        axes.plot(
            steps, values.mean(1), ls=line, color=f'C{i}',
            label=_name(fraction) if part == 'test' else None,
        )  # fmt: skip
    axes.set(title=f'{rule}; dotted: training conditions', xlabel='step')
    axes.set_ylim(0, 1.02)
  panels[0].set_ylabel('R²')
  train.figures.legend(made)
  return made
