"""Layers as PyTorch draws and stores them, and back: Linear, LSTM."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks import mlp
from nmlib.neurons.core import dtypes
from nmlib.neurons.rate import lstm


class Reader:
  """Reads layers from arrays by name, all of them cast to one dtype."""

  def __init__(self, arrays: Mapping[str, npt.ArrayLike], dtype: str):
    self._arrays, self._dtype = arrays, dtypes.named(dtype)

  def array(self, name: str, *shape: int) -> jax.Array:
    """Returns one array.

    Raises:
      ValueError: if it is missing or has another shape.
    """
    if name not in self._arrays:
      raise ValueError(
          f'array {name!r} is missing; given: {sorted(self._arrays)}.'
      )
    found = np.asarray(self._arrays[name])
    if found.shape != shape:
      raise ValueError(
          f'array {name!r} must have shape {list(shape)}, got'
          f' {list(found.shape)}.'
      )
    return jnp.asarray(found, self._dtype)

  def dense(self, name: str, inputs: int, outputs: int) -> mlp.Layer:
    """Reads a Linear."""
    weight = self.array(f'{name}.weight', outputs, inputs)
    return mlp.Layer(weight.T, self.array(f'{name}.bias', outputs))

  def cell(
      self, name: str, inputs: int, units: int, end: str = ''
  ) -> lstm.Params:
    """Reads an LSTM; its two biases are summed."""
    rows = lambda which, size: jnp.moveaxis(
        self.array(f'{name}.{which}{end}', 4 * units, size).reshape(
            4, units, size
        ), 1, 2,
    )  # fmt: skip
    bias = sum(
        self.array(f'{name}.bias_{of}{end}', 4 * units) for of in ('ih', 'hh')
    )
    return lstm.Params(
        rows('weight_ih', inputs), rows('weight_hh', units),
        jnp.reshape(bias, (4, units)), None, None,
    )  # fmt: skip


def draw_dense(
    key: jax.Array, inputs: int, outputs: int, dtype: jnp.dtype
) -> mlp.Layer:
  """Draws weights and biases within 1 / sqrt(inputs), PyTorch's default."""
  drawn = _uniform(key, (inputs + 1, outputs), inputs, dtype)
  return mlp.Layer(drawn[:-1], drawn[-1])


def draw_cell(
    key: jax.Array, inputs: int, units: int, dtype: jnp.dtype
) -> lstm.Params:
  """Draws an LSTM within 1 / sqrt(units), PyTorch's default; two biases added.

  `lstm.init` draws orthogonal matrices. Two of them in one program, for several
  seeds, never end on CPUs of two cores (jaxlib 0.10: each QR decomposition
  holds a thread while it waits for another).
  """
  drawn = _uniform(key, (4, inputs + units + 2, units), units, dtype)
  of_input, recurrent, biases = jnp.split(drawn, (inputs, inputs + units), 1)
  return lstm.Params(of_input, recurrent, jnp.sum(biases, 1), None, None)


def _uniform(key, shape, fan, dtype):
  limit = fan**-0.5
  return jax.random.uniform(key, shape, dtype, minval=-limit, maxval=limit)


def dense(name: str, layer: mlp.Layer) -> dict[str, np.ndarray]:
  """Returns the arrays of a Linear."""
  return {
      f'{name}.weight': np.asarray(layer.kernel).T,
      f'{name}.bias': np.asarray(layer.bias),
  }


def cell(name: str, params: lstm.Params, end: str = '') -> dict[str, Any]:
  """Returns the arrays of an LSTM; its second bias is zero."""
  rows = lambda a: np.moveaxis(np.asarray(a), 1, 2).reshape(-1, a.shape[1])
  bias = np.asarray(params.bias).ravel()
  return {
      f'{name}.weight_ih{end}': rows(params.input),
      f'{name}.weight_hh{end}': rows(params.recurrent),
      f'{name}.bias_ih{end}': bias,
      f'{name}.bias_hh{end}': np.zeros_like(bias),
  }
