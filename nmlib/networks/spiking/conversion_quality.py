"""How well a converted network does what its ReLU network did, at what price.

See `spiking_conversion`. Layers are dense, with `kernel` and `bias`.
"""

from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.spikes import synaptic_operations
from nmlib.networks.spiking import spiking_conversion as conversion


class Quality(NamedTuple):
  """Of presentations of B inputs."""

  decisions: jax.Array  # [B], int: of the spiking network
  agrees: jax.Array  # [B], bool: the ReLU network decides alike
  rate_errors: tuple[jax.Array, ...]  # [B] a hidden layer, see `measure`
  acs: jax.Array  # [B], SynOps
  picojoules: jax.Array  # [B]


def measure(
    params: Sequence[Any],
    factors: Sequence[jax.Array],
    inputs: jax.Array,
    num_steps: int,
    *,
    initial: float | jax.Array = 0.5,
    batch_size: int = 250,
) -> Quality:
  """Presents inputs to a converted network, and to the ReLU network.

  The error of a hidden layer is the mean distance of its neurons' rates to
  their activations over lambda. Inputs are currents, which multiply in the
  first layer, in every step.

  Args:
    params: layers of the ReLU network.
    factors: lambda of each, of `spiking_conversion.scales`.
    inputs: [B, D].
    num_steps: T of a presentation.
    initial: membranes at the start, in thresholds.
    batch_size: inputs presented side by side.

  Raises:
    ValueError: a number of steps below one.
  """
  normal = conversion.normalize(params, factors)
  first = synaptic_operations.dense_macs(*params[0].kernel.shape)
  fan_outs = [layer.kernel.shape[1] for layer in params[1:]]

  def present(x):
    relu = conversion.activations(params, x)
    out = conversion.run(normal, x, num_steps, initial=initial)
    errors = tuple(
        jnp.mean(jnp.abs(jnp.mean(spikes, 0) - activation / factor))
        for spikes, activation, factor in zip(
            out.hidden, relu[:-1], factors[:-1], strict=True
        )
    )
    cost = synaptic_operations.spiking_cost(
        out.hidden, fan_outs, analogue_macs=num_steps * first
    )
    decision = jnp.argmax(out.charge)
    agrees = decision == jnp.argmax(relu[-1])
    return Quality(decision, agrees, errors, cost.acs, cost.picojoules)

  return jax.lax.map(present, inputs, batch_size=batch_size)
