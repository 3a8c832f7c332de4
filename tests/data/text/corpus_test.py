"""Texts are read as bytes, in a stated order, and refused in one sentence."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from nmlib.data.text import corpus


def _write(folder, files):
  for name, data in files.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
  return folder


def _names(text):
  return [document.name for document in text.documents]


def test_a_file_is_one_document_of_its_bytes(tmp_path):
  _write(tmp_path, {'a.txt': 'naïve\r\n'.encode()})
  text = corpus.read_text(str(tmp_path / 'a.txt'))
  assert text.name == 'a.txt'
  assert text.documents == (corpus.Document('a.txt', b'na\xc3\xafve\r\n'),)
  assert text.skipped == ()


def test_a_folder_is_read_recursively_and_sorted_by_path(tmp_path):
  _write(tmp_path, {'b.md': b'1', 'a/z.txt': b'2', 'a/b/c': b'3', 'B': b'4'})
  text = corpus.read_text(tmp_path)
  assert _names(text) == ['B', 'a/b/c', 'a/z.txt', 'b.md']
  assert text.num_bytes == 4


def test_what_is_not_text_is_skipped_and_reported(tmp_path):
  _write(
      tmp_path,
      {
          'a.txt': b'text',
          'copy.txt': b'text',
          'empty': b'',
          'image.png': b'\x89PNG',
          'nul': b'a\0b',
          '.git/config': b'hidden folder',
          '.hidden': b'hidden file',
      },
  )
  text = corpus.read_text(tmp_path)
  assert _names(text) == ['a.txt']
  assert text.skipped == (
      'copy.txt is a copy of a.txt',
      'empty is empty',
      'image.png is not UTF-8: byte 0x89 at 0',
      'nul is not text: it contains a NUL byte',
  )


def test_links_to_folders_are_not_followed(tmp_path):
  _write(tmp_path, {'a.txt': b'text'})
  (tmp_path / 'loop').symlink_to(tmp_path)
  assert _names(corpus.read_text(tmp_path)) == ['a.txt']


@pytest.mark.parametrize(
    'data, message',
    (
        (b'', r'a\.txt is empty; name a text file in UTF-8\.$'),
        (b'ab\xff', r'a\.txt is not UTF-8: byte 0xff at 2; name a text file'),
        (b'a\0', r'a\.txt is not text: it contains a NUL byte; name a text'),
    ),
)
def test_a_file_that_is_no_text_is_refused(tmp_path, data, message):
  _write(tmp_path, {'a.txt': data})
  with pytest.raises(ValueError, match=message):
    corpus.read_text(tmp_path / 'a.txt')


def test_a_path_to_nothing_is_refused(tmp_path):
  with pytest.raises(ValueError, match='none does not exist; name a text file'):
    corpus.read_text(tmp_path / 'none')
  with pytest.raises(ValueError, match='the path is empty; name a text file'):
    corpus.read_text('')


def test_a_folder_without_text_is_refused(tmp_path):
  _write(tmp_path, {'a': b'', 'b': b'\xff'})
  with pytest.raises(ValueError, match='holds no text: 2 files skipped, none'):
    corpus.read_text(tmp_path)


def test_a_pipe_is_refused_without_being_read(tmp_path):
  os.mkfifo(tmp_path / 'pipe')
  with pytest.raises(ValueError, match='pipe is neither a file nor a folder'):
    corpus.read_text(tmp_path / 'pipe')


@pytest.mark.parametrize('where', ('a.txt', '.'))
def test_an_unreadable_file_is_refused(tmp_path, where, monkeypatch):
  _write(tmp_path, {'a.txt': b'text'})

  def refuse(self):  # a mode of 000 does not stop root
    raise PermissionError(13, 'Permission denied', str(self))

  monkeypatch.setattr(pathlib.Path, 'read_bytes', refuse)
  message = r'a\.txt cannot be read: Permission denied\.$'
  with pytest.raises(ValueError, match=message):
    corpus.read_text(tmp_path / where)


def test_an_unreadable_folder_is_refused(tmp_path, monkeypatch):
  def refuse(path):
    raise PermissionError(13, 'Permission denied', path)

  monkeypatch.setattr(os, 'scandir', refuse)
  with pytest.raises(ValueError, match='cannot be read: Permission denied'):
    corpus.read_text(tmp_path)


def test_documents_must_be_sorted_and_unique():
  a, b = corpus.Document('a', b'1'), corpus.Document('b', b'2')
  for documents in ((b, a), (a, a)):
    with pytest.raises(ValueError, match="'x': document names must be sorted"):
      corpus.Corpus('x', documents)


def test_joined_puts_one_separator_between_documents():
  a, b = corpus.Document('a', b'ab'), corpus.Document('b', b'c')
  joined = corpus.joined(corpus.Corpus('x', (a, b)))
  assert joined.dtype == np.uint8
  np.testing.assert_array_equal(joined, list(b'ab\0c'))
  np.testing.assert_array_equal(
      corpus.joined(corpus.Corpus('x', (a,))), list(b'ab')
  )


def test_manifest_lists_hashes_and_survives_json():
  text = corpus.Corpus('x', (corpus.Document('a', b'abc'),), ('b is empty',))
  manifest = json.loads(json.dumps(corpus.manifest(text)))
  sha = hashlib.sha256(b'abc').hexdigest()
  assert manifest['files'] == [['a', 3, sha]]
  assert manifest['num_files'] == 1 and manifest['num_bytes'] == 3
  assert manifest['name'] == 'x' and manifest['skipped'] == ['b is empty']
  overall = hashlib.sha256(f'{sha} 3 a\n'.encode()).hexdigest()
  assert manifest['sha256'] == overall


def test_manifest_accepts_file_names_that_are_not_unicode():
  name = os.fsdecode(b'caf\xe9')
  text = corpus.Corpus('x', (corpus.Document(name, b'abc'),))
  assert json.loads(json.dumps(corpus.manifest(text)))['files'][0][0] == name


@given(
    st.dictionaries(
        st.text(min_size=1), st.binary(min_size=1), min_size=1, max_size=4
    )
)
def test_any_change_of_name_or_content_changes_the_hash(files):
  make = lambda files: corpus.Corpus(
      'x', tuple(corpus.Document(*item) for item in sorted(files.items()))
  )
  text = make({k.replace('\ud800', ''): v for k, v in files.items()})
  name = text.documents[0].name
  changed = {d.name: d.data for d in text.documents}
  assert make(changed).sha256 == text.sha256
  changed[name] += b'.'
  assert make(changed).sha256 != text.sha256
  changed[name + '!'] = changed.pop(name)[:-1]
  assert make(changed).sha256 != text.sha256


def test_repr_is_short_and_tells_content_from_content():
  make = lambda data: corpus.Corpus('x', (corpus.Document('a', data),))
  assert repr(make(b'abc')).startswith("Corpus('x', documents=1, bytes=3, sha")
  assert repr(make(b'abc')) != repr(make(b'abd'))
  assert 'abc' not in repr(make(b'abc').documents[0])


def test_python_library_is_megabytes_of_sources_without_tests():
  text = corpus.python_library()
  names = _names(text)
  # From 3.11 to 3.13 it has 500 to 610 files and 10.0 to 10.7 MB; a
  # distribution may package some of it apart, IDLE and Tk for instance.
  assert len(names) > 300 and text.num_bytes > 5e6
  assert {'argparse.py', 'json/decoder.py'} <= set(names)
  for name in names:
    assert name.endswith('.py')
    assert not {'test', 'tests', 'site-packages', 'encodings'}.intersection(
        name.split('/')
    )
    assert not name.startswith('_sysconfigdata')
  assert corpus.python_library() == text


def test_python_without_sources_is_named(tmp_path, monkeypatch):
  monkeypatch.setattr('sysconfig.get_paths', lambda: {'stdlib': str(tmp_path)})
  with pytest.raises(ValueError, match='no Python sources under .*name a text'):
    corpus.python_library()


def test_importing_the_data_modules_is_light():
  code = (
      'import sys; from nmlib.data import corpus, split, tiny_shakespeare;'
      ' heavy = {"grain", "jax", "tensorflow", "tensorflow_datasets"};'
      ' print(sorted(heavy & set(sys.modules)))'
  )
  output = subprocess.run(
      [sys.executable, '-c', code],
      capture_output=True,
      text=True,
      check=True,
      cwd=pathlib.Path(__file__).parents[3],
  ).stdout
  assert output.strip() == '[]'
