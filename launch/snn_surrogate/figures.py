"""The figures of `launch.snn_surrogate`."""

from typing import Any

import jax
import jax.numpy as jnp
from matplotlib import figure
import numpy as np

from launch.snn_surrogate.config import Config
from nmlib import train
from nmlib.neurons.spiking.presets import usual_surrogates


def draw(
    config: Config, final: dict[str, Any], converted: dict[str, Any]
) -> dict[str, figure.Figure]:
  """Returns the figures by name; last values [S] of each stage are `final`."""
  return {
      'surrogates': surrogates(),
      'accuracy': _accuracy(config, final),
      'conversion': _conversion(config, final, converted),
  }


def surrogates() -> figure.Figure:
  """Every surrogate derivative, and the smoothed step it belongs to."""
  x = np.linspace(-2, 2, 801, dtype=np.float32)
  panels = {}
  for g in usual_surrogates.every(jax.random.key(0)):
    numbers = ', '.join(f'{p:g}' for p in g.parameters)
    panels[f'{g.name}({numbers})'] = drawn = [np.asarray(g(jnp.asarray(x)))]
    if g.primitive is not None:
      smooth = np.asarray(g.smoothed(jnp.asarray(x)))
      drawn.append(smooth - smooth[0])
  title = 'solid: derivative used backward; dashed: its integral from -2'
  return train.relations.functions(
      x, panels, title, xlabel='membrane - threshold'
  )


def _accuracy(config, final) -> figure.Figure:
  """Test accuracy of each surrogate and code, one dot a seed."""
  made, axes = train.figures.subplots(height=3.4, title='one dot a seed')
  for i, code in enumerate(config.codes):
    found = {s: final[f'{code}_{s}']['accuracy'] for s in config.surrogates}
    shift = 0.2 * (i - (len(config.codes) - 1) / 2)
    train.figures.dots(
        axes, found, label=f'{code} code', color=f'C{i}', shift=shift
    )
  relu = final['relu']['accuracy']
  axes.axhspan(relu.min(), relu.max(), color='0.8', label='ReLU network')
  axes.set_ylabel('test accuracy')
  train.figures.legend(made)
  return made


def _conversion(config, final, converted) -> figure.Figure:
  """Accuracy and energy of the converted networks against T."""
  made, (left, right) = train.figures.subplots(1, 2, height=3.6)
  times = np.asarray(config.conversion_steps)
  for i, scale in enumerate(('maximum', '99.9th percentile')):
    for j, start in enumerate(('0', 'half a threshold')):
      label, accuracy = f'scale: {scale}, start: {start}', converted['accuracy']
      style = {'marker': '.', 'color': f'C{2 * i + j}', 'ls': ('--', '-')[j]}
      train.figures.spread(left, times, accuracy[i, j], label=label, **style)
  train.figures.level(left, converted['relu'], 'ReLU network', ls=':')
  left.set_xscale('log', base=2)
  left.set(xlabel='T (steps)', ylabel='test accuracy')
  energy = converted['picojoules'][0, 1].mean(-1) / 1e3
  right.loglog(times, energy, marker='.', color='C4', label='converted')
  train.figures.level(
      right, converted['relu_picojoules'] / 1e3, 'ReLU network', ls=':'
  )
  for code, color in zip(config.codes, ('C5', 'C6'), strict=False):
    trained = final[f'{code}_fast_sigmoid']['picojoules'] / 1e3
    label = f'trained, {code} code'
    train.figures.level(right, trained, label, color=color, ls='-')
  right.set(xlabel='T (steps)', ylabel='energy of an image (nJ)')
  train.figures.legend(made, columns=2)
  return made
