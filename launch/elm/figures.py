"""The figures of `launch.elm`."""

from matplotlib import figure
import numpy as np

from nmlib import train

_METRICS = {
    'explained_variance': 'explained variance of V',
    'auc': 'area under the\nROC curve of spikes',
}


def draw(
    test: dict[str, np.ndarray], found: dict[str, dict[str, np.ndarray]]
) -> dict[str, figure.Figure]:
  """Returns figures by name, of recordings and what variants make of them."""
  return {'variants': _variants(found), 'example': _example(test, found)}


def _variants(found) -> figure.Figure:
  """Explained variance and AUC of every variant, a dot a seed."""
  made, panels = train.figures.subplots(
      2, 1, height=2.3, sharex=True, title='Test recordings: seeds and mean'
  )
  for axes, (metric, label) in zip(panels, _METRICS.items(), strict=True):
    train.figures.dots(axes, {name: one[metric] for name, one in found.items()})
    axes.set_ylabel(label)
  return made


def _example(test, found) -> figure.Figure:
  """Voltage of the first test recording, and what two variants make of it."""
  made, axes = train.figures.subplots(height=2.8)
  shown = [name for name in ('d_m 10', 'd_m 1') if name in found]
  length = test['voltage'].shape[1]
  axes.plot(test['voltage'][0], color='black', lw=1, label='neuron')
  for name, style in train.figures.styles(shown).items():
    voltage = found[name]['example']
    time = np.arange(length - len(voltage), length)
    axes.plot(time, voltage, color=style['color'], lw=1, label=name)
  axes.set(xlabel='time (ms)', ylabel='voltage above rest (mV)')
  train.figures.legend(made)
  return made
