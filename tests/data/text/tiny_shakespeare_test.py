"""The TFDS reader, with a stand-in for the optional package."""

import sys
import types

import pytest

from nmlib.data.text import tiny_shakespeare


def _stand_in(monkeypatch, read):
  builder = types.SimpleNamespace(as_data_source=read)
  module = types.SimpleNamespace(
      builder=lambda name, data_dir, file_format: builder
  )
  monkeypatch.setitem(sys.modules, 'tensorflow_datasets', module)


@pytest.mark.parametrize('kind', (bytes, bytes.decode))  # mock_data gives str
def test_the_parts_are_put_together_again(monkeypatch, kind):
  parts = {'train': b'To be', 'validation': b' or ', 'test': b'not'}
  read = lambda splits: [[{'text': kind(parts[s])}] for s in splits]
  _stand_in(monkeypatch, read)
  text = tiny_shakespeare.load('somewhere')
  assert text.name == 'TFDS tiny_shakespeare'
  assert [d.data for d in text.documents] == [b'To be or not']


def test_a_missing_package_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, 'tensorflow_datasets', None)
  with pytest.raises(ImportError, match='pip install tensorflow_datasets'):
    tiny_shakespeare.load()


@pytest.mark.parametrize(
    'folder, where', ((None, 'the default data_dir'), ('/x', '/x'))
)
def test_data_not_prepared_are_named(monkeypatch, folder, where):
  def read(splits):
    raise KeyError('splits is empty')

  _stand_in(monkeypatch, read)
  message = rf'not prepared .* under {where} \(KeyError: .*; prepare it as'
  with pytest.raises(ValueError, match=message):
    tiny_shakespeare.load(folder)


def test_tfds_itself_gives_its_mock_data():
  reason = 'tensorflow_datasets is optional'
  tfds = pytest.importorskip('tensorflow_datasets', reason=reason)
  with tfds.testing.mock_data(num_examples=1):
    assert tiny_shakespeare.load().num_bytes > 0
