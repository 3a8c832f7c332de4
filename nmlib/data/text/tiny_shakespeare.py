"""TFDS `tiny_shakespeare`: 1,115,394 bytes of plays.

The same text as a plain file goes through `corpus.read_text`.
"""

import os

from nmlib.data import tfds
from nmlib.data.text import corpus


def load(data_dir: str | os.PathLike[str] | None = None) -> corpus.Corpus:
  """Returns the whole text as a corpus of one document.

  TFDS cuts the text into 90 % train, 5 % validation and 5 % test; they are
  put together again, so that `split` with its default of 0.1 holds out the
  customary last tenth.

  Args:
    data_dir: where TFDS keeps its data; by default TFDS's own choice.

  Raises:
    ImportError: tensorflow_datasets is not installed.
    ValueError: the data set has not been prepared in a readable format.
  """
  parts = (
      tfds.data_source('tiny_shakespeare', split, data_dir)[0]['text']
      for split in ('train', 'validation', 'test')
  )
  text = b''.join(map(tfds.encode, parts))
  document = corpus.Document('tiny_shakespeare', text)
  return corpus.Corpus('TFDS tiny_shakespeare', (document,))
