"""Weights in and out of files."""

import json
import pickle

import jax
from jax import tree_util
import ml_dtypes
import numpy as np
import pytest

from nmlib.data import weights
from nmlib.neurons import bdh

_KINDS = ('.npz', '.safetensors')


def _arrays():
  matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
  return {
      'plain': matrix,
      'transposed': matrix.T,
      'strided': matrix[:, ::2],
      'empty': np.zeros((0, 3), np.int64),
      'scalar': np.float64(2.5),
      'mask': np.array([True, False]),
      'jax': jax.numpy.arange(3),
  }


@pytest.mark.parametrize('kind', _KINDS)
def test_arrays_come_back_as_they_went(tmp_path, kind):
  path = tmp_path / f'a{kind}'
  weights.save(path, {'old': np.zeros(2)})  # is replaced
  weights.save(str(path), _arrays())
  found = weights.load(path)
  assert found.keys() == _arrays().keys()
  for name, array in _arrays().items():
    np.testing.assert_array_equal(found[name], array, strict=True)
  assert [p.name for p in tmp_path.iterdir()] == [path.name]
  with pytest.raises(KeyError):
    _ = found['other']


def test_bfloat16_goes_through_safetensors(tmp_path):
  array = np.arange(6).reshape(2, 3).T.astype(ml_dtypes.bfloat16)
  weights.save(tmp_path / 'a.safetensors', {'x': array})
  found = weights.load(tmp_path / 'a.safetensors')['x']
  np.testing.assert_array_equal(found, array, strict=True)


def test_several_files_are_one_by_their_index(tmp_path):
  half = np.arange(3).astype(ml_dtypes.bfloat16)
  weights.save(tmp_path / 'm-1.safetensors', {'a': np.ones(2), 'b': half})
  weights.save(tmp_path / 'm-2.safetensors', {'c': np.zeros((2, 3))})
  index = tmp_path / 'm.safetensors.index.json'
  places = {'a': 'm-1.safetensors', 'b': 'm-1.safetensors'}
  places |= {'c': 'm-2.safetensors'}

  def write(places):
    index.write_text(json.dumps({'metadata': {}, 'weight_map': places}))

  write(places)
  found = weights.load(index)
  assert set(found) == set('abc') and len(found) == 3
  np.testing.assert_array_equal(found['b'], half, strict=True)
  assert found['c'].shape == (2, 3)
  with pytest.raises(KeyError):
    _ = found['d']
  write(places | {'d': 'm-2.safetensors'})
  with pytest.raises(ValueError, match="'d' is in m-2.safetensors, which has"):
    weights.load(index)
  for place in ('../m-1.safetensors', 'm.bin', '/etc/m.safetensors'):
    write(places | {'d': place})
    with pytest.raises(ValueError, match='must name .safetensors files beside'):
      weights.load(index)
  write(places | {'d': 'm-3.safetensors'})
  with pytest.raises(FileNotFoundError, match='m-3.safetensors: no such file'):
    weights.load(index)
  for text in ('', '{}', '[1]', '{"weight_map": [1]}'):
    index.write_text(text)
    with pytest.raises(ValueError, match='is no index of weights'):
      weights.load(index)


def test_overlapping_arrays_are_refused(tmp_path):
  header = json.dumps(
      {
          name: {'dtype': 'F32', 'shape': [1], 'data_offsets': place}
          for name, place in (('a', [0, 4]), ('b', [2, 6]))
      }
  ).encode()
  path = tmp_path / 'a.safetensors'
  path.write_bytes(len(header).to_bytes(8, 'little') + header + bytes(8))
  with pytest.raises(ValueError, match='is no whole .safetensors file'):
    weights.load(path)


@pytest.mark.parametrize('kind', _KINDS)
def test_weights_of_a_model_go_out_and_in(tmp_path, kind):
  config = bdh.Config(
      vocab_size=11, embed_dim=8, num_neurons=64, num_layers=2, num_heads=2
  )
  params = bdh.init(jax.random.key(0), config)
  weights.save(tmp_path / f'bdh{kind}', bdh.params_to_official(params, config))
  found = bdh.params_from_official(
      weights.load(tmp_path / f'bdh{kind}'), config
  )
  assert tree_util.tree_all(
      jax.tree.map(lambda a, b: (a == b).all(), params, found)
  )


@pytest.mark.parametrize('kind', _KINDS)
@pytest.mark.parametrize('damage', ('cut', 'empty', 'text', 'bits'))
def test_damaged_file_is_named(tmp_path, kind, damage):
  path = tmp_path / f'a{kind}'
  weights.save(path, {'x': np.ones((40, 40), np.float32)})
  whole = path.read_bytes()
  path.write_bytes(
      {
          'cut': whole[:-100],
          'empty': b'',
          'text': b'neither ' * 40,
          'bits': whole[:9] + b'\xff' * 20 + whole[29:],
      }[damage]
  )
  message = rf'a{kind} is no whole {kind} file: '
  with pytest.raises(ValueError, match=message):
    np.asarray(weights.load(path)['x'])


def test_no_array_of_objects_is_unpickled(tmp_path):
  np.savez(tmp_path / 'a.npz', x=np.array([{}], object))
  found = weights.load(tmp_path / 'a.npz')
  with pytest.raises(ValueError, match='Object arrays cannot be loaded'):
    _ = found['x']
  (tmp_path / 'b.npz').write_bytes(pickle.dumps({'x': 1}))
  with pytest.raises(ValueError, match='no whole .npz file'):
    weights.load(tmp_path / 'b.npz')


def test_other_kinds_and_missing_files_are_refused(tmp_path):
  for refuse in (weights.load, lambda path: weights.save(path, {})):
    with pytest.raises(ValueError, match='model.pt must end in .safetensors'):
      refuse(tmp_path / 'model.pt')
  with pytest.raises(FileNotFoundError, match='a.npz: no such file'):
    weights.load(tmp_path / 'a.npz')


def test_a_name_that_npz_cannot_hold_is_refused(tmp_path):
  with pytest.raises(ValueError, match="must not be named 'file'"):
    weights.save(tmp_path / 'x.npz', {'file': np.zeros(2)})
