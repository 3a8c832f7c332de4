"""Ends a build with an error if a page links to what the site does not have."""

from html import parser
import pathlib
import urllib.parse

from sphinx import errors


class _Page(parser.HTMLParser):
  """What a page links to, and the names within it that can be linked to."""

  def __init__(self):
    super().__init__()
    self.links: list[str] = []
    self.names: set[str] = set()

  def handle_starttag(self, tag, attrs):
    """Collects ids, and addresses of links, images and scripts."""
    given = dict(attrs)
    if name := given.get('id') or (tag == 'a' and given.get('name')):
      self.names.add(name)
    for key in ('href', 'src'):
      if given.get(key):
        self.links.append(given[key])


def dead_links(folder: pathlib.Path) -> list[str]:
  """Returns 'page: link' for all links within a folder that lead nowhere."""
  folder = folder.resolve()
  pages = {}
  for path in folder.rglob('*.html'):
    pages[path] = _Page()
    pages[path].feed(path.read_text())
  dead = []
  for path, page in pages.items():
    for link in page.links:
      url = urllib.parse.urlsplit(link)
      if url.scheme or url.netloc:
        continue
      target = (
          path.parent / urllib.parse.unquote(url.path) if url.path else path
      )
      target = target.resolve()
      target = target / 'index.html' if target.is_dir() else target
      name = urllib.parse.unquote(url.fragment)
      found = target.exists() and (
          not name or target not in pages or name in pages[target].names
      )
      if not found and target.is_relative_to(folder):
        dead.append(f'{path.relative_to(folder)}: {link}')
  return dead


def _on_finished(app, exception) -> None:
  if exception is None and app.builder.format == 'html':
    if dead := dead_links(pathlib.Path(app.outdir)):
      raise errors.SphinxError(
          f'{len(dead)} links of the site lead nowhere:\n' + '\n'.join(dead)
      )


def setup(app) -> dict[str, bool]:
  """Connects to Sphinx."""
  app.connect('build-finished', _on_finished)
  return {'parallel_read_safe': True, 'parallel_write_safe': True}
