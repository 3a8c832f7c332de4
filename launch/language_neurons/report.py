"""The report of `launch.language_neurons`."""

from launch.language_neurons import figures
from launch.language_neurons.config import Config
from nmlib import train
from nmlib.analysis import deactivation
from nmlib.analysis import language_survey

_LADDER = 'our spec of a small version'
_SMALL = (
    'a decoder of 2048 gated neurons tells these languages apart elsewhere: '
)
_BECAUSE = {
    'others': _SMALL
    + 'effects are hundred-thousandths of a nat; every seed has the factor, the'
    ' interval of differences takes in 0.',
    'random': 'effects of seeds differ more than tenfold, random neurons cost'
    ' more in one, and the interval of differences takes in 0.',
    'layers': _SMALL + 'more lie in the middle layers.',
    'pairs': 'of 20 selected neurons 2.4 are related, in one seed none: the'
    ' interval of differences takes in 0.',
    'aligned': 'translating two languages moves these numbers less than seeds'
    ' differ.',
}


def make(config: Config, names, base, after) -> train.Report:
  """Holds what is found in models, and in aligned ones, against the claims."""
  size, world = len(names), config.source == 'world'
  because = _BECAUSE if world else dict.fromkeys(_BECAUSE, '')
  split = lambda key, start: deactivation.own_and_others(
      base[key][..., start : start + size]
  )
  (own, other), (drawn, _) = split('own', 0), split('random', 0)
  language = base['profile'][:, :2].sum(1)
  claims = [
      train.higher(
          "A language's own neurons, specific and related, cost it at least 3"
          " times what another's do when they are put out",
          {'own': own[:, 1]}, {"another's": other[:, 1]}, times=3,
          by='interval', also={'random': drawn[:, 1]},
          source='figure 2b; factor: ' + _LADDER,
          paper='accuracy on the diagonal falls most',
          because=because['others'],
      ),
      train.higher(
          'They cost at least 3 times what as many random neurons of each'
          ' layer do', {'own': own[:, 1]}, {'random': drawn[:, 1]}, times=3,
          by='interval', source=_LADDER, because=because['random'],
      ),
  ]  # fmt: skip
  if language.shape[1] > 2:  # there are layers between
    claims += [train.higher(
        'The first and last layer have more specific and related neurons than'
        ' those between', {'ends': language[:, [0, -1]].mean(1)},
        {'between': language[:, 1:-1].mean(1)}, by='interval',
        source='figure 4; ' + _LADDER, because=because['layers'],
    )]  # fmt: skip
  if world:
    claims += _of_world(config, because, base, after)
  if after is not None:
    claims += _of_alignment(because, base, after)
  columns = {'loss, own': own, "loss, another's": other, 'loss, random': drawn}
  columns |= {f'right, {key}': split(key, size)[0] for key in ('own', 'random')}
  rows = {
      name: {column: values[:, i] for column, values in columns.items()}
      for i, name in enumerate(language_survey.SETS)
  }
  return train.Report(
      claims=claims,
      data={'languages': ', '.join(names), 'texts': config.texts or 'made'},
      differences=_differences(config) if world else [],
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
      figures={
          'deactivation': figures.matrices(names, base),
          'profile': figures.profile(base, after),
      },
  )  # fmt: skip


def of_counts(config: Config, names, found, wrong) -> train.Report:
  """Holds masks of released counts against the released masks."""
  language = found['profile'][0, :2].sum(0)
  ends = {'layers 0-4': (0, 5), '5-17': (5, 18), '18-30': (18, 31)}
  stages = {name: language[a:b].mean() for name, (a, b) in ends.items()}
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
      figures={'profile': figures.profile(found, None)},
  )  # fmt: skip


def _of_world(config, because, base, after) -> list[train.Claim]:
  size = config.world.num_languages
  related, others = language_survey.related_and_others(
      base['sharing'], config.world.related
  )
  worst = [found['before'][:, size:].min(1) for found in (base, after)]
  return [
      train.higher(
          'Related languages share more related neurons than others',
          {'related': related}, {'others': others}, by='interval',
          source=_LADDER, because=because['pairs'],
      ),
      train.higher(
          'All languages are learned: 0.9 of the answers are right in the'
          ' worst', {'before': worst[0]}, 0.9, by='mean',
          also={'aligned': worst[1]}, source='ours',
      ),
  ]  # fmt: skip


def _of_alignment(because, base, after) -> list[train.Claim]:
  claims = []
  for way, of, key, source, paper in (
      ('fewer', 'all', 'everyone', 'figure 5', '-486'),
      ('more', 'all', 'everyone', 'figure 5', '+1893'),
      ('fewer', 'selected', 'selected', 'table 2', '-37'),
      ('more', 'selected', 'selected', 'table 2', '+232'),
  ):
    claim, what, numbers = {
        'fewer': (train.lower, 'one language (N = 1)', slice(1, 2)),
        'more': (train.higher, 'several (N of 2 and more)', slice(2, None)),
    }[way]
    number = lambda found, k=key, n=numbers: found[k][:, n].sum(1)
    claims.append(
        claim(
            f'Aligned, {way} of {of} neurons are of {what}',
            {'after': number(after)}, {'before': number(base)}, by='interval',
            source=source, paper=paper, because=because['aligned'],
        )
    )  # fmt: skip
  return claims


def _differences(config) -> list[str]:
  network = config.network
  return [
      f'A generated world, and a decoder of {network.num_layers} x'
      f' {network.hidden} gated neurons.',
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
    found['selected, aligned'] = after['selected']
    found['all, aligned'] = after['everyone']
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
