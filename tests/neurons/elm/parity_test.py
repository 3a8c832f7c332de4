"""ELM against the authors' PyTorch code: outputs, memory, gradients."""

import dataclasses
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nmlib.neurons import elm

_HERE = pathlib.Path(__file__).parents[2] / 'fixtures'
_MODELS = ('v1_plain', 'v2_branch')
_LARGE = ('v1_branch_neuronio_dm20', 'v1_branch_neuronio_dm100_best')


def _path(name, request):
  path = _HERE / f'elm_official_{name}.npz'
  if not path.exists():
    folder = request.getfixturevalue('data_folder')
    path = next(folder.glob(f'**/elm_official_{name}.npz'), path)
    if not path.exists():
      pytest.skip(f'{path.name} is not in NMLIB_DATA')
  return path


def _read(name, request, dtype):
  with np.load(_path(name, request)) as stored:
    data = dict(stored)
  arrays = {
      key.split('/', 1)[1]: value.astype(dtype)
      if value.dtype.kind == 'f'
      else value
      for key, value in data.items()
      if key.startswith(('param/', 'buf/'))
  }
  config = elm.config_from_official(json.loads(str(data['config_json'])))
  name = 'float32' if dtype == np.float32 else 'float64'
  config = dataclasses.replace(config, param_dtype=name)
  return data, arrays, config


def _run(params, xs, config, method='scan'):
  one = lambda x: elm.trajectory(
      params, elm.initial_state(config), x, config, method=method
  )[1]
  return jax.vmap(one)(xs)


def _loss(y, data):
  if 'target/y' in data:
    return jnp.mean((y - data['target/y']) ** 2)
  spike = optax.sigmoid_binary_cross_entropy(y[..., 0], data['target/spike'])
  return 0.5 * spike.mean() + 0.5 * jnp.mean(
      (y[..., 1] - data['target/soma']) ** 2
  )


@pytest.mark.parametrize('method', ('scan', 'newton'))
@pytest.mark.parametrize('name', _MODELS + _LARGE)
def test_float32_outputs_and_memory_are_the_authors(name, method, request):
  data, arrays, config = _read(name, request, np.float32)
  if method == 'newton' and config.num_memory == 100:
    pytest.skip('the full Jacobian of 100 units is no case for Newton')
  params = elm.params_from_official(arrays, config)
  xs = jnp.asarray(data['x'], jnp.float32)
  path = jax.jit(lambda p, x: _run(p, x, config, method))(params, xs)
  # Rounding of float32 over some hundred steps; Newton stops at 1e-5 a step.
  tolerance = 2e-5 if method == 'scan' else 2e-3
  np.testing.assert_allclose(path.output, data['y'], atol=tolerance)
  np.testing.assert_allclose(path.memory, data['m'], atol=tolerance)
  branch = data['b'] if 'b' in data else data['branch']
  np.testing.assert_allclose(path.branch, branch, atol=1e-5)


@pytest.mark.parametrize('name', _MODELS + _LARGE[:1])
def test_float64_equals_the_authors_to_rounding(name, request):
  with jax.enable_x64(True):
    data, arrays, config = _read(name, request, np.float64)
    params = elm.params_from_official(arrays, config)
    xs = jnp.asarray(data['x'], jnp.float64)

    def loss(params, xs):
      path = _run(params, xs, config)
      return _loss(path.output, data), path

    (value, path), (grads, grad_x) = jax.jit(
        jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
    )(params, xs)
    # 12 digits leave room for another order of float64 sums.
    np.testing.assert_allclose(path.output, data['f64/y'], atol=1e-12)
    np.testing.assert_allclose(path.memory, data['f64/m'], atol=1e-12)
    np.testing.assert_allclose(value, data['f64/loss'], rtol=1e-12)
    grads = elm.params_to_official(grads, config)
    expected = {k[9:]: v for k, v in data.items() if k.startswith('f64/grad/')}
    assert expected
    for key, grad in expected.items():
      scale = np.abs(grad).max()
      np.testing.assert_allclose(grads[key], grad, atol=1e-11 * scale)
    if 'f64/grad_x' in data:
      np.testing.assert_allclose(grad_x, data['f64/grad_x'], atol=1e-12)


@pytest.mark.parametrize('name', _MODELS + _LARGE[:1])
def test_float32_gradients_are_the_authors(name, request):
  data, arrays, config = _read(name, request, np.float32)
  params = elm.params_from_official(arrays, config)
  xs = jnp.asarray(data['x'], jnp.float32)
  loss = lambda p, x: _loss(_run(p, x, config).output, data)
  grads, grad_x = jax.jit(jax.grad(loss, argnums=(0, 1)))(params, xs)
  grads = elm.params_to_official(grads, config)
  for key in data:
    if key.startswith('grad/'):
      scale = np.abs(data[key]).max()  # relative to the largest: rounding
      np.testing.assert_allclose(grads[key[5:]], data[key], atol=1e-4 * scale)
  if 'grad_x' in data:
    np.testing.assert_allclose(grad_x, data['grad_x'], atol=1e-6)


@pytest.mark.parametrize('name', _MODELS)
def test_weights_go_out_as_they_came_in(name, request):
  _, arrays, config = _read(name, request, np.float32)
  back = elm.params_to_official(
      elm.params_from_official(arrays, config), config
  )
  assert back.keys() == arrays.keys()
  for key, array in arrays.items():
    np.testing.assert_array_equal(back[key], array)
    assert back[key].dtype == array.dtype


@pytest.mark.parametrize('name', _MODELS)
def test_derived_constants_are_the_authors(name, request):
  data, arrays, config = _read(name, request, np.float32)
  derived = elm.derive(elm.params_from_official(arrays, config), config)
  np.testing.assert_allclose(derived.tau, data['derived/tau_m'], rtol=1e-5)
  np.testing.assert_allclose(derived.kappa, data['derived/kappa_m'], rtol=1e-6)


def test_empty_routing_of_a_state_dict_is_none(request):
  _, arrays, config = _read('v1_plain', request, np.float32)
  empty = {
      'input_to_synapse_indices': np.zeros(0, np.int64),
      'valid_indices_mask': np.zeros(0, bool),
  }
  found = elm.params_from_official(arrays | empty, config)
  expected = elm.params_from_official(arrays, config)
  jax.tree.map(np.testing.assert_array_equal, found, expected)
