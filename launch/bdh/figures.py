"""The figures of `launch.bdh`."""

import jax.numpy as jnp
from matplotlib import figure
import numpy as np

from launch.bdh.config import Config
from nmlib import train
from nmlib.neurons import bdh

_SENTENCE = 'for name in names: print(name); names.remove(name)'


def draw(
    history: train.History,
    baselines: dict[str, np.ndarray],
    params: bdh.Params,
    config: Config,
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
  made, axes = train.figures.subplots(height=3.6)
  for name, colour, label in (
      ('loss', 'tab:gray', 'training (with dropout)'),
      ('validation/loss', 'tab:blue', 'validation'),
  ):
    train.figures.curve(axes, *history[name], color=colour, label=label)
  _, validation = history['validation/loss']
  for name, style in (('unigram', ':'), ('bigram', '--'), ('trigram', '-.')):
    train.figures.level(axes, baselines[name], name, color='black', ls=style)
  axes.set(xlabel='optimizer step', ylabel='loss (nats a byte)')
  axes.set_ylim(top=min(validation[0].max(), 4.0))
  axes.set_title(
      f'BDH against n-grams: mean and range of {validation.shape[1]} seeds'
  )
  axes.legend()
  return made


def _sparsity(history, num_layers: int) -> figure.Figure:
  """Active fraction of x and of gated y in each layer, over training."""
  made, panels = train.figures.subplots(1, 2, height=2.8)
  for axes, name, title in zip(
      panels, ('x_active', 'y_active'), ('x', 'gated y'), strict=True
  ):
    for layer in range(1, num_layers + 1):
      series = history[f'{name}/layer_{layer}']
      train.figures.curve(axes, *series, label=f'layer {layer}')
    axes.set(xlabel='optimizer step', title=f'{title} (mean, range of seeds)')
    axes.set_ylim(bottom=0)
  panels[0].set_ylabel('active fraction of neurons')
  train.figures.legend(made)
  return made


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
  made, axes = train.figures.subplots(height=6.2)
  image = axes.imshow(scores, cmap='RdBu_r', vmin=-limit, vmax=limit)
  letters = list(_SENTENCE.replace(' ', '␣'))
  axes.set_xticks(range(len(letters)), letters, fontsize=7, family='monospace')
  axes.set_yticks(range(len(letters)), letters, fontsize=7, family='monospace')
  axes.set(
      xlabel='byte s remembered',
      ylabel='byte t reading',
      title='Overlap of rotated activity, last layer, mean over heads',
  )
  made.colorbar(image, ax=axes, shrink=0.8, label='q_t . q_s')
  return made
