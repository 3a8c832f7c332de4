"""Weights under the names of the authors' program (chingf/auxrl, GitHub)."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks import mlp
from nmlib.networks.predictive_agent import params as params_lib
from nmlib.neurons.core import dtypes


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: params_lib.Config
) -> params_lib.Params:
  """Reads arrays under the authors' names.

  Args:
    arrays: `encoder/_convs.0.weight`, `T/_fc.1.bias`, `Q/_fc.3.weight` and so
      on, in PyTorch's layout.
    config: of the sizes.

  Raises:
    ValueError: naming an array that is missing or has another shape.
  """
  like = jax.eval_shape(lambda: params_lib.init(jax.random.key(0), config))
  empty = jax.tree.map(lambda s: np.empty(s.shape, np.int8), like)
  dtype = dtypes.named(config.param_dtype)
  read = {}
  for name, wanted in params_to_official(empty, config).items():
    if name not in arrays:
      raise ValueError(f'array {name!r} is missing; given: {sorted(arrays)}.')
    read[name] = jnp.asarray(np.asarray(arrays[name]), dtype)
    if read[name].shape != wanted.shape:
      raise ValueError(
          f'array {name!r} must have shape {wanted.shape}, got'
          f' {read[name].shape}.'
      )

  def convolution(name):
    weight = read[f'{name}.weight']  # [C', C, 2, 2]
    kernel = weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0])
    return mlp.Layer(kernel, read[f'{name}.bias'])

  def dense(name):
    return mlp.Layer(read[f'{name}.weight'].T, read[f'{name}.bias'])

  names = _dense_names(config)
  layers = [dense(name) for name in names['encoder']]
  flat = layers[0].kernel  # rows by channel, then place
  by_place = flat.reshape(config.channels[1], -1, flat.shape[1])
  layers[0] = layers[0]._replace(
      kernel=by_place.transpose(1, 0, 2).reshape(flat.shape)
  )
  first, second = (convolution(f'encoder/_convs.{i}') for i in (0, 2))
  return params_lib.Params(
      params_lib.Encoder((first, second), tuple(layers)),
      tuple(map(dense, names['T'])),
      tuple(map(dense, names['Q'])),
  )


def params_to_official(
    params: params_lib.Params, config: params_lib.Config
) -> dict[str, np.ndarray]:
  """Returns arrays as `params_from_official` reads them."""
  found = {}

  def write(name, kernel, bias):
    found[f'{name}.weight'], found[f'{name}.bias'] = kernel, np.asarray(bias)

  for i, layer in zip((0, 2), params.encoder.convolutions, strict=True):
    kernel = np.asarray(layer.kernel)
    split = kernel.reshape(2, 2, -1, kernel.shape[1])
    write(f'encoder/_convs.{i}', split.transpose(3, 2, 0, 1), layer.bias)
  names = _dense_names(config)
  for network, layers in (
      ('encoder', params.encoder.dense),
      ('T', params.transition),
      ('Q', params.value),
  ):
    for place, (name, layer) in enumerate(
        zip(names[network], layers, strict=True)
    ):
      kernel = np.asarray(layer.kernel)
      if network == 'encoder' and place == 0:
        by_place = kernel.reshape(-1, config.channels[1], kernel.shape[1])
        kernel = by_place.transpose(1, 0, 2).reshape(kernel.shape)
      write(name, kernel.T, layer.bias)
  return found


def _dense_names(config):
  count = len(config.hidden) + 1
  return {
      'encoder': [f'encoder/_fc.{2 * i}' for i in range(count)],
      'T': ['T/_fc.1', 'T/_fc.3'],
      'Q': ['Q/_fc.1', 'Q/_fc.3'],
  }
