"""TFDS `tiny_shakespeare`: 1,115,394 bytes of plays, read without TensorFlow.

The package tensorflow_datasets is optional and imported only when asked for.
It reads a prepared data set without TensorFlow, yet needs it to prepare this
one (which also takes a network): once, on any machine,

  import tensorflow_datasets as tfds
  tfds.builder('tiny_shakespeare', file_format='array_record',
               data_dir=DATA_DIR).download_and_prepare()

The same text as a plain file goes through `corpus.read_text`.
"""

import os

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
  try:
    # pyrefly: ignore [missing-import]
    import tensorflow_datasets as tfds
  except ImportError as e:
    raise ImportError(
        'tiny_shakespeare through TFDS needs `pip install tensorflow_datasets`;'
        ' or name the text as a plain file.'
    ) from e
  try:
    builder = tfds.builder(
        'tiny_shakespeare', data_dir=data_dir, file_format='array_record'
    )
    sources = builder.as_data_source(['train', 'validation', 'test'])
    parts = [source[0]['text'] for source in sources]
  except Exception as e:  # TFDS raises many kinds
    reason = str(e).strip().partition('\n')[0]
    raise ValueError(
        'TFDS tiny_shakespeare is not prepared in array_record format under'
        f' {data_dir or "the default data_dir"} ({type(e).__name__}: {reason});'
        ' prepare it as nmlib.data.text.tiny_shakespeare says, or name the text'
        ' as a plain file.'
    ) from e
  parts = [p.encode() if isinstance(p, str) else bytes(p) for p in parts]
  document = corpus.Document('tiny_shakespeare', b''.join(parts))
  return corpus.Corpus('TFDS tiny_shakespeare', (document,))
