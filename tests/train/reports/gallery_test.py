"""Reports become a page: whole, escaped, and of use to a browser."""

import dataclasses
import html.parser
import json
import math
import pathlib
import re
import struct

from absl.testing import absltest
from absl.testing import parameterized

from nmlib import train
from nmlib.train.reports import beside
from nmlib.train.reports import collection
from nmlib.train.reports import gallery
from nmlib.train.reports import repeat

_PNG = b'\x89PNG\r\n\x1a\n' + struct.pack('>I4sII', 13, b'IHDR', 30, 20)
_NASTY = '</script><img src="https://example.org/x" onerror=alert(1)>&"\''


@dataclasses.dataclass(frozen=True)
class _Model:
  width: int = 3


@dataclasses.dataclass(frozen=True)
class _Config:
  tasks: tuple[str, ...] = ('a', 'b')
  name: str = 'plain'
  bias: float = 0.5
  model: _Model = _Model()


def _claim(**fields):
  usual = {
      'text': 'It learns', 'source': 'abstract', 'paper': '0.9 of 1',
      'ours': {'ours': [0.5, 0.7]}, 'holds': True, 'compared': 'in the mean',
      'expected': True, 'because': '',
  }  # fmt: skip
  return usual | fields


def _record(**fields):
  usual = {
      'experiment': 'toy', 'preset': 'small',
      'config': json.loads(json.dumps(dataclasses.asdict(_Config()))),
      'data': {'rows': 'generated'}, 'differences': ['Smaller.'],
      'claims': [_claim()], 'notes': {'Sample': 'some text'},
      'tables': {'All': train.Table({'a': {'x': [1.0, 3.0]}}).record()},
      'figures': {},
  }  # fmt: skip
  return usual | fields


_KNOWN = {
    'toy': gallery.Known(
        train.Paper(
            title='A paper', authors='Somebody et al.', year=2024,
            url='https://arxiv.org/abs/2401.00001',
            modules=('nmlib.neurons.elm',), checked='closed forms',
            headline=train.Headline('accuracy', 'It', ('ours',), '0.9'),
            data={'small': (train.Source('rows', 'generated'),)},
        ),
        {'small': _Config(), 'wide': _Config(model=_Model(9))},
    )
}  # fmt: skip


class _Parsed(html.parser.HTMLParser):
  """The tags of a page, and whether they are closed in order."""

  _VOID = {'meta', 'img', 'path', 'circle', 'link', 'br'}

  def __init__(self, text):
    super().__init__()
    self.tags, self.open, self.text = [], [], []
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))
    if tag not in self._VOID:
      self.open.append(tag)

  def handle_startendtag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))

  def handle_endtag(self, tag):
    assert self.open and self.open[-1] == tag, (tag, self.open)
    self.open.pop()

  def handle_data(self, data):
    self.text.append(data)


