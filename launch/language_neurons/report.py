"""The report of `launch.language_neurons`."""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from launch.language_neurons import figures
from launch.language_neurons.config import Config
from launch.language_neurons.measure import SETS
from nmlib import train

_LADDER = 'our spec of a small version'
_CHANGES = {'everyone': ('-486', '+1893'), 'selected': ('-37', '+232')}
_BECAUSE: dict[str, str] = {}


def make(
    config: Config,
    names: Sequence[str],
    base: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray] | None,
) -> train.Report:
  """Holds a model, and its aligned one, against the claims."""
  own, other, drawn = (x[:, 1] for x in costs(base, len(names)))
  shown = {'own': own}
  claims = [
      train.higher(
          "A language's own neurons, specific and related, cost it at least 3"
          " times what another's do when they are put out",
          shown, {"another's": other}, times=3, by='interval',
          also={'random': drawn}, source='figure 2b; factor: ' + _LADDER,
          paper='accuracy on the diagonal falls most', **_because('others'),
      ),
      train.higher(
          'They cost at least 3 times what as many random neurons of each'
          ' layer do', shown, {'random': drawn}, times=3, by='interval',
          source=_LADDER, **_because('random'),
      ),
      _layers(base),
  ]  # fmt: skip
  if config.source == 'world':
    claims += _of_world(config, base, after)
  if after is not None:
    claims += _of_alignment(base, after)
  return train.Report(
      claims=claims,
      data={
          'languages': ', '.join(names),
          'texts': f'{config.texts or config.num_prompts} of each',
      },
      differences=_differences(config) if config.source == 'world' else [],
      tables=_tables(names, base, after),
      figures=figures.draw(names, base, after),
  )


def costs(found, size: int):
  """Returns loss added [S, sets]: of own neurons, another's, random ones."""
  same = np.eye(size, dtype=bool)
  own = found['own'][..., :size]
  return (
      own[..., same].mean(-1), own[..., ~same].mean(-1),
      found['random'][..., :size][..., same].mean(-1),
  )  # fmt: skip


def of_counts(config: Config, names, found, wrong) -> train.Report:
  """Holds masks of released counts against the released masks."""
  language = found['profile'][0, :2].sum(0)
  stages = {
      'layers 0-4': language[:5].mean(), '5-17': language[5:18].mean(),
      '18-30': language[18:31].mean(),
  }  # fmt: skip
  rows = {
      name: {'neurons': int(size), 'differ from the released': int(off)}
      for name, size, off in zip(names, found['sizes'][0], wrong, strict=True)
  }
  return train.Report(
      claims=[
          train.lower(
              'All masks are the released ones: no neuron of any language'
              ' differs', {'neurons that differ': wrong.sum()}, 0.5, by='mean',
              source='released masks', paper='0',
          ),
          train.higher(
              'Stages by layer: ten times as many language neurons a layer in'
              ' the first 5 and in layers 18 to 30 as between',
              {'fewest of the two': min(stages['layers 0-4'], stages['18-30'])},
              {'5-17': stages['5-17']}, times=10, by='mean', also=stages,
              source='figure 4; factor: ours', paper='a figure',
          ),
      ],
      data={'counts': config.counts},
      tables={
          'Masks': train.Table(rows, 'language', _search(found)),
          'Neurons by N': _histogram(found, None),
      },
      figures={
          'histogram': figures.histogram(found, None),
          'profile': figures.profile(found, None),
      },
  )  # fmt: skip


def _because(name: str) -> dict[str, str]:
  return {'because': _BECAUSE[name]} if name in _BECAUSE else {}


def _layers(base) -> train.Claim:
  language = base['profile'][:, :2].sum(1)
  ends = language[:, [0, -1]].mean(1)
  return train.higher(
      'The first and last layer have more specific and related neurons than'
      ' those between', {'ends': ends}, {'between': language[:, 1:-1].mean(1)},
      by='interval', source='figure 4; ' + _LADDER, **_because('layers'),
  )  # fmt: skip


