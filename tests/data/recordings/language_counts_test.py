"""Folders of activity counts by language."""

import gzip
import json
import lzma
import pathlib

from absl.testing import absltest
import numpy as np

from nmlib.data.recordings import language_counts


class LanguageCountsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.counts = np.random.default_rng(0).integers(0, 2**24, (3, 2, 4))
    planes = np.stack([self.counts >> shift & 255 for shift in (0, 8, 16)])
    packed = lzma.compress(planes.astype(np.uint8).tobytes())
    (self.folder / 'model_u24planes.xz').write_bytes(packed)
    self.meta = {
        'languages': ['en', 'ru', 'th'], 'tokens': [3, 2**24, 5],
        'shape': [3, 2, 4],
    }  # fmt: skip
    self.write(self.meta)

  def write(self, meta):
    (self.folder / 'counts_meta.json').write_text(json.dumps(meta))

  def test_what_was_written_is_read(self):
    found = language_counts.load(self.folder)
    np.testing.assert_array_equal(found.counts, np.moveaxis(self.counts, 0, -1))
    self.assertEqual(found.languages, ('en', 'ru', 'th'))
    np.testing.assert_array_equal(found.totals, self.meta['tokens'])
    self.assertIsNone(found.masks)
    listed = {'en': [[1, 3], []], 'ru': [[], [0]], 'th': [[], []]}
    (self.folder / 'official_masks.json.gz').write_bytes(
        gzip.compress(json.dumps(listed).encode())
    )
    masks = language_counts.load(self.folder).masks
    assert masks is not None
    self.assertEqual(
        np.argwhere(masks).tolist(), [[0, 0, 1], [0, 0, 3], [1, 1, 0]]
    )

  def test_damage_is_refused(self):
    with self.assertRaisesRegex(FileNotFoundError, 'must hold counts_meta'):
      language_counts.load(self.folder / 'none')
    self.write(self.meta | {'shape': [3, 2, 5]})
    with self.assertRaisesRegex(ValueError, 'no whole counts'):
      language_counts.load(self.folder)
    self.write(self.meta | {'languages': ['en']})
    with self.assertRaisesRegex(ValueError, 'as many languages'):
      language_counts.load(self.folder)
    self.write(self.meta)
    file = self.folder / 'model_u24planes.xz'
    file.write_bytes(file.read_bytes()[:-9])
    with self.assertRaisesRegex(ValueError, 'no whole counts'):
      language_counts.load(self.folder)


if __name__ == '__main__':
  absltest.main()