class PageTest(parameterized.TestCase):

  def _page(self, *records, skipped=(), **fields):
    entries = [
        collection.Entry(f'runs/{i}', collection.whole(record), **fields)
        for i, record in enumerate(records)
    ]
    return gallery.page(entries, _KNOWN, skipped)

  def test_everything_of_a_report_is_there(self):
    page = self._page(_record(), figures={'loss_curve': _PNG})
    parsed = _Parsed(page)
    self.assertEmpty([t for t in parsed.open if t not in ('html', 'body')])
    text = ' '.join(parsed.text)
    for part in (
        'A paper', 'Somebody et al. 2024', 'It learns, in the mean', 'holds',
        '0.9 of 1', '0.6 ± 0.14 (n=2)', 'Smaller.', 'some text', 'loss curve',
        'python -m launch.toy --preset=small', 'generated', 'model.width',
        'Mean ± standard deviation over seeds, n = 2.',
    ):  # fmt: skip
      self.assertIn(part, text)
    (shown,) = [
        attrs
        for tag, attrs in parsed.tags
        if tag == 'img' and attrs.get('src', '').startswith('data:image/png')
    ]
    self.assertEqual((shown['width'], shown['height']), ('30', '20'))

  def test_report_is_text_that_stays_text(self):
    nasty = _record(
        experiment=_NASTY, preset=_NASTY, config={_NASTY: _NASTY},
        data={_NASTY: _NASTY}, differences=[_NASTY],
        notes={_NASTY: _NASTY}, figures={_NASTY: 'x.png'},
        claims=[
            _claim(
                text=_NASTY, source=_NASTY, paper=_NASTY, compared=_NASTY,
                because=_NASTY, ours={_NASTY: [1.0]},
            )
        ],
        tables={_NASTY: train.Table({_NASTY: {_NASTY: _NASTY}}).record()},
    )  # fmt: skip
    page = self._page(
        nasty,
        skipped=[_NASTY],
        figures={_NASTY: _PNG},
        cost={'seconds': 1.0, 'kind': _NASTY, 'versions': {_NASTY: _NASTY}},
    )
    parsed = _Parsed(page)
    self.assertLen([tag for tag, _ in parsed.tags if tag == 'script'], 1)
    for tag, attrs in parsed.tags:
      self.assertFalse(any(name.startswith('on') for name in attrs), tag)
      self.assertTrue(attrs.get('src', 'data:').startswith('data:'))
    self.assertIn(_NASTY, ''.join(parsed.text))

  def test_text_that_utf8_cannot_write_is_marked(self):
    self.assertEqual(beside.text('a\ud800b'), 'a?b')

  def test_page_needs_no_network(self):
    page = self._page(_record(), figures={'loss': _PNG})
    self.assertIn("default-src 'none'", page)
    self.assertNotRegex(page, r'@import|url\(')
    addresses = set(re.findall(r'https?://[^"<]+', page))
    self.assertEqual(addresses, {'https://arxiv.org/abs/2401.00001'})

  @parameterized.parameters(
      (True, True, 'holds'),
      (False, True, 'fails'),
      (False, False, 'fails, as expected'),
      (True, False, 'holds, not expected'),
      (True, None, 'holds, undecided'),
      (False, None, 'fails, undecided'),
  )
  def test_verdict_and_its_reason(self, holds, expected, word):
    claim = _claim(holds=holds, expected=expected, because='too small')
    page = self._page(_record(claims=[claim]))
    self.assertRegex(page, rf'<span class="verdict \w+">{word}</span>')
    self.assertIn(': too small', page)
    surprising = '1 not as expected' in page
    self.assertEqual(surprising, expected not in (None, holds))

  def test_runs_are_ordered_by_paper_and_preset(self):
    records = (
        _record(experiment='zebra'), _record(preset='wide'), _record(),
    )  # fmt: skip
    page = self._page(*records)
    order = re.findall(
        r'<article id="run-\d+" data-paper="(.*?)" .*?"(\w+)"', page
    )
    self.assertEqual(
        order, [('A paper', 'small'), ('A paper', 'wide'), ('zebra', 'small')]
    )
    self.assertIn('No launcher of this clone has this name.', page)

  def test_dots_are_placed_on_the_scale(self):
    drawn = beside.dots([0.0, 1.0, math.nan], 0.0, 1.0)
    centres = [float(x) for x in re.findall(r'cx="([\d.]+)"', drawn)]
    self.assertEqual(centres, [6.0, 154.0])
    self.assertIn('M80.0 1', drawn)  # the mean
    self.assertIn('By seed: 0, 1, nan', drawn)
    self.assertIn('cx="80.0"', beside.dots([3.0], 3.0, 3.0))

  @parameterized.parameters(
      (None, ''),
      ({'seconds': 4.4}, '4 s'),
      (
          {'seconds': 251.2, 'platform': 'cpu', 'cpus': 2, 'count': 1},
          '4 min on 2 CPU cores',
      ),
      (
          {
              'seconds': 7260.0, 'platform': 'gpu', 'kind': 'H100', 'count': 8,
              'versions': {'jax': '0.10.2'},
          },
          '2.02 h on 8 H100; jax 0.10.2',
      ),
  )  # fmt: skip
  def test_cost_is_said_as_far_as_it_is_known(self, record, said):
    self.assertEqual(gallery.cost(record), said)


