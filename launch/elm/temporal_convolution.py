"""The convolutional rival of `launch.elm`, of flax's layers.

Bai, Kolter, Koltun (arXiv 1803.01271, 2018), without residual connections: what
Beniaguev, Segev, London (Neuron 2021) fit to a detailed neuron.
"""

from flax import linen as nn
import jax

_HE_NORMAL = nn.initializers.variance_scaling(2.0, 'fan_in', 'normal')


class TemporalConvolution(nn.Module):
  """Causal convolutions with ReLU: layer l sees three steps, 2^l apart."""

  num_inputs: int  # D
  channels: tuple[int, ...]  # of each layer
  num_outputs: int = 2  # O

  @nn.compact
  def __call__(self, xs: jax.Array) -> jax.Array:
    """Returns outputs [T, O] of inputs [T, D]."""
    for i, size in enumerate(self.channels):
      layer = nn.Conv(
          size, (3,), kernel_dilation=2**i, padding='CAUSAL',
          kernel_init=_HE_NORMAL,
      )  # fmt: skip
      xs = nn.relu(layer(xs))
    readout = nn.Dense(self.num_outputs, kernel_init=_HE_NORMAL, name='readout')
    return readout(xs)
