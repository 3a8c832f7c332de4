"""The one door to TFDS: prepared data sets, read without TensorFlow.

Nothing is downloaded or prepared from here. Most of TFDS's own data sets need
TensorFlow to be prepared, once, on any machine; they are read without it.
"""

from collections.abc import Sequence
import os
import pathlib
from typing import Any

_FOLDER = '~/tensorflow_datasets'  # TFDS's default


def data_source(
    name: str, split: str, data_dir: str | os.PathLike[str] | None = None
) -> Sequence[dict[str, Any]]:
  """Opens a part of a data set that was prepared in `array_record` format.

  Args:
    name: such as 'mnist', or 'mnist:3.0.1'.
    split: such as 'train', or 'train[:50%]'.
    data_dir: where TFDS keeps its data; by default TFDS's own choice.

  Returns:
    Rows by index, as grain takes them: dicts of NumPy arrays and of texts.

  Raises:
    ImportError: tensorflow_datasets is not installed.
    ValueError: the data set is not prepared in this format.
  """
  try:
    import tensorflow_datasets as tfds
  except ImportError as error:
    raise ImportError(
        f"{name} is read through TFDS: pip install 'nmlib[launch]', or give"
        ' files of your own.'
    ) from error
  try:
    source: Any = tfds.data_source(
        name,
        split=split,
        data_dir=data_dir,
        download=False,
        builder_kwargs={'file_format': 'array_record'},
    )
    return source
  except Exception as error:  # TFDS raises many kinds
    reason = str(error).strip().partition('\n')[0]
    where = f', data_dir={os.fspath(data_dir)!r}' if data_dir else ''
    raise ValueError(
        f'TFDS has no {name!r} prepared in array_record format under'
        f' {data_dir or "its default data_dir"} ({type(error).__name__}:'
        f' {reason}); prepare it once, where TensorFlow is installed, with'
        f" tensorflow_datasets.builder({name!r}, file_format='array_record'"
        f'{where}).download_and_prepare(), or give files of your own.'
    ) from error


def is_prepared(
    name: str, data_dir: str | os.PathLike[str] | None = None
) -> bool:
  """Returns whether `data_source` opens the training part of a data set."""
  folder = data_dir or os.environ.get('TFDS_DATA_DIR', _FOLDER)
  if not (pathlib.Path(folder).expanduser() / name.partition(':')[0]).exists():
    return False  # at once: to import TFDS takes a second
  try:
    data_source(name, 'train', data_dir)
  except (ImportError, ValueError):
    return False
  return True


def encode(text: str | bytes) -> bytes:
  """Returns text as bytes, as TFDS stores it; its mock_data gives str."""
  return text.encode() if isinstance(text, str) else text
