"""The figures of `launch.bdh.graph`."""

from matplotlib import figure
import numpy as np

from launch.bdh.graph import measure
from launch.bdh.graph.config import Config
from nmlib import train
from nmlib.analysis import degrees


def draw(config: Config, graphs, found, traced) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as of `report.make`."""
  return {
      'modularity': _modularity(config, graphs),
      'degrees': _degrees(config, graphs),
      'synapses': _synapses(config, found['place'], *traced),
  }


def _modularity(config: Config, graphs) -> figure.Figure:
  """Modularity of each kind of graph over edges, as figures 9 and 10."""
  made, axes = train.figures.subplots(height=3.2)
  for name in measure.GRAPHS:
    train.figures.spread(axes, config.edges, graphs[name].mean(1).T, label=name)
  axes.set_xscale('log', base=2)
  axes.set_xticks(config.edges, list(config.edges))
  axes.axvline(config.claimed, color='0.7', ls=':', label='compared in claims')
  axes.set(
      xlabel='edges kept, per neuron', ylabel='modularity (Louvain)',
      title='Mean over heads; mean and standard deviation over seeds',
      ylim=(0, None),
  )  # fmt: skip
  axes.legend()
  return made


def _degrees(config: Config, graphs) -> figure.Figure:
  """Share of neurons with at least so many edges, of all heads and seeds."""
  made, panels = train.figures.subplots(1, 2, height=3.0, sharey=True)
  for axes, side in zip(panels, ('in', 'out'), strict=True):
    for name in measure.GRAPHS:
      axes.loglog(*degrees.survival(graphs[f'{side} {name}']), label=name)
    axes.set(
        xlabel=f'{side}-degree k', title=f'{config.claimed} edges a neuron'
    )
  panels[0].set_ylabel('share of neurons with k or more')
  train.figures.legend(made)
  return made


def _synapses(config: Config, places, text: str, traced) -> figure.Figure:
  """Each seed's synapse while it reads lines it was not chosen on."""
  made, panels = train.figures.subplots(
      len(traced), 1, height=1.5, sharex=True, squeeze=False
  )
  letters = list(text.replace(' ', '␣').replace('\n', '↵'))
  for place, values, axes in zip(places, traced, panels[:, 0], strict=True):
    # A state lies between two bytes.
    axes.plot(np.arange(len(values)) - 0.5, values, drawstyle='steps-post')
    for word in config.members[1::2]:
      if (start := text.find(word) - 0.5) > 0:
        axes.axvspan(start, start + len(word), color='0.88')
    layer, head, row, column = place
    axes.set_title(
        f'y {row} of layer {layer} to x {column} of layer {layer + 1}, head'
        f' {head + 1}'
    )
    axes.set_ylabel(r'$\sigma_{ij}$')
  panels[-1, 0].set_xticks(
      range(len(letters)), letters, fontsize=7, family='monospace'
  )
  panels[-1, 0].set_xlabel('byte read; a row a seed; class members are shaded')
  return made
