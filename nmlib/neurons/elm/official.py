"""Configurations and weights under the names of the authors' PyTorch code."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.elm import config as config_lib
from nmlib.neurons.elm import params as params_lib
from nmlib.neurons.elm.config import Config
from nmlib.neurons.elm.params import Dense
from nmlib.neurons.elm.params import Params

_FIELDS = {
    'num_input': 'num_inputs',
    'num_output': 'num_outputs',
    'num_memory': 'num_memory',
    'lambda_value': 'input_speed',
    'mlp_num_layers': 'num_layers',
    'mlp_hidden_size': 'hidden_size',
    'mlp_activation': 'activation',
    'tau_s_value': 'trace_tau',
    'tau_b_value': 'trace_tau',
    'memory_tau_min': 'tau_min',
    'memory_tau_max': 'tau_max',
    'learn_memory_tau': 'learn_tau',
    'w_s_value': 'synapse_value',
    'num_branch': 'num_branches',
    'num_synapse_per_branch': 'synapses_per_branch',
    'input_to_synapse_routing': 'routing',
    'delta_t': 'dt',
}
_ROUTINGS = {
    None: 'none',
    'neuronio_routing': 'neuronio',
    'random_routing': 'random',
}
_ROUTING_ARRAYS = ('input_to_synapse_indices', 'valid_indices_mask')


def config_from_official(mapping: Mapping[str, Any]) -> Config:
  """Reads the arguments of the authors' constructor.

  Args:
    mapping: arguments by name; `version` (1 or 2) says of which file, and is 2
      by default where `tau_b_value` is given, else 1. `loss` is ignored.

  Raises:
    ValueError: an argument that the file has not, one that is missing, or one
      out of range.
  """
  unknown = sorted(set(mapping) - set(_FIELDS) - {'version', 'loss'})
  if unknown:
    raise ValueError(
        f"{unknown} are no arguments of the authors' ELM; known are"
        f' {sorted(_FIELDS)}.'
    )
  number = mapping.get('version', 2 if 'tau_b_value' in mapping else 1)
  if number not in (1, 2):
    raise ValueError(f'version must be 1 or 2, got {number!r}.')
  if missing := {'num_input', 'num_output'} - set(mapping):
    raise ValueError(f"the authors' ELM needs {sorted(missing)} too.")
  other = {1: 'tau_b_value', 2: 'tau_s_value'}[number]
  if other in mapping:
    raise ValueError(f'{other} is no argument of version {number} of theirs.')
  fields = {}
  for name, value in mapping.items():
    if name not in _FIELDS:
      continue
    if isinstance(value, np.generic):
      value = value.item()
    if name == 'input_to_synapse_routing':
      if value not in _ROUTINGS:
        raise ValueError(f'{name} must be in {[*_ROUTINGS]}, got {value!r}.')
      value = _ROUTINGS[value]
    elif value is None:
      continue  # the authors' way to ask for the default
    fields[_FIELDS[name]] = value
  if number == 2 and 'tau_min' in fields:  # their lower limit of tau_max
    least = fields['tau_min'] + 3e-6
    fields['tau_max'] = max(least, fields.get('tau_max', Config.tau_max))
  return config_lib.version(number, **fields)


def params_from_official(
    arrays: Mapping[str, npt.ArrayLike], config: Config
) -> Params:
  """Reads a checkpoint of the authors.

  Args:
    arrays: NumPy arrays by the authors' names. Fixed ones may be missing where
      the config gives them: `tau_s`, `tau_b`, the indices of NeuronIO routing.
    config: must fit the arrays.

  Raises:
    ValueError: an array is missing, unknown, or of another shape.
  """
  # Without routing their state_dict holds empty indices and an empty mask.
  arrays = {
      name: array
      for name, array in arrays.items()
      if np.size(array) or name not in _ROUTING_ARRAYS
  }
  _check_names(arrays, config)
  dtype = dtypes.named(config.param_dtype)
  get = lambda name, *shape: _array(arrays, name, shape, dtype)
  memory, branches = config.num_memory, config.branches
  sizes = [branches + memory] + [config.hidden] * config.num_layers + [memory]
  mlp = tuple(
      Dense(
          get(f'mlp.network.{2 * layer}.weight', fan_out, fan_in).T,
          get(f'mlp.network.{2 * layer}.bias', fan_out),
      )
      for layer, (fan_in, fan_out) in enumerate(
          zip(sizes[:-1], sizes[1:], strict=True)
      )
  )
  synapse = get('_proto_w_s', config.num_synapses)
  if config.routing == 'random':
    get('input_to_synapse_indices', config.num_synapses)
  fixed = params_lib.fixed(config, jax.random.key(0))
  if (source := arrays.get('input_to_synapse_indices')) is not None:
    fixed = fixed._replace(source=_indices(source, config))
  if (mask := arrays.get('valid_indices_mask')) is not None:
    fixed = fixed._replace(mask=jnp.asarray(mask, dtype))
  fixed = fixed._replace(trace_tau=_trace_tau(arrays, config, dtype))
  return Params(
      synapse,
      get('_proto_tau_m', memory),
      mlp,
      Dense(
          get('w_y.weight', config.num_outputs, memory).T,
          get('w_y.bias', config.num_outputs),
      ),
      fixed,
  )


def params_to_official(params: Params, config: Config) -> dict[str, np.ndarray]:
  """Names arrays as the authors do; also takes a gradient in place of params.

  Raises:
    ValueError: the neuron is of version 3, which their checkpoints lack.
  """
  if config.high_pass_tau or not config.positive_synapses:
    raise ValueError("the authors' PyTorch code has no neuron of version 3.")
  arrays = {
      '_proto_w_s': params.synapse,
      '_proto_tau_m': params.tau_logit,
      'w_y.weight': params.readout.kernel.T,
      'w_y.bias': params.readout.bias,
  }
  for layer, dense in enumerate(params.mlp):
    arrays[f'mlp.network.{2 * layer}.weight'] = dense.kernel.T
    arrays[f'mlp.network.{2 * layer}.bias'] = dense.bias
  tau = params.fixed.trace_tau
  if config.update == 'linear':
    arrays['tau_s'] = jnp.repeat(tau, config.synapses_per_branch)
  else:
    arrays['tau_b'] = tau
  arrays = {name: np.asarray(array) for name, array in arrays.items()}
  if config.routing != 'none':
    source, mask = params.fixed.source, params.fixed.mask
    arrays['input_to_synapse_indices'] = np.asarray(source).astype(np.int64)
    arrays['valid_indices_mask'] = np.asarray(mask).astype(bool)
  return arrays


def _check_names(arrays, config: Config) -> None:
  known = {'_proto_w_s', '_proto_tau_m', 'w_y.weight', 'w_y.bias'}
  known |= {_trace_name(config), *_ROUTING_ARRAYS}
  for layer in range(config.num_layers + 1):
    known |= {f'mlp.network.{2 * layer}.{part}' for part in ('weight', 'bias')}
  if unknown := sorted(set(arrays) - known):
    raise ValueError(f'arrays {unknown} have no place in {config}.')


def _array(arrays, name: str, shape: tuple[int, ...], dtype):
  if name not in arrays:
    raise ValueError(f'the checkpoint has no array {name!r}.')
  array = jnp.asarray(arrays[name], dtype)
  if array.shape != shape:
    raise ValueError(f'{name!r} must have shape {shape}, got {array.shape}.')
  return array


def _indices(source, config: Config):
  source, name = np.asarray(source), 'input_to_synapse_indices'
  checks.shape(name, source, num_synapses=config.num_synapses)
  checks.indices(name, source, config.num_inputs)
  return jnp.asarray(source, dtypes.named(config.param_dtype))


def _trace_name(config: Config) -> str:
  return 'tau_s' if config.update == 'linear' else 'tau_b'


def _trace_tau(arrays, config: Config, dtype):
  """One time constant a branch: synapses of a branch share theirs."""
  name = _trace_name(config)
  if name not in arrays:
    return jnp.full(config.branches, config.trace_tau, dtype)
  tau = np.asarray(arrays[name]).reshape(config.branches, -1)
  if (tau != tau[:, :1]).any():
    raise ValueError(f'{name!r} must not differ between synapses of a branch.')
  return jnp.asarray(tau[:, 0], dtype)
