"""Weights under the names of the authors' program (neuralml/ccDNI, GitHub)."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.networks import mlp
from nmlib.networks.cortico_cerebellar.params import Cell
from nmlib.networks.cortico_cerebellar.params import Config
from nmlib.networks.cortico_cerebellar.params import Params
from nmlib.networks.cortico_cerebellar.params import init
from nmlib.neurons.core import dtypes

_SYNTHESIZER = 'rnn.backward_interface.synthesizer.'


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads arrays under the names that PyTorch gives in the authors' program.

  Args:
    arrays: `rnn.rnn.weight_ih_l0` and so on; without a cerebellum
      `rnn.weight_ih_l0`.
    config: of the sizes; mossy_fibres must be None.

  Raises:
    ValueError: naming an array that is missing or has another shape.
  """
  _all_fibres(config)
  like = jax.eval_shape(lambda: init(jax.random.key(0), config))
  empty = jax.tree.map(lambda s: np.empty(s.shape, np.int8), like)
  shapes = _to_official(empty, config)
  read = {}
  for name, shape in shapes.items():
    if name not in arrays:
      raise ValueError(f'array {name!r} is missing; given: {sorted(arrays)}.')
    read[name] = np.asarray(arrays[name])
    if read[name].shape != shape.shape:
      raise ValueError(
          f'array {name!r} must have shape {shape.shape}, got'
          f' {read[name].shape}.'
      )
  gates, size = like.cell.recurrent.shape[:2]
  prefix, dtype = _cell_prefix(config), dtypes.named(config.param_dtype)
  array = lambda name: jnp.asarray(read[name], dtype)
  rows = lambda name: jnp.moveaxis(
      array(f'{prefix}{name}_l0').reshape(gates, size, -1), 1, 2
  )
  bias = jnp.stack([array(f'{prefix}bias_{of}_l0') for of in ('ih', 'hh')])
  dense = lambda name: mlp.Layer(
      array(f'{name}.weight').T, array(f'{name}.bias')
  )
  return Params(
      Cell(rows('weight_ih'), rows('weight_hh'), bias.reshape(2, gates, size)),
      dense('linear'),
      tuple(map(dense, _layers(config))),
      None,
  )


def params_to_official(params: Params, config: Config) -> dict[str, np.ndarray]:
  """Returns the arrays by name: the inverse of `params_from_official`.

  Raises:
    ValueError: if granule cells see a part of the state only.
  """
  _all_fibres(config)
  return _to_official(jax.tree.map(np.asarray, params), config)


def _to_official(params: Any, config: Config) -> dict[str, np.ndarray]:
  cell, prefix = params.cell, _cell_prefix(config)
  rows = lambda a: np.moveaxis(a, 1, 2).reshape(-1, a.shape[1])
  named = {
      f'{prefix}weight_ih_l0': rows(cell.input),
      f'{prefix}weight_hh_l0': rows(cell.recurrent),
      f'{prefix}bias_ih_l0': cell.bias[0].ravel(),
      f'{prefix}bias_hh_l0': cell.bias[1].ravel(),
  }
  layers = zip(_layers(config), params.cerebellum, strict=True)
  for name, layer in (*layers, ('linear', params.readout)):
    named |= {f'{name}.weight': layer.kernel.T, f'{name}.bias': layer.bias}
  return named


def _cell_prefix(config: Config) -> str:
  return 'rnn.' if config.cerebellum == 'none' else 'rnn.rnn.'


def _layers(config: Config) -> list[str]:
  """Names C's layers."""
  if config.cerebellum == 'none':
    return []
  rest = [f'layers.{i}' for i in range(config.granule_layers)]
  return [f'{_SYNTHESIZER}{name}' for name in ('input_trigger', *rest)]


def _all_fibres(config: Config) -> None:
  if config.mossy_fibres is not None:
    raise ValueError(
        'weights under official names have mossy_fibres=None, got'
        f' {config.mossy_fibres}: the authors keep masks elsewhere.'
    )
