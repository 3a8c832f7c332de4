"""The report of `launch.language_neurons`."""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from launch.language_neurons import figures
from launch.language_neurons.config import Config
from launch.language_neurons.measure import SETS
from nmlib import train

_LADDER = 'our spec of a small version'
_SMALL = (
    'a decoder of 512 gated neurons tells these languages apart elsewhere: '
)
_BECAUSE = {
    'others': _SMALL + 'effects go from 0.0002 to 0.04 nats; three of the four'
    ' seeds that learned all languages have the factor, the interval does not.',
    'random': 'the four seeds that learned all languages have 6 to 24 times;'
    ' effects differ by as much, and the interval of differences takes in 0.',
    'layers': _SMALL + 'they lie in all four layers alike.',
    'pairs': _SMALL + 'related languages share words, not neurons.',
    'learned': 'one seed of five answers a sixth in its worst language after'
    ' 2000 steps, the others all.',
    **dict.fromkeys(
        ('fewer all', 'more all', 'fewer selected', 'more selected'),
        'translating two languages moves these numbers less than seeds differ.',
    ),
}
_because = lambda config, name: (
    _BECAUSE[name] if config.source == 'world' else ''
)


def make(
    config: Config,
    names: Sequence[str],
    base: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray] | None,
) -> train.Report:
  """Holds a model, and its aligned one, against the claims."""
  size = len(names)
  own, other, drawn = costs(base, size)
  language = base['profile'][:, :2].sum(1)
  claims = [
      train.higher(
          "A language's own neurons, specific and related, cost it at least 3"
          " times what another's do when they are put out",
          {'own': own[:, 1]}, {"another's": other[:, 1]}, times=3,
          by='interval', also={'random': drawn[:, 1]},
          source='figure 2b; factor: ' + _LADDER,
          paper='accuracy on the diagonal falls most',
          because=_because(config, 'others'),
      ),
      train.higher(
          'They cost at least 3 times what as many random neurons of each'
          ' layer do', {'own': own[:, 1]}, {'random': drawn[:, 1]}, times=3,
          by='interval', source=_LADDER, because=_because(config, 'random'),
      ),
      train.higher(
          'The first and last layer have more specific and related neurons'
          ' than those between', {'ends': language[:, [0, -1]].mean(1)},
          {'between': language[:, 1:-1].mean(1)}, by='interval',
          source='figure 4; ' + _LADDER, because=_because(config, 'layers'),
      ),
  ]  # fmt: skip
  if config.source == 'world':
    claims += _of_world(config, base, after)
  if after is not None:
    claims += _of_alignment(config, base, after)
  columns = {'own': own, "another's": other, 'random': drawn}
  rows = {
      s: {f'loss, {c}': values[:, i] for c, values in columns.items()}
      | {f'right, {c}': _right(base, c, size)[:, i] for c in ('own', 'random')}
      for i, s in enumerate(SETS)
  }
  return train.Report(
      claims=claims,
      data={'languages': ', '.join(names), 'texts': config.texts or 'made'},
      differences=_differences(config) if config.source == 'world' else [],
      tables={
          'Put out': train.Table(
              rows, 'neurons',
              'Changes of the loss, nats a token, and of the share of right'
              ' answers, of the language whose neurons are off, or of others;'
              ' random ones are as many in each layer. Before, the loss is'
              f' {base["before"][:, :size].mean():.3g}.',
          ),
          'Neurons by N': _histogram(base, after),
      },
      figures=figures.draw(names, base, after),
  )  # fmt: skip


def of_counts(config: Config, names, found, wrong) -> train.Report:
  """Holds masks of released counts against the released masks."""
  language = found['profile'][0, :2].sum(0)
  stages = {
      'layers 0-4': language[:5].mean(), '5-17': language[5:18].mean(),
      '18-30': language[18:31].mean(),
  }  # fmt: skip
  return train.Report(
      claims=[
          train.lower(
              'All masks are the released ones: no neuron differs',
              {'neurons that differ': wrong.sum()}, 0.5, by='mean',
              also=dict(zip(names, found['sizes'][0], strict=True)),
              source='released masks', paper='0',
          ),
          train.higher(
              'Stages: layers 0 to 4 and 18 to 30 have ten times as many'
              ' language neurons each as those between',
              {'fewer of the two': min(stages['layers 0-4'], stages['18-30'])},
              {'5-17': stages['5-17']}, times=10, by='mean', also=stages,
              source='figure 4; factor: ours', paper='a figure',
          ),
      ],
      data={'counts': config.counts},
      tables={'Neurons by N': _histogram(found, None)},
      figures={
          'histogram': figures.histogram(found, None),
          'profile': figures.profile(found, None),
      },
  )  # fmt: skip