class CommandTest(parameterized.TestCase):

  def _command(self, config, preset='small'):
    plain = json.loads(json.dumps(dataclasses.asdict(config)))
    record = _record(config=plain, preset=preset)
    return repeat.command(record, _KNOWN['toy'].presets)

  def test_only_what_differs_from_the_preset_is_given(self):
    start = 'python -m launch.toy --preset='
    self.assertEqual(self._command(_Config()), f'{start}small')
    self.assertEqual(
        self._command(_Config(model=_Model(9)), 'wide'), f'{start}wide'
    )
    changed = _Config(('a',), "it's", 1e-05, _Model(4))
    self.assertEqual(
        self._command(changed),
        f"""{start}small '--config.tasks=('"'"'a'"'"',)'"""
        """ '--config.name=it'"'"'s' --config.bias=1e-05"""
        ' --config.model.width=4',
    )

  def test_what_is_no_longer_there_is_named(self):
    presets = _KNOWN['toy'].presets
    with self.assertRaisesRegex(ValueError, "'tiny' is none of small, wide"):
      repeat.command(_record(preset='tiny'), presets)
    with self.assertRaisesRegex(ValueError, 'depth of its config came or went'):
      repeat.command(
          _record(config=_record()['config'] | {'depth': 3}), presets
      )


class CollectTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)

  def _write(self, name, text, cost=None):
    (self.folder / name).mkdir(parents=True, exist_ok=True)
    (self.folder / name / 'report.json').write_text(text)
    if cost:
      (self.folder / name / 'run.json').write_text(json.dumps(cost))

  def test_runs_are_found_however_deep_with_their_cost(self):
    self._write('.', json.dumps(_record()))
    cost = {'seconds': 3.0, 'platform': 'cpu', 'kind': 'cpu'}
    cost |= {'count': 1, 'cpus': 2}
    self._write('a/b', json.dumps(_record()), cost=cost)
    self._write('figures', 'not a run, but a folder of one')
    (self.folder / 'a' / 'loop').symlink_to(self.folder)
    entries, skipped = collection.collect(self.folder)
    self.assertEqual([e.folder for e in entries], ['.', 'a/b'])
    self.assertEqual([e.cost for e in entries], [None, cost])
    self.assertEmpty(skipped)

  def test_older_report_gets_what_it_lacks(self):
    old = _record()
    for entry in ('tables', 'notes', 'differences'):
      del old[entry]
    for entry in ('compared', 'expected', 'because'):
      del old['claims'][0][entry]
    record = collection.whole(old)
    self.assertEqual(record['tables'], {})
    self.assertTrue(record['claims'][0]['expected'])

  @parameterized.parameters(
      ('{"experiment": ', 'not valid JSON'),
      ('[' * 100_000, 'left out'),
      ('[1]', 'the report must be dict, got list'),
      ('{"tests": 3}', "no entry 'experiment'"),
      (
          json.dumps(_record(claims=[_claim(ours={'a': ['x']})])),
          "'a'.* must be int or float, got str",
      ),
      (
          json.dumps(_record(claims=[_claim(holds=1)])),
          "'holds' of .* must be bool, got int",
      ),
      (
          json.dumps(_record(tables={'T': {'label': 'l', 'rows': {'r': 3}}})),
          "'r'.* must be dict, got int",
      ),
      (json.dumps(_record(figures={'a': 'b.png'})), "'a' is missing, 'b.png'"),
      (json.dumps(_record(figures={'a': '../b.png'})), 'is outside of it'),
      (json.dumps(_record(figures={'a': '/etc/b.png'})), 'is outside of it'),
      (json.dumps(_record(figures={'a': 'report.json'})), "'a' is no PNG"),
      (json.dumps(_record(figures={'a': 'figures/cut.png'})), "'a' is no PNG"),
      (
          json.dumps(_record(claims=[_claim(ours={'a': [10**400]})])),
          "'a'.* holds an integer beyond any float",
      ),
  )
  def test_what_is_no_report_is_left_out_with_a_sentence(self, text, message):
    self._write('good', json.dumps(_record()))
    self._write('other', text)
    (self.folder / 'other' / 'figures').mkdir(exist_ok=True)
    cut = self.folder / 'other' / 'figures' / 'cut.png'
    cut.write_bytes(b'\x89PNG\r\n\x1a\n')
    entries, skipped = collection.collect(self.folder)
    self.assertEqual([e.folder for e in entries], ['good'])
    (sentence,) = skipped
    self.assertRegex(sentence, rf'^other is left out: .*{message}|{message}')

  def test_folder_without_runs_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'holds no report.json; finish'):
      collection.collect(self.folder)
    with self.assertRaisesRegex(ValueError, 'nowhere is no folder'):
      collection.collect(self.folder / 'nowhere')


if __name__ == '__main__':
  absltest.main()
