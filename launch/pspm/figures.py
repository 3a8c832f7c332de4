"""The figures of `launch.pspm`."""

from collections.abc import Mapping

from matplotlib import figure
import numpy as np

from nmlib import train

_STEP = 0.003  # s


def draw(
    names: Mapping[str, str],
    found: Mapping[str, np.ndarray],
    critical: Mapping[str, np.ndarray],
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name.

  Args:
    names: of networks, and what figures call them.
    found: of the first setting.
    critical: likewise, of the critical target.
  """
  return {
      'rasters': _rasters(names, found), 'distances': _distances(names, found),
      'weights': _weights(found), 'avalanches': _avalanches(names, critical),
  }  # fmt: skip


def _rasters(names, found) -> figure.Figure:
  """The same neurons and steps of every network, seed 0."""
  shown = ['target', 'naive', 'learned', 'control']
  made, panels = train.figures.subplots(
      4, 1, height=1.5, title='Spikes at the end, seed 0', sharex=True
  )
  for axes, name in zip(panels, shown, strict=True):
    steps, neurons = np.nonzero(found[f'{name}/raster'])
    axes.plot(steps * _STEP, neurons, '|', color='C0', ms=3)
    axes.set(ylabel='neuron', title=names[name])
  panels[-1].set_xlabel('time (s)')
  return made


def _distances(names, found) -> figure.Figure:
  """D_P and D_A of every network."""
  made, panels = train.figures.subplots(1, 2, height=3.2)
  for axes, key, label in zip(
      panels, ('per_neuron', 'aggregate'),
      ('D_P, neuron by neuron', 'D_A, summed trains'), strict=True,
  ):  # fmt: skip
    shown = {
        words: found[f'{name}/{key}']
        for name, words in names.items()
        if name != 'target' and f'{name}/{key}' in found
    }
    train.figures.dots(axes, shown)
    axes.set(title=label, ylim=(0, None))
  panels[0].set_ylabel('distance to the target')
  return made


def _weights(found) -> figure.Figure:
  """Weights before and after, against the target's, seed 0."""
  made, panels = train.figures.subplots(
      1, 2, height=3.4, title='Weights, seed 0; inhibitory ones below 0',
      sharey=True,
  )  # fmt: skip
  true = 1e3 * found['target/weights']
  for axes, name in zip(panels, ('naive', 'learned'), strict=True):
    ours = 1e3 * found[f'{name}/weights']
    axes.axline((0, 0), slope=1, color='0.4', lw=0.8)
    axes.plot(true, ours, '.', ms=2, alpha=0.5)
    r = found[f'{name}/correlation'][0]
    axes.set(
        title=f'{name}, r = {r:.3f} (excitatory)', xlabel="the target's (mV)"
    )
  panels[0].set_ylabel('weight (mV)')
  return made


def _avalanches(names, critical) -> figure.Figure:
  """How many avalanches are at least so large, critical target, seed 0."""
  made, axes = train.figures.subplots(height=3.4)
  shown = ['target', 'naive', 'homeostatic', 'learned']
  for name, look in train.figures.styles(shown).items():
    sizes = np.sort(critical[f'{name}/sizes'])
    share = 1 - np.arange(sizes.size) / sizes.size
    axes.step(
        sizes, share, where='post', color=look['color'], label=names[name]
    )
  axes.set(
      xscale='log', yscale='log', xlabel='spikes of an avalanche',
      ylabel='share that is at least as large', title='Critical target, seed 0',
  )  # fmt: skip
  train.figures.legend(made)
  return made
