"""A Google Cloud Storage bucket in memory, as its three clients see it.

`etils.epath` reaches it through fsspec, tensorstore (which writes the arrays of
checkpoints) through the JSON interface over HTTP, and orbax asks
`google.cloud.storage` whether folders are real. Like the original it has
objects only: a folder exists while something lies in it.
"""

import contextlib
from http import server
import json
import os
import sys
import threading
import types
from unittest import mock
from urllib import parse

import fsspec
from fsspec.implementations import memory


class FileSystem(memory.MemoryFileSystem):
  """What gcsfs shows of the bucket."""

  protocol = ('gs', 'gcs')
  store: dict = {}
  pseudo_dirs = ['']

  @classmethod
  def _strip_protocol(cls, path):
    path = os.fspath(path)
    for prefix in ('gs://', 'gcs://'):
      path = path.removeprefix(prefix)
    path = path.strip('/')
    return '/' + path if path else ''

  def mkdir(self, path, create_parents=True, **kwargs):
    """Does nothing: there are no folders."""

  def makedirs(self, path, exist_ok=False):
    """Does nothing: there are no folders."""


class _Handler(server.BaseHTTPRequestHandler):
  """The requests of tensorstore's driver `gcs`."""

  protocol_version = 'HTTP/1.1'

  def log_message(self, format, *args):
    """Says nothing."""

  def _answer(self, code: int, body: bytes = b'', **headers) -> None:
    self.send_response(code)
    self.send_header('Content-Length', str(len(body)))
    for name, value in headers.items():
      self.send_header(name.replace('_', '-'), value)
    self.end_headers()
    self.wfile.write(body)

  def _json(self, value) -> None:
    self._answer(200, json.dumps(value).encode())

  def _object(self) -> tuple[str, dict[str, str]]:
    """Returns the path of the object (or bucket) and the query."""
    url = parse.urlsplit(self.path)
    query = dict(parse.parse_qsl(url.query))
    bucket, _, name = url.path.partition('/b/')[2].partition('/o')
    name = query.get('name') or parse.unquote(name.strip('/'))
    return f'/{bucket}/{name}'.rstrip('/'), query

  def _resource(self, path: str) -> dict[str, str]:
    file = FileSystem.store[path]
    return {
        'name': path.split('/', 2)[2],
        'generation': str(_generation(file)),
        'size': str(file.size),
    }

  def do_GET(self):
    path, query = self._object()
    if path.count('/') == 1:  # the bucket: list
      prefix = f'{path}/{query.get("prefix", "")}'
      names = sorted(n for n in FileSystem.store if n.startswith(prefix))
      self._json({'items': [self._resource(name) for name in names]})
    elif path not in FileSystem.store:
      self._answer(404)
    elif query.get('alt') != 'media':
      self._json(self._resource(path))
    else:
      file = FileSystem.store[path]
      data, code = file.getvalue(), 200
      generation = {'x_goog_generation': str(_generation(file))}
      if unit := self.headers.get('Range'):
        first, _, last = unit.removeprefix('bytes=').partition('-')
        stop = int(last) + 1 if last else len(data)
        total = len(data)
        data, code = data[int(first) : stop], 206
        generation['Content_Range'] = f'bytes {first}-{stop - 1}/{total}'
      self._answer(code, data, **generation)

  def do_POST(self):
    path, query = self._object()
    data = self.rfile.read(int(self.headers['Content-Length']))
    wanted = query.get('ifGenerationMatch')
    file = FileSystem.store.get(path)
    if wanted is not None and int(wanted) != (_generation(file) if file else 0):
      self._answer(412)
      return
    FileSystem().pipe_file(path, data)
    self._json(self._resource(path))

  def do_DELETE(self):
    path, _ = self._object()
    self._answer(204 if FileSystem.store.pop(path, None) else 404)


def _generation(file: memory.MemoryFile) -> int:
  return int(file.created.timestamp() * 1e6)


@contextlib.contextmanager
def serve():
  """Puts the bucket where `gs://` leads; empties it afterwards."""
  http = server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
  threading.Thread(target=http.serve_forever, daemon=True).start()
  flat = types.SimpleNamespace(hierarchical_namespace_enabled=False)
  client = types.SimpleNamespace(get_bucket=lambda name: flat)
  storage = types.SimpleNamespace(Client=lambda: client)
  cloud = types.SimpleNamespace(storage=storage)
  address = f'http://127.0.0.1:{http.server_address[1]}'
  fsspec.register_implementation('gcs', FileSystem, clobber=True)
  fsspec.register_implementation('gs', FileSystem, clobber=True)
  with (
      mock.patch.dict(
          os.environ,
          TENSORSTORE_GCS_HTTP_URL=address,
          GOOGLE_AUTH_TOKEN_FOR_TESTING='token',
      ),
      mock.patch.dict(
          sys.modules,
          {'google.cloud': cloud, 'google.cloud.storage': storage},
      ),
  ):
    try:
      yield
    finally:
      http.shutdown()
      FileSystem.store.clear()
