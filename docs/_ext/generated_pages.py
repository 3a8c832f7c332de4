"""Pages made before each build: the API, notebooks, links of included files.

`docs/api/` and `docs/notebooks/` are written anew and are not committed.
"""

import importlib
import inspect
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
GALLERY = ROOT / 'launch' / 'gallery.py'
PACKAGES = (
    'neurons',
    'networks',
    'plasticity',
    'analysis',
    'environments',
    'data',
    'train',
    'plan',
    'adapters',
)
# Modules of a package with `__all__` that have a name of their own.
_INSIDE = {
    'nmlib.neurons.bdh': [
        'graph',
        'graph.edges',
        'graph.interaction',
        'graph.normfree',
        'graph.recovery',
        'graph.rounds',
        'graph.tensor',
    ],
    'nmlib.neurons.elm': ['population'],
    'nmlib.train': [
        'growing.classifier',
        'growing.cycles',
        'growing.settings',
        'growing.stages',
        'hosts.mesh',
        'hosts.sharding',
    ],
}
_NOTEBOOKS = """\
Each runs top to bottom in minutes on a CPU, here or in Colab, and uses public
functions only. They are text in `colabs/`, from which these are made.
"""
_PAGES = {'BUILD.md': 'building.md', 'benchmarks/README.md': 'benchmarks.md'}


def api_pages() -> dict[str, list[str]]:
  """Returns the modules of each page of the API, by the page's full name.

  A page is a family; a package that says what is public (`__all__`) is one
  module, with those of its modules that it names.
  """
  pages: dict[str, list[str]] = {}
  for name in PACKAGES:
    folder = ROOT / 'nmlib' / name
    if folder.exists():
      pages.update(_pages(folder, f'nmlib.{name}'))
  return pages


def _pages(folder: pathlib.Path, name: str) -> dict[str, list[str]]:
  package = importlib.import_module(name)
  if public := getattr(package, '__all__', None):
    values = [getattr(package, n) for n in public]
    shown = {getattr(value, '__module__', '') for value in values}
    modules = [
        value.__name__
        for value in values
        if inspect.ismodule(value) and value.__name__ not in shown
    ]
    more = [f'{name}.{n}' for n in _INSIDE.get(name, ())]
    return {name: [name, *modules, *more]}
  modules = [
      f'{name}.{file.stem}'
      for file in sorted(folder.glob('*.py'))
      if not file.stem.startswith('_')
  ]
  pages = {name: modules}
  for inner in sorted(folder.glob('*/__init__.py')):
    pages.update(_pages(inner.parent, f'{name}.{inner.parent.name}'))
  return pages


def write_api(folder: pathlib.Path) -> None:
  """Writes a page a family, and one that lists them."""
  pages = api_pages()
  shutil.rmtree(folder / 'api', ignore_errors=True)
  (folder / 'api').mkdir()
  for page, modules in pages.items():
    lines = [_heading(page.removeprefix('nmlib.'), '=')]
    if page not in modules:
      lines += [f'.. automodule:: {page}', '   :no-members:', '']
    for module in modules:
      if module != page:
        lines.append(_heading(module.removeprefix(f'{page}.'), '-'))
      lines += [f'.. automodule:: {module}', '']
    children = [p for p in pages if p.rpartition('.')[0] == page]
    lines += _toctree(children)
    (folder / 'api' / f'{page}.rst').write_text('\n'.join(lines))
  tops = [page for page in pages if page.count('.') == 1]
  text = [_heading('API', '='), *_toctree(tops)]
  (folder / 'api' / 'index.rst').write_text('\n'.join(text))


def _heading(text: str, line: str) -> str:
  return f'{text}\n{line * len(text)}\n'


def _toctree(pages: list[str]) -> list[str]:
  return ['.. toctree::', '   :maxdepth: 2', ''] + [f'   {p}' for p in pages]


def write_notebooks(folder: pathlib.Path) -> None:
  """Copies the notebooks of `colabs/`, the tour first, and lists them."""
  shutil.rmtree(folder / 'notebooks', ignore_errors=True)
  (folder / 'notebooks').mkdir()
  found = sorted((ROOT / 'colabs').glob('*.ipynb'))
  found.sort(key=lambda path: path.stem != 'tour')
  for notebook in found:
    shutil.copy(notebook, folder / 'notebooks')
  text = [_heading('Notebooks', '='), _NOTEBOOKS, '']
  text += _toctree([notebook.stem for notebook in found])
  (folder / 'notebooks' / 'index.rst').write_text('\n'.join(text))


def site_links(text: str, repository_url: str) -> str:
  """Turns links of a file in the repository's root into links of the site."""

  def replaced(match: re.Match) -> str:
    path, anchor = match[1], match[2] or ''
    if path in _PAGES:
      return f']({_PAGES[path]}{anchor})'
    if path.startswith('colabs/') and path.endswith('.ipynb'):
      return f'](notebooks/{pathlib.Path(path).name})'
    if path.startswith('docs/') and path.endswith(('.md', '.png', '.svg')):
      return f']({path.removeprefix("docs/")}{anchor})'
    return f']({repository_url}/blob/main/{path})'

  return re.sub(r'\]\((?!\w+:)([^)#]+)(#[^)]*)?\)', replaced, text)


def _on_init(app) -> None:
  folder = pathlib.Path(app.srcdir)
  write_api(folder)
  write_notebooks(folder)


def _on_finished(app, exception) -> None:
  """Adds the gallery, one page of all reports, where the launcher is there."""
  if exception or app.builder.format != 'html' or not GALLERY.exists():
    return
  reports = ROOT / 'docs' / 'reports'
  page = pathlib.Path(app.outdir) / 'gallery.html'
  subprocess.run(
      [sys.executable, '-m', 'launch.gallery']
      + [f'--workdir={reports}', f'--output={page}'],
      cwd=ROOT,
      check=True,
      stdout=subprocess.DEVNULL,
  )


def _on_include(app, path: pathlib.Path, parent: str, text: list[str]) -> None:
  del parent
  if path.name in ('README.md', 'BUILD.md', 'CHANGELOG.md'):
    text[0] = site_links(text[0], app.config.repository_url)


def setup(app) -> dict[str, bool]:
  """Connects to Sphinx."""
  app.add_config_value('repository_url', '', 'env')
  app.connect('builder-inited', _on_init)
  app.connect('include-read', _on_include)
  app.connect('build-finished', _on_finished, priority=400)  # before links
  return {'parallel_read_safe': True}
