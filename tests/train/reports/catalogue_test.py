"""An experiment in the list: its data, its cost, in 80 columns."""

import dataclasses
import json

import pytest

from nmlib import train
from nmlib.train import cost
from nmlib.train.reports import catalogue

_FILES = train.Source('recordings', 'files', flag='--path')
_PAPER = train.Paper(
    title='On the sums of many small things that are never quite independent',
    authors='Doe, Roe',
    year=2020,
    url='https://example.org/sums',
    modules=('nmlib.neurons.lif',),
    checked='itself',
    headline=train.Headline('a number', 'It is', ('one',), 'none'),
    data={
        'small': (
            train.Source('sums', 'generated'),
            train.Source('digits', 'embedded', flag='--config.digits'),
        ),
        'smoke': (train.Source('sums', 'generated'),),
        'paper': (train.Source('MNIST', 'tfds', tfds='mnist'), _FILES),
        'again': (train.Source('sums', 'generated'),),
    },
)


def _words(kept, **kwargs) -> str:
  text = catalogue.block('python -m sums', _PAPER, kept, **kwargs)
  assert max(map(len, text.splitlines())) <= 80
  return ' '.join(text.split())


def _keep(folder, **changes):
  folder.mkdir(exist_ok=True)
  record = {'seconds': 240.0, 'platform': 'cpu', 'kind': 'cpu'}
  record |= {'cpus': 2, 'count': 1}
  (folder / 'run.json').write_text(json.dumps(record | changes))


def test_presets_that_need_the_same_share_a_row(tmp_path):
  words = _words(tmp_path, prepared={'mnist'}.__contains__)
  assert words.startswith('python -m sums On the sums of many small things')
  assert 'independent (Doe, Roe 2020) https://example.org/sums small' in words
  assert (
      'small sums (generated); digits (here; or --config.digits=...)' in words
  )
  assert 'smoke, again sums (generated)' in words
  assert (
      'paper MNIST (from TFDS, here); recordings (yours, --path=...)' in words
  )
  assert 'from TFDS, not prepared here' in _words(
      tmp_path, prepared=lambda name: False
  )


def test_sources_alike_are_named_together(tmp_path):
  pair = tuple(train.Source(x, 'generated', flag='--path') for x in 'ab')
  paper = dataclasses.replace(_PAPER, data={'small': pair})
  text = catalogue.block('x', paper, tmp_path)
  assert 'a, b (generated; or --path=...)' in text


def test_cost_is_of_runs_that_were_kept(tmp_path):
  assert _words(tmp_path).endswith(
      'cost of small on CPU cores not measured; on one GPU not measured'
  )
  _keep(tmp_path)
  assert '4 min on 2 CPU cores; on one GPU not measured' in _words(tmp_path)
  _keep(tmp_path / 'gpu', seconds=31.4, platform='gpu', kind='NVIDIA H200')
  assert _words(tmp_path).endswith('2 CPU cores; 31 s on one NVIDIA H200')
  _keep(tmp_path / 'gpu', platform='gpu', kind='NVIDIA H200', count=8)
  assert _words(tmp_path).endswith('on one GPU not measured')


@pytest.mark.parametrize(
    'seconds, text',
    [(0.4, '0 s'), (99, '99 s'), (100, '2 min'), (3600, '60 min'),
     (9000, '2.5 h'), (7 * 86400, '7 days'), (1e300, '1.2e+295 days')],
)  # fmt: skip
def test_durations_are_short(seconds, text):
  assert cost.duration(seconds) == text
