"""The figures of `launch.bdh`."""

from typing import Any

import jax.numpy as jnp
from matplotlib import figure
import numpy as np

from nmlib import train
from nmlib.neurons import bdh

_SENTENCE = 'for name in names: print(name); names.remove(name)'


def draw(
    history: train.History,
    baselines: dict[str, np.ndarray],
    params: bdh.Params,
    config: Any,
) -> dict[str, figure.Figure]:
  """Returns the report's figures by name.

  Args:
    history: of the training stage.
    baselines: loss of each n-gram model.
    params: of one seed.
    config: of the launcher.
  """
  return {
      'loss': _loss(history, baselines),
      'sparsity': _sparsity(history, config.model.num_layers),
      'synapses': _synapses(params, config.model),
  }


def _loss(history, baselines) -> figure.Figure:
  """Training and validation loss of every seed, against the baselines."""
  plot = figure.Figure(figsize=(6, 4))
  axes = plot.subplots()
  for name, colour, label in (
      ('loss', 'tab:gray', 'training (with dropout)'),
      ('validation/loss', 'tab:blue', 'validation'),
  ):
    steps, values = history[name]
    lines = axes.plot(steps, values, color=colour, lw=1.2)
    lines[0].set_label(label)
  _, validation = history['validation/loss']
  for name, style in (('unigram', ':'), ('bigram', '--'), ('trigram', '-.')):
    level = float(baselines[name])
    axes.axhline(level, color='black', ls=style, lw=0.9, label=name)
  axes.set(xlabel='optimizer step', ylabel='loss (nats a byte)')
  axes.set_ylim(top=min(validation[0].max(), 4.0))
  axes.set_title(f'BDH against n-grams, {validation.shape[1]} seeds')
  axes.legend(frameon=False, fontsize=8)
  return plot


def _sparsity(history, num_layers: int) -> figure.Figure:
  """Active fraction of x and of gated y in each layer, over training."""
  plot = figure.Figure(figsize=(8, 3.6))
  for axes, name, title in zip(
      plot.subplots(1, 2),
      ('x_active', 'y_active'),
      ('x', 'gated y'),
      strict=True,
  ):
    for layer in range(1, num_layers + 1):
      steps, values = history[f'{name}/layer_{layer}']
      mean = values.mean(axis=1)
      axes.plot(steps, mean, label=f'layer {layer}', lw=1.2)
      axes.fill_between(
          steps, values.min(axis=1), values.max(axis=1), alpha=0.2, lw=0
      )
    axes.set(
        xlabel='optimizer step',
        ylabel='active fraction of neurons',
        title=f'{title} (mean and range over seeds)',
    )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
  plot.tight_layout()
  return plot


def _synapses(params: bdh.Params, model: bdh.Config) -> figure.Figure:
  """What each byte of a sentence recalls: q_t . q_s of the last layer."""
  tokens = np.frombuffer(_SENTENCE.encode(), np.uint8)
  q = bdh.apply(
      params, jnp.asarray(tokens, jnp.int32), model, capture=('q',)
  ).captured['q'][
      -1
  ]  # [h, T, N]
  scores = np.array(jnp.einsum('htn,hsn->hts', q, q, precision='highest'))
  scores = np.where(np.tri(len(tokens), k=-1), scores, np.nan).mean(axis=0)
  limit = np.nanpercentile(np.abs(scores), 95)
  plot = figure.Figure(figsize=(7.5, 6.5))
  axes = plot.subplots()
  image = axes.imshow(scores, cmap='RdBu_r', vmin=-limit, vmax=limit)
  letters = list(_SENTENCE.replace(' ', '␣'))
  axes.set_xticks(range(len(letters)), letters, fontsize=7, family='monospace')
  axes.set_yticks(range(len(letters)), letters, fontsize=7, family='monospace')
  axes.set(
      xlabel='byte s remembered',
      ylabel='byte t reading',
      title='Overlap of rotated activity, last layer, mean over heads',
  )
  plot.colorbar(image, ax=axes, shrink=0.8, label='q_t . q_s')
  return plot
