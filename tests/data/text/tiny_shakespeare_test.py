"""Tiny Shakespeare, with a stand-in for what TFDS has prepared."""

import pytest

from nmlib.data import tfds
from nmlib.data.text import tiny_shakespeare


@pytest.mark.parametrize('kind', (bytes, bytes.decode))  # mock_data gives str
def test_the_parts_are_put_together_again(monkeypatch, kind):
  parts = {'train': b'To be', 'validation': b' or ', 'test': b'not'}
  read = lambda name, split, data_dir: [{'text': kind(parts[split])}]
  monkeypatch.setattr(tfds, 'data_source', read)
  text = tiny_shakespeare.load('somewhere')
  assert text.name == 'TFDS tiny_shakespeare'
  assert [d.data for d in text.documents] == [b'To be or not']
