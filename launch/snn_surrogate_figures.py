"""The figures of `launch.snn_surrogate`."""

from typing import Any

import jax
import jax.numpy as jnp
from matplotlib import figure
import numpy as np

from launch import snn_surrogate_stages as stages
from nmlib.neurons.spiking import surrogate


def draw(
    config: Any, final: dict[str, Any], converted: dict[str, Any]
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name.

  Args:
    config: of the launcher.
    final: last values of each stage, [S] each.
    converted: of `snn_surrogate_measure.converted`.
  """
  return {
      'surrogates': surrogates(),
      'accuracy': _accuracy(config, final),
      'conversion': _conversion(config, final, converted),
  }


def surrogates() -> figure.Figure:
  """Every surrogate derivative, and the smoothed step it belongs to."""
  family = {
      **stages.SURROGATES,
      'scaled_fast_sigmoid': surrogate.scaled_fast_sigmoid(2.0),
      'erfc': surrogate.erfc(),
      'circle': surrogate.circle(),
      'leaky': surrogate.leaky(),
      'stochastic': surrogate.stochastic(jax.random.key(0)),
  }
  columns = 5
  rows = -(-len(family) // columns)
  plot = figure.Figure(figsize=(12, 1.9 * rows))
  panels = plot.subplots(rows, columns).ravel()
  x = np.linspace(-2, 2, 801, dtype=np.float32)
  for axes, (name, g) in zip(panels, family.items(), strict=False):
    axes.axvline(0, color='0.85', lw=1)
    axes.plot(x, g(jnp.asarray(x)), color='tab:blue')
    if g.primitive is not None:
      smooth = np.asarray(g.smoothed(jnp.asarray(x)))
      axes.plot(x, smooth - smooth[0], color='tab:orange', lw=1, ls='--')
    numbers = ', '.join(f'{p:g}' for p in g.parameters)
    axes.set_title(f'{name}({numbers})', fontsize=8)
    axes.tick_params(labelsize=7)
  for axes in panels[len(family) :]:
    axes.set_visible(False)
  for axes in panels[len(family) - columns : len(family)]:
    axes.set_xlabel('membrane - threshold', fontsize=8)
  plot.suptitle(
      'solid: derivative used backward; dashed: its integral from -2',
      fontsize=9,
  )
  plot.tight_layout()
  return plot


def _accuracy(config, final) -> figure.Figure:
  """Test accuracy of each surrogate and code, one dot a seed."""
  plot = figure.Figure(figsize=(10, 4))
  axes = plot.subplots()
  places = np.arange(len(config.surrogates))
  for i, code in enumerate(config.codes):
    for place, name in zip(places, config.surrogates, strict=True):
      values = final[f'{code}_{name}']['accuracy']
      shift = 0.2 * (i - (len(config.codes) - 1) / 2)
      axes.plot(
          np.full(len(values), place + shift),
          values,
          '.',
          color=f'C{i}',
          alpha=0.7,
          label=f'{code} code' if place == 0 else None,
      )
  relu = final['relu']['accuracy']
  axes.axhspan(relu.min(), relu.max(), color='0.8', label='ReLU network')
  axes.set_xticks(places, config.surrogates, rotation=30, ha='right')
  axes.set_ylabel('test accuracy')
  axes.set_title('one dot a seed')
  axes.legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return plot


def _conversion(config, final, converted) -> figure.Figure:
  """Accuracy and energy of the converted networks against T."""
  plot = figure.Figure(figsize=(10, 4))
  left, right = plot.subplots(1, 2)
  times = np.asarray(config.conversion_steps)
  for i, scale in enumerate(('maximum', '99.9th percentile')):
    for j, start in enumerate(('0', 'half a threshold')):
      label = f'scale: {scale}, start: {start}'
      style = {'marker': '.', 'color': f'C{i}', 'ls': ('--', '-')[j]}
      left.plot(
          times, converted['accuracy'][i, j].mean(-1), label=label, **style
      )
  energy = converted['picojoules'][0, 1].mean(-1) / 1e3
  right.loglog(times, energy, marker='.', label='converted')
  left.axhline(
      converted['relu'].mean(), color='0.5', ls=':', label='ReLU network'
  )
  left.set_xscale('log', base=2)
  left.set(xlabel='T (steps)', ylabel='test accuracy (mean over seeds)')
  right.axhline(
      float(converted['relu_picojoules']) / 1e3,
      color='0.5',
      ls=':',
      label='ReLU network',
  )
  for code, color in zip(config.codes, ('C2', 'C3'), strict=False):
    trained = final[f'{code}_fast_sigmoid']['picojoules'].mean() / 1e3
    right.axhline(trained, color=color, label=f'trained, {code} code')
  right.set(xlabel='T (steps)', ylabel='energy of an image (nJ)')
  for axes in (left, right):
    axes.legend(frameon=False, fontsize=7)
  plot.tight_layout()
  return plot
