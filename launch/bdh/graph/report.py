"""The report of `launch.bdh.graph`."""

import numpy as np

from launch.bdh import config as bdh_config
from launch.bdh.graph import figures
from launch.bdh.graph import measure
from launch.bdh.graph.config import Config
from nmlib import train

_NORMAL = 3.17e-5  # of a normal distribution lies above 4 deviations


def make(
    config: Config,
    training: bdh_config.Config,
    active: dict[str, np.ndarray],
    graphs: dict[str, np.ndarray],
    found: dict[str, np.ndarray],
    traced: tuple[str, np.ndarray],
) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    training: of the model.
    active: shares by layer, [S] each.
    graphs: as `measure.head_graph`, [S, h, ...] each.
    found: as `monosemantic.Synapse`, [S, ...] each.
    traced: a text, and the synapses while it is read, [S, T + 1].
  """
  model = training.model
  return train.Report(
      claims=claims(config, graphs, found),
      data={
          'model': config.trained or 'trained by this run',
          'text': training.text_file or training.source,
      },
      differences=[
          f'{model.num_neurons} neurons in {model.num_heads} heads and'
          f' {model.num_layers} layers learn Python; in the paper 32768 in 4'
          ' heads and 8 layers learn to translate.',
          'Numbers in lines of Python stand for currencies in sentences: an'
          ' easier class, though the numbers of the test share no digit with'
          ' those that a synapse was chosen on.',
          'A synapse counts as it is after the line, by equation (16).',
      ],
      tables=tables(config, model, active, graphs),
      figures=figures.draw(config, graphs, found, traced),
  )


def claims(config: Config, graphs, found) -> list[train.Claim]:
  """Modularity, tails and hubs of graphs; what a synapse stands for."""
  at = config.edges.index(config.claimed)
  ours, rewired, product = (
      {name: graphs[name][:, :, at].mean(1)} for name in measure.GRAPHS
  )
  most = lambda name: {name: graphs[f'in {name}'].max((1, 2))}
  above, below = (graphs[f'{s} 4 deviations'] for s in ('above', 'below'))
  heavy = (above > 10 * _NORMAL) & (above > 2 * below)
  where = f'{config.claimed} edges a neuron, mean of the heads'
  shown = {'source': 'section 5, Fig. 10', 'paper': 'baselines fall to 0'}
  return [
      train.higher(
          'Modularity is above that of a Gaussian product of the same rank:'
          f' {where}', ours, product, by='seed', **shown,
      ),
      train.higher(
          f'Modularity is above that of the same weights at random: {where}',
          ours, rewired, by='seed', **shown,
      ),
      train.higher(
          'Weights have a heavy positive tail in 3/4 of the heads: above 4'
          ' deviations are more than 10 times as many as of a normal'
          ' distribution, and twice as many as below',
          {'share of heads': heavy.mean(1)}, 0.75, equal=True, by='mean',
          source='section 5.5', paper='12 of 16',
      ),
      train.higher(
          'Hubs: the largest in-degree is above 3 times that of weights at'
          ' random', most('trained'), most('rewired'), times=3, by='seed',
          source='section 5, Fig. 9',
      ),
      train.higher(
          f'A synapse tells words like {config.members[0]} from words like'
          f' {config.others[0]}: its rank-biserial on held-out lines is above'
          ' the best of as many synapses with shuffled labels, where that was'
          ' chosen',
          {'held out': found['rank_biserial']},
          {'shuffled, chosen': found['control_chosen']}, by='seed',
          also={
              'U': found['u'], 'P': found['p_value'], 'chosen': found['chosen'],
              'shuffled, held out': found['control'],
          },
          source='section 6.3', paper='0.894, by its U = 2368 of 2500',
      ),
  ]  # fmt: skip


def tables(config, model, active, graphs) -> dict[str, train.Table]:
  """Graphs by kind, weights by head, activity by layer."""
  at = config.edges.index(config.claimed)
  kinds = {
      name: {'modularity': graphs[name][:, :, at].mean(1)}
      | {
          f'largest {side}-degree': graphs[f'{side} {name}'].max((1, 2))
          for side in ('in', 'out')
      }
      for name in measure.GRAPHS
  }  # fmt: skip
  shown = (
      'excess kurtosis', 'above 4 deviations', 'below 4 deviations',
      'exponent in', 'exponent out',
  )  # fmt: skip
  heads = {
      f'head {i + 1}': {name: graphs[name][:, i] for name in shown}
      for i in range(model.num_heads)
  }
  layers = {
      f'layer {i + 1}': {
          n: np.asarray(active[f'{n}_active/layer_{i + 1}']) for n in 'xy'
      }
      for i in range(model.num_layers)
  }
  about = 'Exponents are of power laws fitted to the tails of degrees.'
  return {
      f'Graphs at {config.claimed} edges a neuron': train.Table(kinds, 'graph'),
      'Weights within a head, D_x E': train.Table(heads, 'head', about),
      'Active share on held-out text': train.Table(layers, 'layer'),
  }
