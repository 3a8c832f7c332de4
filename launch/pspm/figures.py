"""The figures of `launch.pspm`."""

from matplotlib import figure
import numpy as np

from nmlib import train

NAMES = {
    'target': 'target', 'naive': 'naive', 'learned': 'both rules',
    'local': 'local rule alone', 'homeostatic': 'homeostasis alone',
    'control': 'control',
}  # fmt: skip
_STEP = 0.003  # s


def draw(found, critical) -> dict[str, figure.Figure]:
  """Returns the figures: of the first setting, and of the critical target."""
  return {
      'rasters': _rasters(found), 'distances': _distances(found),
      'weights': _weights(found), 'avalanches': _avalanches(critical),
  }  # fmt: skip


def _rasters(found) -> figure.Figure:
  """The same neurons and steps of every network, seed 0."""
  made, panels = train.figures.subplots(
      4, 1, height=1.5, title='Spikes at the end, seed 0', sharex=True
  )
  shown = 'target', 'naive', 'learned', 'control'
  for axes, name in zip(panels, shown, strict=True):
    steps, neurons = np.nonzero(found[f'{name}/raster'])
    axes.plot(steps * _STEP, neurons, '|', color='C0', ms=3)
    axes.set(ylabel='neuron', title=NAMES[name])
  panels[-1].set_xlabel('time (s)')
  return made


def _distances(found) -> figure.Figure:
  """D_P and D_A of every network."""
  made, panels = train.figures.subplots(1, 2, height=3.2)
  titles = 'D_P, neuron by neuron', 'D_A, summed trains'
  kinds = zip(panels, ('per_neuron', 'aggregate'), titles, strict=True)
  for axes, kind, title in kinds:
    shown = {
        words: found[f'{name}/{kind}']
        for name, words in NAMES.items()
        if name != 'target' and f'{name}/{kind}' in found
    }
    train.figures.dots(axes, shown)
    axes.set(title=title, ylim=(0, None))
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
    axes.set_title(f'{name}, r = {r:.3f} (excitatory)')
    axes.set_xlabel("the target's (mV)")
  panels[0].set_ylabel('weight (mV)')
  return made


def _avalanches(critical) -> figure.Figure:
  """How many avalanches are at least so large, critical target, seed 0."""
  made, axes = train.figures.subplots(height=3.4)
  for name in ('target', 'naive', 'homeostatic', 'learned'):
    sizes = np.sort(critical[f'{name}/sizes'])
    share = 1 - np.arange(sizes.size) / sizes.size
    axes.step(sizes, share, where='post', label=NAMES[name])
  axes.set(
      xscale='log', yscale='log', xlabel='spikes of an avalanche',
      ylabel='share that is at least as large', title='Critical target, seed 0',
  )  # fmt: skip
  train.figures.legend(made)
  return made
