"""The door to TFDS: what was prepared is read, what was not is named."""

import sys

import numpy as np
import pytest
import tensorflow_datasets

from nmlib.data import digits
from nmlib.data import tfds
from nmlib.data import tiny_shakespeare
from nmlib.data.tasks import long_range_files


class Proverbs(tensorflow_datasets.core.GeneratorBasedBuilder):
  """A data set as TFDS stores it, prepared without TensorFlow."""

  VERSION = tensorflow_datasets.core.Version('1.0.0')

  def _info(self):
    features = tensorflow_datasets.features
    return tensorflow_datasets.core.DatasetInfo(
        builder=self,
        description='test',
        features=features.FeaturesDict(
            {
                'text': features.Text(),
                'label': features.Scalar(np.int32),
            }
        ),
    )

  def _split_generators(self, dl_manager):
    return {'train': self._generate_examples()}

  def _generate_examples(self):
    for index, text in enumerate(('grün', 'is', 'the', 'tree')):
      yield index, {'text': text, 'label': np.int32(index)}


def test_rows_of_a_prepared_data_set_are_read(tmp_path):
  tensorflow_datasets.disable_progress_bar()
  Proverbs(data_dir=tmp_path, file_format='array_record').download_and_prepare()
  rows = list(tfds.data_source('proverbs', 'train', tmp_path))
  assert {row['label']: row['text'] for row in rows} == {
      0: 'grün'.encode(), 1: b'is', 2: b'the', 3: b'tree'
  }  # fmt: skip
  assert len(tfds.data_source('proverbs', 'train[:50%]', tmp_path)) == 2
  assert tfds.is_prepared('proverbs', tmp_path)
  assert 'tensorflow' not in sys.modules


def test_a_missing_package_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, 'tensorflow_datasets', None)
  with pytest.raises(ImportError, match=r"mnist .* install 'nmlib\[launch"):
    digits.mnist()


@pytest.mark.parametrize('prepared', (False, True))
def test_data_that_cannot_be_read_say_how_to_prepare_them(tmp_path, prepared):
  if prepared:  # but in another format
    Proverbs(data_dir=tmp_path, file_format='parquet').download_and_prepare()
  command = (
      rf"builder\('proverbs', file_format='array_record',"
      rf" data_dir='{tmp_path}'\)\.download_and_prepare\(\)"
  )
  message = rf"no 'proverbs' prepared .* under {tmp_path} \(.*{command}"
  with pytest.raises(ValueError, match=message):
    tfds.data_source('proverbs', 'train', tmp_path)
  assert not tfds.is_prepared('proverbs', tmp_path)


def test_where_tfds_keeps_its_data_can_be_said(tmp_path, monkeypatch):
  monkeypatch.setenv('TFDS_DATA_DIR', str(tmp_path))
  opened = []
  monkeypatch.setattr(tfds, 'data_source', lambda *args: opened.append(args))
  assert not tfds.is_prepared('proverbs')
  assert not opened  # of a folder that is not there nothing is asked
  (tmp_path / 'proverbs').mkdir()
  assert tfds.is_prepared('proverbs:1.0.0')
  assert opened == [('proverbs:1.0.0', 'train', None)]


def test_unknown_data_set_is_named():
  with pytest.raises(ValueError, match="no 'no_such_words' prepared .* its"):
    tfds.data_source('no_such_words', 'train')


def test_readers_of_tfds_take_its_mock_data():
  with tensorflow_datasets.testing.mock_data(num_examples=3):
    parts = digits.mnist(num_validation=1)
    images, labels = long_range_files.tfds_images('test')
    reviews = long_range_files.tfds_text('train', 20)
    assert tiny_shakespeare.load().num_bytes > 0
  assert [part.images.shape[0] for part in parts] == [2, 1, 3]
  assert parts.train.images.shape[1:] == (28, 28)
  assert parts.train.images.dtype == images.dtype == np.float32
  assert 0 <= images.min() and images.max() <= 1
  assert images.shape == (3, 32, 32) and labels.shape == (3,)
  assert reviews.inputs.shape == (3, 20)
  assert np.all(reviews.inputs[:, : reviews.lengths.min()] > 0)
