"""A network that stands in for one neuron: its spikes and its soma's voltage.

Any module with `unroll` (`elm`, `rate.lstm`), or with `apply` over a sequence,
of two outputs: the logit of a spike in this step, and the voltage in units of
one's own. Beniaguev, Segev, London (Neuron 2021); the loss is that of the ELM
paper (arXiv 2306.16922).
"""

from collections.abc import Mapping
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.analysis.spikes import prediction

Network = tuple[Any, Any]  # module and its config, of two outputs


def init(key: jax.Array, network: Network, spike_bias: float | None) -> Any:
  """Draws parameters, with the bias of the spike's logit as is given.

  Args:
    key: random key.
    network: module and config, whose readout has a `bias`.
    spike_bias: about the logit of the rate of spikes; None: as drawn.
  """
  module, config = network
  params = module.init(key, config)
  if spike_bias is None:
    return params

  def start(path, leaf):
    name = jax.tree_util.keystr(path, simple=True, separator='_')
    return leaf.at[0].set(spike_bias) if name == 'readout_bias' else leaf

  return jax.tree_util.tree_map_with_path(start, params)


def apply(params: Any, inputs: jax.Array, network: Network) -> jax.Array:
  """Returns the spike's logit and the voltage [T, 2] for spikes [T, D]."""
  module, config = network
  xs = inputs.astype(jnp.float32)
  if not hasattr(module, 'unroll'):
    return module.apply(params, xs, config=config)
  return module.unroll(params, module.initial_state(config), xs, config)[1]


@functools.partial(jax.jit, static_argnames='network')
def predict(params: Any, inputs: jax.Array, network: Network) -> jax.Array:
  """Returns logits and voltages [N, T, 2] for N trials of spikes [N, T, D]."""
  one = functools.partial(apply, network=network)
  return jax.vmap(one, in_axes=(None, 0))(params, inputs)


def loss(params: Any, recording: Any, network: Network) -> jax.Array:
  """Half the spikes' cross-entropy and half the voltage's squared error, [].

  Args:
    params: of the network.
    recording: mapping of `inputs` [T, D], `spikes` [T] (0. or 1.) and
      `voltage` [T], in the units that the network learns.
    network: module and config.
  """
  out = apply(params, recording['inputs'], network)
  spikes = optax.sigmoid_binary_cross_entropy(out[:, 0], recording['spikes'])
  error = out[:, 1] - recording['voltage']
  return 0.5 * jnp.mean(spikes) + 0.5 * jnp.mean(error**2)


def example(length: int, network: Network) -> dict[str, jax.ShapeDtypeStruct]:
  """Returns the shapes of a recording of T = `length` steps, as `loss` wants.

  Args:
    length: T.
    network: module and config, which has `num_inputs`.
  """
  row = jax.ShapeDtypeStruct((length,), jnp.float32)
  inputs = row.update(shape=(length, network[1].num_inputs))
  return {'inputs': inputs, 'spikes': row, 'voltage': row}


def measure(
    params: Any,
    recordings: Mapping[str, np.ndarray],
    network: Network,
    *,
    scale: float = 1.0,
    ignore: int = 0,
) -> dict[str, np.ndarray]:
  """Measures networks of S seeds on N recordings.

  Args:
    params: of all seeds, [S, ...].
    recordings: `inputs` [N, T, D], `spikes` [N, T] (0. or 1.) and `voltage`
      [N, T], mV.
    network: module and config.
    scale: mV in the unit that the network learnt.
    ignore: steps at the start of a recording that do not count.

  Returns:
    `explained_variance` of the voltage, `auc`, the area under the ROC curve of
    spikes, and `rmse` of the voltage, mV, [S]; `parameters`, how many are
    learned, []; `voltage`, mV, [S, T - ignore], of the first recording, as it
    is predicted.

  Raises:
    ValueError: if no recording has a spike, or voltages do not vary.
  """
  inputs = jnp.asarray(recordings['inputs'])
  one = functools.partial(predict, inputs=inputs, network=network)
  outputs = np.asarray(jax.vmap(one)(params))
  score, voltage = outputs[..., 0], scale * outputs[..., 1]  # [S, N, T]
  found = prediction.metrics_of_seeds(
      recordings['spikes'], score, recordings['voltage'], voltage,
      false_rates=(), ignore=ignore, max_spikes=None,
  )  # fmt: skip
  return {
      'explained_variance': found['soma_explained_variance_percent'] / 100,
      'auc': found['AUC'],
      'rmse': found['soma_RMSE'],
      'parameters': np.array(network[0].num_params(network[1])),
      'voltage': voltage[:, 0, ignore:],
  }
