"""A `spiking_mlp` that tells classes apart: its loss, accuracy and price.

The logits are the maxima over time of the readout's membranes. Inputs are
encoded as spikes whenever they are presented. One example, no batch axis.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks import mlp
from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import losses

Encode = Callable[[jax.Array, jax.Array], jax.Array]  # (key, input) -> [T, D]


def loss(
    params: mlp.Params,
    example: tuple[jax.Array, jax.Array],
    key: jax.Array,
    config: spiking_mlp.Config,
    encode: Encode,
    rate_penalty: float = 0.0,
) -> tuple[jax.Array, dict[str, jax.Array]]:
  """Returns the cross-entropy plus the price of the hidden rate, nats, [].

  Args:
    params: of `spiking_mlp.init`.
    example: an input, and its class, int [].
    key: of the encoding.
    config: of the network.
    encode: an input as spikes or currents [T, D].
    rate_penalty: nats, of one spike a hidden neuron and step.

  Returns:
    The loss and, to be looked at, the `rate` [].

  Raises:
    ValueError: if what is encoded is not [T, D], or the label no class.
  """
  x, label = example
  activity = spiking_mlp.apply(params, encode(key, x), config)
  value = losses.ce_max_membrane(activity.membranes, label)
  return value + rate_penalty * activity.rate, {'rate': activity.rate}


def measure(
    params: mlp.Params,
    example: tuple[jax.Array, jax.Array],
    key: jax.Array,
    config: spiking_mlp.Config,
    encode: Encode,
) -> dict[str, jax.Array]:
  """Presents an input, and counts what every spike costs, the input's too.

  Args:
    params: of `spiking_mlp.init`.
    example: an input, and its class, int [].
    key: of the encoding.
    config: of the network.
    encode: an input as spikes [T, D].

  Returns:
    Scalars: `accuracy`, whether the class is told right, bool; `rate`, spikes
    a hidden neuron and step; `operations`, SynOps; `picojoules`.

  Raises:
    ValueError: if what is encoded is not [T, D].
  """
  x, label = example
  xs = encode(key, x)
  activity = spiking_mlp.apply(params, xs, config)
  fan_outs = (*config.hidden, config.num_classes)
  cost = synaptic_operations.spiking_cost((xs, *activity.spikes), fan_outs)
  guess = jnp.argmax(jnp.max(activity.membranes, 0))
  return {
      'accuracy': guess == label, 'rate': activity.rate,
      'operations': cost.acs, 'picojoules': cost.picojoules,
  }  # fmt: skip