def costs(found, size: int):
  """Returns loss added [S, sets]: of own neurons, another's, random ones."""
  same = np.eye(size, dtype=bool)
  own, random = (found[key][..., :size] for key in ('own', 'random'))
  return tuple(
      of.mean(-1) for of in (own[..., same], own[..., ~same], random[..., same])
  )


def _right(found, key, size):
  return np.einsum('sikk->si', found[key][..., size:]) / size


def _of_world(config, base, after) -> list[train.Claim]:
  size = config.world.num_languages
  pairs = np.zeros((size, size), bool)
  pairs[tuple(zip(*config.world.related, strict=True))] = True
  others = np.triu(~pairs, 1)
  worst = [found['before'][:, size:].min(1) for found in (base, after)]
  return [
      train.higher(
          'Related languages share more related neurons than others',
          {'related': base['sharing'][:, pairs].mean(1)},
          {'others': base['sharing'][:, others].mean(1)}, by='interval',
          source=_LADDER, because=_because(config, 'pairs'),
      ),
      train.higher(
          'All languages are learned: 0.9 of the answers are right in the'
          ' worst', {'before': worst[0]}, 0.9, by='mean',
          also={'aligned': worst[1]}, source='ours',
          because=_because(config, 'learned'),
      ),
  ]  # fmt: skip


def _of_alignment(config, base, after) -> list[train.Claim]:
  claims = []
  for key, of, source, fewer, more in (
      ('everyone', 'all', 'figure 5', '-486', '+1893'),
      ('selected', 'selected', 'table 2', '-37', '+232'),
  ):
    one = {t: f[key][:, 1] for t, f in (('after', after), ('before', base))}
    many = {
        t: f[key][:, 2:].sum(1) for t, f in (('after', after), ('before', base))
    }
    split = lambda found: ({k: v} for k, v in found.items())
    claims += [
        train.lower(
            f'Aligned, fewer of {of} neurons are of one language (N = 1)',
            *split(one), by='interval', source=source, paper=fewer,
            because=_because(config, f'fewer {of}'),
        ),
        train.higher(
            f'Aligned, more of {of} neurons are of several (N of 2 and more)',
            *split(many), by='interval', source=source, paper=more,
            because=_because(config, f'more {of}'),
        ),
    ]  # fmt: skip
  return claims


def _differences(config) -> list[str]:
  return [
      'A generated world, and a decoder of'
      f' {config.network.num_layers} x {config.network.hidden} gated neurons,'
      f' of which {config.top_rate:g} are selected, above the'
      f' {config.quantile:g} quantile, with lambda up to {config.high:g} (0.01,'
      ' 0.95 and 0.2): 1 % would be five neurons.',
      'Effects are on the loss of right answers; the paper counts right numbers'
      ' in the right language.',
      'Alignment is translation of languages'
      f' {" and ".join(map(str, config.align_languages))} from and to language'
      ' 0, among texts as before; the paper prefers answers that translate'
      ' well (DPO).',
  ]


def _histogram(base, after) -> train.Table:
  found = {
      'selected': base['selected'], "paper's form": base['selected, paper'],
      'all': base['everyone'],
  }  # fmt: skip
  if after is not None:
    found |= {
        'selected, aligned': after['selected'],
        'all, aligned': after['everyone'],
    }  # fmt: skip
  means = [base[k].mean() for k in ('threshold', 'weight', 'weight, paper')]
  return train.columns(
      {
          title: dict(zip(map(str, range(len(v.T))), 1.0 * v.T, strict=True))
          for title, v in found.items()
      },
      'N',
      'Selected neurons of N = 0 are above the threshold in no language, and in'
      ' no mask. Means: threshold {:.6g}, lambda {:.6g} by the score as'
      " released, {:.6g} in the paper's form.".format(*means),
  )
