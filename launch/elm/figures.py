"""The figures of `launch.elm`."""

from matplotlib import figure
import numpy as np

from nmlib import train

_METRICS = {
    'explained_variance': 'explained variance of V',
    'auc': 'area under the\nROC curve of spikes',
}


def draw(test, found) -> dict[str, figure.Figure]:
  """Returns figures by name, of recordings and what variants make of them."""
  values = {
      label: {name: one[metric] for name, one in found.items()}
      for metric, label in _METRICS.items()
  }
  title = 'Test recordings: seeds and mean'
  return {
      'variants': train.panels.measures(values, title),
      'example': _example(test, found),
  }


def _example(test, found) -> figure.Figure:
  """Voltage of the first test recording, and what two variants make of it."""
  made, axes = train.figures.subplots(height=2.8)
  shown = [name for name in ('d_m 10', 'd_m 1') if name in found]
  length = test['voltage'].shape[1]
  axes.plot(test['voltage'][0], color='black', lw=1, label='neuron')
  for name, style in train.figures.styles(shown).items():
    voltage = found[name]['voltage'][0]
    time = np.arange(length - len(voltage), length)
    axes.plot(time, voltage, color=style['color'], lw=1, label=name)
  axes.set(xlabel='time (ms)', ylabel='voltage above rest (mV)')
  train.figures.legend(made)
  return made
