"""The reports that the repository keeps, and what is written from them."""

import html
import shutil

import pytest

import launch
from launch import gallery as program
from nmlib.train.reports import collection
from nmlib.train.reports import gallery
from nmlib.train.reports import readme
from tests.train import process

_REPORTS = process.ROOT / 'docs' / 'reports'
_KEPT = sorted(path.parent.name for path in _REPORTS.glob('*/report.json'))


def test_every_launcher_has_one():
  assert {*_KEPT} == {*launch.experiments()}


@pytest.mark.parametrize('name', _KEPT)
def test_is_of_the_small_preset_and_has_the_headline_of_its_paper(name):
  record = collection.read(_REPORTS / name).record
  assert (record['experiment'], record['preset']) == (name, 'small')
  values = program.known()[name].paper.headline.values(record)
  assert all(values)


def test_readme_has_their_table():
  entries, skipped = collection.collect(_REPORTS)
  assert not skipped
  text = (process.ROOT / 'README.md').read_text()
  assert readme.splice(text, program.table(entries)) == text, (
      'README is stale: python -m launch.gallery --workdir=docs/reports'
      ' --write_readme'
  )


def test_gallery_writes_a_page_and_says_what_it_leaves_out(tmp_path):
  shutil.copytree(_REPORTS / 'bdh', tmp_path / 'runs' / 'bdh')
  (tmp_path / 'runs' / 'broken').mkdir()
  (tmp_path / 'runs' / 'broken' / 'report.json').write_text('{')
  page = tmp_path / 'there' / 'page.html'
  code, out, err = process.run(
      '-m', 'launch.gallery', f'--workdir={tmp_path}/runs', f'--output={page}'
  )
  assert code == 0, err
  assert out == f'1 runs: {page}\n'
  assert 'broken is left out: report.json is not valid JSON' in err
  assert 'broken is left out' in page.read_text()


@pytest.mark.parametrize(
    'flag, message',
    [
        ('--workdir=nowhere', 'nowhere is no folder; name one that holds runs'),
        ('--wordkir=runs', 'Did you mean: workdir'),
    ],
)
def test_bad_flag_is_one_sentence(flag, message):
  code, out, err = process.run('-m', 'launch.gallery', flag)
  assert (code, out) == (2, '')
  assert message in err
  # Grain warns of a jaxlib that is older than it would like.
  said = [line for line in err.splitlines() if 'WARNING:absl:Grain' not in line]
  assert len(said) == 1


def test_every_kept_run_is_shown_with_its_paper():
  entries, _ = collection.collect(_REPORTS)
  known = program.known()
  page = gallery.page(entries, known)
  for entry in entries:
    about = known[entry.record['experiment']].paper
    assert f'<h2>{html.escape(about.title)}</h2>' in page
  assert page.count('<article ') == len(_KEPT)
