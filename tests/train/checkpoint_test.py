"""Damaged checkpoints are noticed, named, and the one before is used."""

import json
import pathlib
import re
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.train import checkpoint
from nmlib.train import integrity
from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.hosts import sharding


def _state(scale):
  return {
      'w': scale * jnp.arange(32.0).reshape(8, 4),
      'half': jnp.full((8,), scale, jnp.bfloat16),
      'flag': jnp.array([True, False]),
      'count': jnp.int32(scale),
      'key': jax.random.key(scale),
  }


def _like(state, mesh_text='data:1', rules=()):
  mesh = mesh_lib.make(mesh_lib.parse(mesh_text))
  layout = sharding.infer(state, mesh, rules)
  return jax.tree.map(
      lambda x, where: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where),
      state,
      layout,
  )


def _restore(folder, like, **kwargs) -> checkpoint.Restored:
  restored = checkpoint.Checkpoints(folder, **kwargs).restore(like)
  assert restored is not None
  return restored


def _equal(found, expected):
  plain = lambda t: jax.tree.map(
      lambda x: jax.random.key_data(x)
      if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
      else x,
      t,
  )
  jax.tree.map(np.testing.assert_array_equal, plain(found), plain(expected))


class CheckpointTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path) / 'stage'

  def _saved(self, *steps):
    checkpoints = checkpoint.Checkpoints(self.folder)
    for step in steps:
      checkpoints.save(step, _state(step), {'data': {'next_index': step}})
    checkpoints.close()

  def test_newest_comes_back_with_its_position(self):
    self._saved(1, 2, 3)
    restored = _restore(self.folder, _like(_state(0)))
    self.assertEqual(restored.step, 3)
    self.assertEqual(restored.position, {'data': {'next_index': 3}})
    _equal(restored.state, _state(3))
    kept = {p.name for p in self.folder.iterdir()}
    self.assertEqual(kept, {'2', '3'})  # the newest two

  def test_empty_folder_restores_nothing(self):
    self.assertIsNone(
        checkpoint.Checkpoints(self.folder).restore(_like(_state(0)))
    )

  @parameterized.product(
      pattern=(
          'state/d/*',
          'state/ocdbt.process_0/d/*',
          'state/manifest.ocdbt',
          'state/_METADATA',
          '_CHECKPOINT_METADATA',
      ),
      damage=('truncate', 'garbage', 'flip one bit', 'remove', 'empty'),
  )
  def test_damage_is_warned_of_and_the_one_before_used(self, pattern, damage):
    self._saved(1, 2)
    file = sorted((self.folder / '2').glob(pattern))[0]
    data = file.read_bytes()
    if damage == 'truncate':
      file.write_bytes(data[: len(data) // 2])
    elif damage == 'garbage':
      file.write_bytes(np.random.default_rng(0).bytes(len(data)))
    elif damage == 'flip one bit':
      middle = len(data) // 2
      flipped = bytes([data[middle] ^ 1])
      file.write_bytes(data[:middle] + flipped + data[middle + 1 :])
    elif damage == 'empty':
      file.write_bytes(b'')
    else:
      file.unlink()
    with self.assertLogs(level='WARNING') as logs:
      restored = _restore(self.folder, _like(_state(0)))
    self.assertRegex(
        '\n'.join(logs.output), r'stage/2 is damaged \((its|the co)'
    )
    self.assertEqual(restored.step, 1)
    _equal(restored.state, _state(1))
    # What was damaged is kept for the user, out of the way.
    kept = {p.name for p in (self.folder.parent / 'damaged').iterdir()}
    self.assertEqual(kept, {'stage-2-0', 'stage-2-0.txt'})

  def test_every_flipped_bit_is_found(self):
    self._saved(1, 2)
    data = self.folder / '2/state/ocdbt.process_0/d'
    file = max(data.iterdir(), key=lambda p: p.stat().st_size)
    content = file.read_bytes()
    for middle in range(0, len(content), 97):  # raw data and the format's own
      file.write_bytes(
          content[:middle]
          + bytes([content[middle] ^ 1])
          + content[middle + 1 :]
      )
      restored = _restore(self.folder, _like(_state(0)), read_only=True)
      self.assertEqual(restored.step, 1)

  def test_killed_while_listing_the_files_uses_the_one_before(self):
    self._saved(1, 2)
    (self.folder / '2/files-0.json').unlink()
    with self.assertLogs(level='WARNING') as logs:
      restored = _restore(self.folder, _like(_state(0)))
    self.assertIn('stage/2 is unfinished', '\n'.join(logs.output))
    self.assertEqual(restored.step, 1)

  def test_killed_while_listing_the_first_starts_anew(self):
    self._saved(1)
    (self.folder / '1/files-0.json').unlink()
    checkpoints = checkpoint.Checkpoints(self.folder)
    self.assertIsNone(checkpoints.restore(_like(_state(0))))
    checkpoints.save(1, _state(1), {})  # in its place
    checkpoints.close()
    self.assertEqual(_restore(self.folder, _like(_state(0))).step, 1)

  def test_a_list_of_another_process_is_checked_too(self):
    self._saved(1, 2)
    folder = self.folder / '2'
    (folder / 'of_process_1').write_text('old')
    first = json.loads((folder / 'files-0.json').read_text())
    first['num_processes'] = 2
    (folder / 'files-0.json').write_text(json.dumps(first))
    second = {'num_processes': 2, 'files': {'of_process_1': [3, 'digest']}}
    (folder / 'files-1.json').write_text(json.dumps(second))
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(_restore(self.folder, _like(_state(0))).step, 1)
    self.assertIn('its file of_process_1 changed', '\n'.join(logs.output))

  def test_full_disk_is_said_in_one_sentence(self):
    checkpoints = checkpoint.Checkpoints(self.folder)
    checkpoints.save(1, _state(1), {})
    checkpoints.save(2, _state(2), {})
    checkpoints.wait()
    raw = ValueError('RESOURCE_EXHAUSTED: x: No space left on device [28]')
    with mock.patch.object(integrity, 'write_list', side_effect=raw):
      checkpoints.save(3, _state(3), {})
      with self.assertRaisesRegex(
          OSError,
          r'^the disk is full: the checkpoint of step 3 cannot be written to .*'
          r'kept \(steps: 2\); make room .* go on from step 2\.$',
      ):
        checkpoints.wait()
    checkpoints.close()  # and is not said again

  def test_all_damaged_is_refused_not_restarted(self):
    self._saved(1)
    (self.folder / '1/state/_METADATA').unlink()
    with self.assertRaisesRegex(ValueError, r'none .*steps \[1\].*damaged'):
      _restore(self.folder, _like(_state(0)))

  def test_read_only_moves_nothing(self):
    self._saved(1, 2)
    (self.folder / '2/state/_METADATA').unlink()
    restored = _restore(self.folder, _like(_state(0)), read_only=True)
    self.assertEqual(restored.step, 1)
    self.assertTrue((self.folder / '2').exists())

  @parameterized.parameters(
      (lambda s: {**s, 'w': jnp.zeros((2, 2))}, r"'w' is \[8, 4\] there"),
      (lambda s: {**s, 'new': jnp.zeros(2)}, "only this config has 'new'"),
      (lambda s: {'w': s['w']}, "only the checkpoint has 'count'"),
  )
  def test_other_structure_is_refused_and_nothing_moved(self, change, message):
    self._saved(1)
    with self.assertRaisesRegex(ValueError, re.compile(message)):
      checkpoint.Checkpoints(self.folder).restore(_like(change(_state(0))))
    self.assertTrue((self.folder / '1').exists())

  @parameterized.parameters(
      ('data:1', 'data:8'),
      ('data:8', 'data:1'),
      ('data:2,model:4', 'model:2'),
      ('data:2,model:4', 'data:4,model:2'),
  )
  def test_restores_on_another_mesh(self, before, after):
    rules = [('w|half', P(('data', 'model'))), ('.*', P())]
    like = _like(_state(0), before, rules)
    state = jax.tree.map(
        lambda x, s: jax.device_put(x, s.sharding), _state(5), like
    )
    checkpoints = checkpoint.Checkpoints(self.folder)
    checkpoints.save(5, state, {'data': None})
    checkpoints.close()
    target = _like(_state(0), after, rules)
    restored = _restore(self.folder, target)
    _equal(restored.state, _state(5))
    self.assertEqual(restored.state['w'].sharding, target['w'].sharding)


if __name__ == '__main__':
  absltest.main()
