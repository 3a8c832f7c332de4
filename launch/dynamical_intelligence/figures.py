"""The figures of `launch.dynamical_intelligence`."""

from matplotlib import figure
import numpy as np

from launch.dynamical_intelligence.config import Config
from nmlib import train
from nmlib.analysis import synchrony
from nmlib.neurons.oscillators import theta_gamma


def draw(config: Config, found, recalled) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  return {
      'order': _order(config, found['order']['R']),
      'buffer': _buffer(found['capacity']['raster']),
      'gating': _gating(config.streams, **found['gating']),
      'recall': _recall(config.recall, recalled),
  }


def accuracy(fitted: train.Fitted) -> np.ndarray:
  """Returns the accuracy [C, S] after each cycle, when training has ended."""
  found = {k: v[1][-1] for k, v in fitted.history.items() if 'cycle/' in k}
  return np.stack([found[f'cycle/{1 + c}'] for c in range(len(found))])


def _order(config, values) -> figure.Figure:
  made, axes = train.figures.subplots(title='Kuramoto: R, on theory')
  fine = np.linspace(0, 1.02 * max(config.couplings), 400)
  theory = synchrony.lorentzian_order(fine, config.width)
  axes.plot(fine, theory, color='0.4', label='theory, N infinite')
  train.figures.spread(
      axes, config.couplings, values, color='C3', ls='',
      label=f'N = {config.num_units}, {config.num_seeds} seeds',
  )  # fmt: skip
  axes.set(xlabel='coupling K', ylabel='R', ylim=(0, 1))
  train.figures.legend(made)
  return made


def _buffer(raster) -> figure.Figure:
  model = theta_gamma.Config(raster.shape[1])
  turns = np.arange(len(raster)) * model.dt * model.theta_frequency
  raster, turns = raster[turns < 6], turns[turns < 6]
  made, (upper, lower) = train.figures.subplots(
      2, 1, height=1.5, sharex=True, height_ratios=(1, 2),
      title='Items fire in turn, one a gamma cycle, in each theta cycle',
  )  # fmt: skip
  theta = model.theta_amplitude * np.sin(2 * np.pi * turns)
  upper.plot(turns, theta, color='0.4')
  upper.set_ylabel('theta (mV)')
  when, which = np.nonzero(raster)
  loaded = list(dict.fromkeys(which.tolist()))  # in the order of first spikes
  for row, item in enumerate(loaded):
    spikes = turns[when[which == item]]
    style = {'ms': 14, 'mew': 2, 'color': f'C{row}'}
    lower.plot(spikes, np.full(len(spikes), row), '|', **style)
  lower.set_yticks(range(len(loaded)), [str(1 + i) for i in range(len(loaded))])
  lower.set(xlabel='theta cycles', ylabel='item, as loaded')
  lower.set_ylim(len(loaded) - 0.3, -0.7)
  return made


def _gating(config, streams, read, **_) -> figure.Figure:
  time = (np.arange(len(read)) - len(read) // 2) * config.dt
  made, panels = train.figures.subplots(
      2, 1, height=1.9, sharex=True,
      title='Two streams in antiphase; at 0 the reader is cued to the other',
  )  # fmt: skip
  scaled = read * streams.std() / read.std()
  for i, axes in enumerate(panels):
    axes.axvspan(0, config.cue, color='0.9', label='cue')
    axes.plot(time, streams[:, i], color=f'C{i}', label=f'stream {i + 1}')
    axes.plot(time, scaled, color='0.2', lw=0.9, label='read-out (scaled)')
    axes.set_ylabel(f'stream {i + 1}')
  panels[1].set_xlabel('time since the second cue')
  train.figures.legend(made)
  return made


def _recall(recall, recalled) -> figure.Figure:
  made, panels = train.figures.subplots(
      1, len(recall.lengths), height=2.7, sharey=True, squeeze=False,
      title='Serial recall: accuracy, mean and range of seeds',
  )  # fmt: skip
  cycles = np.arange(1, recall.test_cycles + 1)
  for axes, length in zip(panels[0], recall.lengths, strict=True):
    end = recall.buffer.num_cycles + 0.5
    axes.axvspan(0.5, end, color='0.92', label='trained')
    for name, look in train.figures.styles(['buffer', 'GRU']).items():
      values = accuracy(recalled[name, length])
      train.figures.curve(axes, cycles, values, label=name, **look)
    train.figures.level(axes, 1 / recall.buffer.buffer.num_items, 'chance')
    axes.set(title=f'{length} items', xlabel='theta cycles', ylim=(0, 1.05))
  panels[0, 0].set_ylabel('accuracy')
  train.figures.legend(made)
  return made