def _of_world(config, base, after) -> list[train.Claim]:
  size = config.world.num_languages
  pairs = np.zeros((size, size), bool)
  for pair in config.world.related:
    pairs[pair] = True
  others = np.triu(np.ones((size, size), bool), 1) & ~pairs
  worst = [found['before'][:, size:].min(1) for found in (base, after)]
  return [
      train.higher(
          'Related languages share more related neurons than others',
          {'related': base['sharing'][:, pairs].mean(1)},
          {'others': base['sharing'][:, others].mean(1)}, by='interval',
          source=_LADDER, **_because('pairs'),
      ),
      train.higher(
          'All languages are learned: 0.9 of the answers are right in the'
          ' worst of them', {'before': worst[0]}, 0.9, by='mean',
          also={'aligned': worst[1]}, source='ours',
          **_because('learned'),
      ),
  ]  # fmt: skip


def _of_alignment(base, after) -> list[train.Claim]:
  claims = []
  for key, which, source in (
      ('everyone', 'all neurons', 'figure 5'),
      ('selected', 'selected neurons', 'table 2'),
  ):
    one = [{t: f[key][:, 1]} for t, f in (('after', after), ('before', base))]
    more = [
        {t: f[key][:, 2:].sum(1)}
        for t, f in (('after', after), ('before', base))
    ]
    claims += [
        train.lower(
            f'Of {which}, alignment leaves fewer with one language (N = 1)',
            *one, by='interval', source=source, paper=_CHANGES[key][0],
            **_because(f'fewer {key}'),
        ),
        train.higher(
            f'Of {which}, alignment leaves more with several (N of 2 and more)',
            *more, by='interval', source=source, paper=_CHANGES[key][1],
            **_because(f'more {key}'),
        ),
    ]  # fmt: skip
  return claims


def _differences(config) -> list[str]:
  return [
      'A generated world and a decoder of'
      f' {config.network.num_layers} x {config.network.hidden} gated neurons;'
      f' {config.top_rate:g} of them are selected, above the'
      f' {config.quantile:g} quantile, lambda up to {config.high:g} (0.01, 0.95'
      ' and 0.2), since 1 % would be five neurons.',
      'Effects are on the loss of right answers; the paper counts right numbers'
      ' in the right language.',
      'Alignment is translation of languages'
      f' {" and ".join(map(str, config.align_languages))} from and to language'
      ' 0, among texts as before; the paper prefers answers that translate'
      ' well (DPO).',
  ]


def _search(found) -> str:
  mean = lambda key: f'{np.mean(found[key]):.6g}'
  return (
      f'Threshold {mean("threshold")}; lambda {mean("weight")} by the score as'
      f' released, {mean("weight, paper")} as in the paper (means).'
  )


def _histogram(base, after) -> train.Table:
  columns = {
      'selected': base['selected'],
      "selected, paper's form": base['selected, paper'], 'all': base['everyone'],
  }  # fmt: skip
  if after is not None:
    columns |= {
        'selected, aligned': after['selected'], 'all, aligned': after['everyone']
    }  # fmt: skip
  size = base['everyone'].shape[1]
  return train.columns(
      {
          title: {str(n): values[:, n].astype(float) for n in range(size)}
          for title, values in columns.items()
      },
      'N', 'Selected neurons of N = 0 are above the threshold in no language:'
      ' they are no language neurons, and belong to no mask. ' + _search(base),
  )  # fmt: skip


def _tables(names, base, after) -> dict[str, train.Table]:
  size = len(names)
  own, other, drawn = costs(base, size)
  diagonal = np.arange(size), size + np.arange(size)
  right = [base[key][:, :, *diagonal].mean(-1) for key in ('own', 'random')]
  rows = {
      name: {
          'loss, own': own[:, i], "another's": other[:, i],
          'random': drawn[:, i], 'right, own': right[0][:, i],
          'right, random': right[1][:, i],
      }
      for i, name in enumerate(SETS)
  }  # fmt: skip
  languages = {
      name: {
          'loss': base['before'][:, k], 'right': base['before'][:, size + k],
          'neurons': base['sizes'][:, k].astype(float),
          'loss, own off': base['own'][:, 1, k, k],
      }
      for k, name in enumerate(names)
  }  # fmt: skip
  return {
      'Put out': train.Table(
          rows, 'neurons',
          'Changes of the loss, nats a token, and of the share of right'
          ' answers, of the language whose neurons are off; random ones are as'
          ' many in each layer.',
      ),
      'Languages': train.Table(languages, 'language'),
      'Neurons by N': _histogram(base, after),
  }  # fmt: skip
