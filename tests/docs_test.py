"""The site's sources: code of the guides runs, its commands exist."""

import ast
import importlib
import inspect
import json
import pathlib
import re
import runpy
import shlex

import pytest

from nmlib import _lazy
from nmlib.neurons import lif
from nmlib.train import experiment
from nmlib.train import options

_ROOT = pathlib.Path(__file__).parents[1]
_PAGES = sorted(
    page
    for page in (_ROOT / 'docs').rglob('*.md')
    if not {'_build', 'notebooks', 'reports'} & set(page.parts)
)
# The guide to flax has a test of its own, beside the adapters.
_GUIDES = [
    page
    for page in _PAGES
    if page.parent.name == 'guides' and page.stem != 'flax'
]


@pytest.fixture(name='extensions')
def _extensions(monkeypatch):
  """The extensions of Sphinx that the site uses."""
  pytest.importorskip('sphinx')
  monkeypatch.syspath_prepend(str(_ROOT / 'docs' / '_ext'))


def _blocks(page: pathlib.Path, language: str) -> list[str]:
  return re.findall(
      rf'^```{language}\n(.*?)^```$', page.read_text(), re.DOTALL | re.MULTILINE
  )


@pytest.mark.parametrize('page', _GUIDES, ids=lambda page: page.stem)
def test_code_of_a_guide_runs(page, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  names = {}
  for block in _blocks(page, 'python'):
    needs = re.match(r'# needs (.*)', block)
    if needs:  # packages that tests do without
      compile(block, str(page), 'exec')
    else:
      exec(block, names)


def _commands() -> list[tuple[str, list[str]]]:
  found = []
  for page in [*_PAGES, _ROOT / 'README.md', _ROOT / 'BUILD.md']:
    for block in _blocks(page, 'sh'):
      for line in block.replace('\\\n', ' ').splitlines():
        words = shlex.split(line, comments=True)
        for i, word in enumerate(words):
          if word == '-m' and words[i + 1].startswith('launch.'):
            found.append((words[i + 1], words[i + 2 :]))
  return found


@pytest.mark.parametrize(
    'module, flags', _commands(), ids=lambda x: x if isinstance(x, str) else ''
)
def test_commands_of_pages_have_the_flags_they_give(module, flags):
  pairs = [flag.removeprefix('--').partition('=')[::2] for flag in flags]
  assert all(flag.startswith('--') for flag in flags), flags
  program = _ROOT / f'{module.replace(".", "/")}.py'
  if program.exists() and 'experiment' not in dict(pairs):
    defined = re.findall(r"DEFINE_\w+\(\s*'(\w+)'", program.read_text())
    assert {flag for flag, _ in pairs} <= {*defined}
    return
  name = dict(pairs).get('experiment') or module.removeprefix('launch.')
  launcher = experiment.load(f'launch.{name}')
  text = (_ROOT / 'launch' / 'plan.py').read_text()
  text += (_ROOT / 'nmlib' / 'train' / 'app.py').read_text()
  known = set(re.findall(r"DEFINE_\w+\(\s*'(\w+)'", text))
  known |= {*launcher.shortcuts, *launcher.commands}
  known |= {'help', 'jax_num_cpu_devices'}
  preset = launcher.presets[dict(pairs).get('preset', 'small')]
  changed = {}
  for flag, value in pairs:
    if flag.startswith('config.'):
      changed[flag.removeprefix('config.')] = _value(value)
    else:
      assert flag in known, f'{module}: --{flag}'
  options.override(preset, changed)


def _value(text: str):
  if text.startswith('$'):  # of a loop of the shell, over numbers
    return 1.0
  try:
    return ast.literal_eval(text)
  except (SyntaxError, ValueError):
    return text


def test_every_module_that_is_shown_has_its_place_in_the_api(extensions):
  del extensions
  generated_pages = importlib.import_module('generated_pages')
  documented = {
      module
      for page, modules in generated_pages.api_pages().items()
      for module in [page, *modules]
  }
  for name in generated_pages.PACKAGES:
    if (_ROOT / 'nmlib' / name / '__init__.py').exists():
      package = importlib.import_module(f'nmlib.{name}')
      if not hasattr(package, '__all__'):
        shown = _lazy.modules(package.__name__, package.__path__[0])
        assert set(shown.values()) <= documented


def test_links_of_the_readme_lead_within_the_site(extensions):
  del extensions
  site_links = importlib.import_module('generated_pages').site_links
  text = '[a](docs/guides/x.md#y) [b](BUILD.md#z) [c](LICENSE) [d](https://e.f)'
  assert site_links(text, 'https://g.h') == (
      '[a](guides/x.md#y) [b](building.md#z) [c](https://g.h/blob/main/LICENSE)'
      ' [d](https://e.f)'
  )


def test_dead_links_are_found(extensions, tmp_path):
  del extensions
  dead_links = importlib.import_module('internal_links').dead_links
  (tmp_path / 'inner').mkdir()
  (tmp_path / 'a.html').write_text(
      '<h1 id="top"></h1><a href="inner/b.html#there"></a><a href="#top"></a>'
      '<a href="https://example.org/x"></a><img src="../outside.png">'
  )
  (tmp_path / 'inner' / 'b.html').write_text(
      '<p id="there"></p><a href="../a.html#nowhere"></a><img src="c.png">'
  )
  assert dead_links(tmp_path) == [
      'inner/b.html: ../a.html#nowhere',
      'inner/b.html: c.png',
  ]


def test_report_is_shown_without_lists_and_a_missing_one_is_named(
    extensions, tmp_path
):
  del extensions
  reports = importlib.import_module('reports')
  claim = dict(
      text='Learns', compared='', source='figure 1', paper='0.9', holds=True,
      ours={'accuracy': [0.5, 0.7]}, expected=True, because='',
  )  # fmt: skip
  record = dict(
      experiment='x', preset='small', differences=['Small.'], claims=[claim],
      tables={}, notes={}, figures={'loss': 'figures/loss.png'},
      data={'text': 'letters', 'train': {'size': 3, 'files': ['a', 'b']}},
  )  # fmt: skip
  (tmp_path / 'x').mkdir()
  (tmp_path / 'x' / 'report.json').write_text(json.dumps(record))
  shown = reports.markdown('x', tmp_path)
  assert '| Learns | figure 1 | 0.9 | accuracy: 0.6 ± 0.14' in shown
  assert '![loss](/reports/x/figures/loss.png)' in shown
  assert "{'size': 3}" in shown and 'files' not in shown
  with pytest.raises(FileNotFoundError, match='python -m launch.elm.lra'):
    reports.markdown('elm.lra', tmp_path)


def test_docstrings_keep_what_they_say(extensions):
  del extensions
  as_typed = importlib.import_module('docstrings').as_typed
  text = """Norm |W| of `a_`, 2 * 3.

  With x:

    y = x * |x|
      + 1

  and so on.

  Args:
    x: an input, of `Array`s.

      Of any size.
  """
  assert as_typed(inspect.cleandoc(text).splitlines()) == [
      r'Norm \|W\| of `a_`, 2 \* 3.', '', 'With x:', '', '::', '',
      '  y = x * |x|', '    + 1', '', 'and so on.', '', 'Args:',
      r'  x: an input, of `Array`\ s.', '', '    Of any size.',
  ]  # fmt: skip


def test_fields_are_listed_with_their_comments(extensions):
  del extensions
  fields = importlib.import_module('docstrings').fields
  found = {name: (text, said) for name, text, said in fields(lif.Config)}
  assert found['num_units'] == ('limits.Count', 'N')
  assert found['spread'] == (
      'limits.NonNegative = 0.0',
      'Relative spread of time constants, if heterogeneous.',
  )


def test_newest_version_of_a_site_is_the_latest(tmp_path):
  pytest.importorskip('sphinx')
  build = runpy.run_path(str(_ROOT / 'docs' / 'build.py'))
  with pytest.raises(FileNotFoundError, match='has no version'):
    build['write_list'](tmp_path)
  for version in ('0.9.0', '0.10.0', '0.10.0rc1'):
    (tmp_path / version).mkdir()
    (tmp_path / version / 'index.html').touch()
  build['write_list'](tmp_path)
  build['write_list'](tmp_path)  # `latest` is no version
  assert build['versions'](tmp_path) == ['0.10.0', '0.10.0rc1', '0.9.0']
  latest = (tmp_path / 'latest' / 'index.html').read_text()
  assert 'url=../0.10.0/index.html' in latest
