"""Damaged checkpoints are noticed, named, and the one before is used."""

import pathlib
import re

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.train import checkpoint
from nmlib.train import mesh as mesh_lib
from nmlib.train import sharding


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
          'contents/d/*',
          'contents/ocdbt.process_0/d/*',
          'contents/manifest.ocdbt',
          'contents/_METADATA',
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
    self.assertRegex('\n'.join(logs.output), r'stage/2 is damaged \(its|the co')
    self.assertEqual(restored.step, 1)
    _equal(restored.state, _state(1))
    # What was damaged is kept for the user, out of the way.
    self.assertLen(list((self.folder.parent / 'damaged').iterdir()), 1)

  def test_fingerprint_finds_damage_that_the_format_does_not(self):
    self._saved(1, 2)
    (self.folder / '2' / 'files.json').unlink()  # killed just before writing
    data = self.folder / '2/contents/ocdbt.process_0/d'
    file = max(data.iterdir(), key=lambda p: p.stat().st_size)
    content = file.read_bytes()
    for middle in range(0, len(content), 97):  # somewhere lies raw data
      file.write_bytes(
          content[:middle]
          + bytes([content[middle] ^ 1])
          + content[middle + 1 :]
      )
      restored = _restore(self.folder, _like(_state(0)), read_only=True)
      self.assertIn(restored.step, (1, 2))
      _equal(restored.state, _state(restored.step))

  def test_all_damaged_is_refused_not_restarted(self):
    self._saved(1)
    (self.folder / '1/contents/_METADATA').unlink()
    with self.assertRaisesRegex(ValueError, r'none .*steps \[1\].*damaged'):
      _restore(self.folder, _like(_state(0)))

  def test_read_only_moves_nothing(self):
    self._saved(1, 2)
    (self.folder / '2/contents/_METADATA').unlink()
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


class FingerprintTest(parameterized.TestCase):

  @parameterized.parameters('w', 'half', 'flag', 'count', 'key')
  def test_changes_with_any_leaf_and_only_there(self, name):
    changed = {**_state(3), name: _state(4)[name]}
    if name == 'flag':
      changed['flag'] = ~_state(3)['flag']
    differs = checkpoint.fingerprint(changed) != checkpoint.fingerprint(
        _state(3)
    )
    expected = [leaf == name for leaf in sorted(_state(3))]
    self.assertEqual(differs.tolist(), expected)

  def test_sees_a_swap_of_two_values(self):
    x = jnp.arange(6.0)
    self.assertNotEqual(
        checkpoint.fingerprint([x])[0], checkpoint.fingerprint([x[::-1]])[0]
    )


if __name__ == '__main__':
  absltest.main()
