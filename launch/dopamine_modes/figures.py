"""The figures of `launch.dopamine_modes`."""

from typing import Any

from matplotlib import figure
import numpy as np

from nmlib import train


def draw(results, plain, sweeps, bases, angles) -> dict[str, figure.Figure]:
  """Returns the figures by name, of what `report.make` takes; plain gates."""
  made = {
      'accuracy': _accuracy(results),
      'modes': _modes(results),
      'attribution': _attribution(plain),
  }
  if sweeps:
    made['sweeps'] = _sweeps(sweeps)
  if bases:
    made['several_modes'] = _several(bases, angles)
    made['forgetting'] = _forgetting(bases, angles)
  return made


def _accuracy(results) -> figure.Figure:
  """Accuracy in both modes against the number of trainable parameters."""
  common = {k: r for k, r in results.items() if not k.startswith('upright_')}
  styles = train.figures.styles(list(common))
  made, panels = train.figures.subplots(1, 2, height=3.6)
  for axes, mode in zip(panels, ('rotated', 'upright'), strict=True):
    for name, r in common.items():
      count = max(int(r['trainable']), 1)
      train.figures.spread(axes, count, r[mode], label=name, **styles[name])
    axes.set(xscale='log', xlabel='trainable parameters (1: none)')
    axes.set_title(f'{mode} digits (mean ± deviation of seeds)')
  panels[0].set_ylabel('accuracy')
  train.figures.legend(made)
  return made


def _modes(results) -> figure.Figure:
  """How often each neuron is on in either mode, before and after."""
  sparsest = [name for name in results if 'sparse' in name][-1]
  title = 'Share of images for which a neuron is on, seed 0'
  made, panels = train.figures.subplots(1, 3, sharey=True, title=title)
  names = ('frozen', 'mode_gate', sparsest)
  for axes, name in zip(panels, names, strict=True):
    upright, rotated = results[name]['share'][0]
    axes.plot([0, 1], [0, 1], color='lightgray', lw=1)
    axes.scatter(upright, rotated, s=6, alpha=0.6)
    axes.set(xlabel='upright digits', title=name)
  panels[0].set_ylabel('rotated digits')
  return made


def _attribution(plain) -> figure.Figure:
  """What a neuron's gate does to the logits, against its gain, threshold."""
  title = 'Neurons of seed 0, forced off one at a time'
  made, panels = train.figures.subplots(1, 2, sharey=True, title=title)
  for axes, name in zip(panels, ('gain', 'threshold'), strict=True):
    axes.scatter(plain[name][0], plain['effect'][0], s=8, alpha=0.6)
    rank = plain[f'effect_of_{name}'][0]
    of = '|gain|' if name == 'gain' else name
    axes.set(xlabel=name, title=f'rank correlation with {of}: {rank:.2f}')
  panels[0].set_ylabel('mean |change of a logit|')
  return made


def _sweeps(sweeps) -> figure.Figure:
  """Accuracy on rotated digits by angle and by length of pretraining."""
  lines = {
      'frozen': ('frozen', 'rotated'),
      'gates': ('mode_gate', 'rotated'),
      'gates, hard': ('mode_gate', 'hard'),
      'LoRA of rank 8': ('lora_8', 'rotated'),
  }
  made, panels = _row(len(sweeps), 'accuracy, rotated digits')
  for axes, (name, by_value) in zip(panels, sweeps.items(), strict=True):
    for label, (method, what) in lines.items():
      found = np.stack([r[method][what] for r in by_value.values()])
      train.figures.spread(axes, list(by_value), found, label=label)
    axes.set_xlabel(name)
  train.figures.legend(made)
  return made


def _several(bases, angles) -> figure.Figure:
  """Which neurons are on in which mode: share of images, seed 0."""
  title = 'Share of images for which a gated neuron is on, seed 0'
  made, panels = train.figures.subplots(
      len(bases), height=1.5, squeeze=False, title=title
  )
  picture: Any = None
  for axes, (name, found) in zip(panels[:, 0], bases.items(), strict=True):
    share = found['share'][0]  # [mode, neurons]
    order = np.argsort(share[0] - share[-1])
    picture = axes.imshow(
        share[:, order], aspect='auto', vmin=0, vmax=1, interpolation='none'
    )
    axes.set_yticks(range(len(angles)), [f'{a:.0f}°' for a in angles])
    axes.set_title(name)
  panels[-1, 0].set_xlabel('neuron, in the order of first less last mode')
  made.colorbar(picture, ax=list(panels[:, 0]))
  return made


def _forgetting(bases, angles) -> figure.Figure:
  """Accuracy in each mode: own gates, and one network tuned in sequence."""
  lines = {
      'frozen': 'frozen base',
      'hard': 'own gates (hard)',
      'selected': 'gates, mode inferred',
      'full in sequence': 'full, after the last angle',
  }
  made, panels = _row(len(bases), 'test accuracy')
  names = [f'{a:.0f}°' for a in angles]
  for axes, (name, found) in zip(panels, bases.items(), strict=True):
    for kind, label in lines.items():
      train.figures.spread(axes, names, found[kind].T, label=label)
    axes.set(xlabel='angle, as learned', title=name)
  train.figures.legend(made)
  return made


def _row(count: int, label: str):
  """Makes a figure of panels side by side that share the vertical axis."""
  made, panels = train.figures.subplots(1, count, squeeze=False, sharey=True)
  panels[0, 0].set_ylabel(label)
  return made, panels[0]
