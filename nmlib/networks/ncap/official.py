"""The circuit's weights under the authors' names."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from nmlib.networks.ncap import params as params_lib
from nmlib.networks.ncap.params import Config
from nmlib.networks.ncap.params import Params
from nmlib.neurons.core import dtypes


def params_from_official(
    arrays: Mapping[str, np.ndarray], config: Config
) -> Params:
  """Returns the weights of the authors' `SwimmerModule.params`.

  Args:
    arrays: [1] by name, such as `bneuron_prop`, or `muscle_d_v_2` not shared.
    config: the same circuit.

  Raises:
    ValueError: if names are missing or left over, or one is not one number.
  """
  names = _names(config)
  wanted = {str(name) for rows in names.values() for name in np.ravel(rows)}
  if wanted != set(arrays):
    raise ValueError(
        'the arrays must be those of this circuit; missing:'
        f' {sorted(wanted - set(arrays))}, left over:'
        f' {sorted(set(arrays) - wanted)}.'
    )
  dtype = dtypes.named(config.param_dtype)
  for name in sorted(wanted):
    if np.size(arrays[name]) != 1:
      size = list(np.shape(arrays[name]))
      raise ValueError(f'{name} must be one number [1], got shape {size}.')
  value = lambda name: np.asarray(arrays[name]).reshape(())
  found: dict[str, Any] = dict.fromkeys(Params._fields)
  found |= {
      field: jnp.asarray(np.vectorize(value, [float])(rows), dtype)
      for field, rows in names.items()
  }
  return Params(**found)


def params_to_official(params: Params, config: Config) -> dict[str, np.ndarray]:
  """Returns the weights under the authors' names, [1] each.

  Raises:
    ValueError: if the weights are not those of such a config.
  """
  params_lib.check(params, config)
  found = {}
  for field, rows in _names(config).items():
    values = np.asarray(getattr(params, field))
    for name, value in zip(np.ravel(rows), np.ravel(values), strict=True):
      found[str(name)] = value.reshape(1)
  return found


def _names(config) -> dict[str, np.ndarray]:
  """Returns the authors' names in the shape of each weight that there is."""
  short = {
      'proprioception': 'bneuron_prop', 'oscillator': 'bneuron_osc',
      'ipsilateral': 'muscle_ipsi', 'contralateral': 'muscle_contra',
      'speed': 'bneuron_speed', 'turn': 'bneuron_turn',
  }  # fmt: skip
  found = {}
  for field, shape in params_lib.shapes(config).items():
    if shape is None:
      continue
    if config.shared:
      found[field] = np.array(short[field])
      continue
    first = int(field == 'proprioception')
    length = shape[1] if len(shape) > 1 else 1
    rows = []
    for side, other in ('dv', 'vd'):
      name = {
          'ipsilateral': f'muscle_{side}_{side}',
          'contralateral': f'muscle_{side}_{other}',
      }.get(field, short[field].replace('_', f'_{side}_'))
      rows.append([f'{name}_{i}' for i in range(first, first + length)])
    found[field] = np.array(rows).reshape(shape)
  return found
