"""Builds the site: this version in a folder of its own, and a list of all.

  python docs/build.py --site=site

writes site/<version>/, and beside it site/index.html and site/latest/, which
lead to the newest version that lies there, and site/versions.html, which lists
them. Warnings, and links within the site that lead nowhere, are errors.
"""

import argparse
import pathlib
import sys

from packaging import version as version_lib
from sphinx.cmd import build as sphinx_build

_DOCS = pathlib.Path(__file__).parent
sys.path.insert(0, str(_DOCS.parent))

import nmlib  # noqa: E402

_REDIRECT = """<!DOCTYPE html>
<meta charset="utf-8">
<title>nmlib</title>
<meta http-equiv="refresh" content="0; url={url}">
<a href="{url}">nmlib {version}</a>
"""
_LIST = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Versions of nmlib</title>
<body style="font-family: sans-serif; margin: 2rem">
<h1>Versions of nmlib</h1>
<ul>
{items}
</ul>
</body>
</html>
"""


def versions(site: pathlib.Path) -> list[str]:
  """Returns the versions that lie in a site, the newest first."""
  found = [p.parent.name for p in site.glob('*/index.html')]
  known = [name for name in found if name != 'latest']
  return sorted(known, key=version_lib.Version, reverse=True)


def write_list(site: pathlib.Path) -> None:
  """Writes what leads to the newest version, and the list of all.

  Raises:
    FileNotFoundError: if there is none.
  """
  known = versions(site)
  if not known:
    raise FileNotFoundError(f'{site} has no version of the site; build one.')
  (site / 'latest').mkdir(exist_ok=True)
  for folder, up in (site, ''), (site / 'latest', '../'):
    page = _REDIRECT.format(url=f'{up}{known[0]}/index.html', version=known[0])
    (folder / 'index.html').write_text(page)
  items = [f'<li><a href="{v}/index.html">{v}</a></li>' for v in known]
  page = _LIST.format(items='\n'.join(items))
  (site / 'versions.html').write_text(page)


def main() -> int:
  """Builds, and returns Sphinx's exit code."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--site', default='docs/_build', type=pathlib.Path)
  site = parser.parse_args().site
  code = sphinx_build.main([
      '-q', '-W', '--keep-going', '-b', 'html',
      '-A', 'versions=../versions.html',
      '-d', str(site / '.doctrees'),
      str(_DOCS), str(site / nmlib.__version__),
  ])  # fmt: skip
  if code == 0:
    write_list(site)
  return code


if __name__ == '__main__':
  sys.exit(main())
