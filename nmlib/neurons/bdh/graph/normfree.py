r"""BDH-Normfree (equation (7)): BDH without LN, with n d numbers of state.

The graph model with G_x = D_x E, G_y = D_y E and G_s = 1, of whose synapses
only rho = E sigma matters:

.. math::
  v &= E y_{l-1}, \quad x_l = x_{l-1} + relu(D_x v) \\
  a &= \rho_{t-1,l}\, x_l, \quad y_l = relu(D_y a) \odot x_l \\
  \rho_{t,l} &= (\rho_{t-1,l} + v x_l^T)\, U

with U = e^-decay, and R, a rotation of neuron pairs, if theta is set. One head:
the paper gives equation (7) for one.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.attention import linear_attention
from nmlib.neurons.bdh.graph.config import Theta
from nmlib.neurons.bdh.graph.config import check_pairs
from nmlib.neurons.bdh.graph.config import rotated
from nmlib.neurons.bdh.graph.model import Output
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

PARTITION_RULES = ()


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_neurons: limits.Count  # n
  embed_dim: limits.Count  # d
  num_layers: limits.Count  # L
  decay: limits.NonNegative = 0.0  # of synapses, e^-decay a token
  theta: Theta = None  # neurons in pairs (i, i + n/2), n even
  chunk_size: limits.Count = 64  # tokens that `unroll` compares at a time
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    check_pairs(self)


class Params(NamedTuple):
  """What is learned, 3nd numbers; as one head of `bdh.Params`."""

  encoder: jax.Array  # [d, n], D_x transposed
  encoder_v: jax.Array  # [d, n], D_y transposed
  decoder: jax.Array  # [n, d], E transposed


class State(NamedTuple):
  """What evolves in time: L n d numbers and a clock."""

  rho: jax.Array  # [L, n, d], E sigma transposed, in the frame that turns
  position: jax.Array  # [], int32: tokens seen so far


def init(key: jax.Array, config: Config) -> Params:
  """Samples from N(0, 0.02^2), as the authors' BDH-GPU; theirs is unknown."""
  d, n = config.embed_dim, config.num_neurons
  dtype = dtypes.named(config.param_dtype)
  shapes = ((d, n), (d, n), (n, d))
  keys = jax.random.split(key, 3)
  draw = lambda key, shape: 0.02 * jax.random.normal(key, shape, dtype)
  return Params(*map(draw, keys, shapes))


def initial_state(config: Config) -> State:
  """Returns the state before the first token: no synapses, position 0."""
  shape = (config.num_layers, config.num_neurons, config.embed_dim)
  dtype = dtypes.named(config.param_dtype)
  return State(jnp.zeros(shape, dtype), jnp.zeros((), jnp.int32))


def step(
    params: Params, state: State, y_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """Advances by one token, which is what it excites: Y of layer 0, [n].

  Returns:
    The state after the token, and x, y of all layers, [L, n].

  Raises:
    ValueError: if a shape does not fit.
  """
  checks.shape('y_t', y_t, num_neurons=config.num_neurons)
  state, out = unroll(params, state, y_t[None], config)
  return state, jax.tree.map(lambda leaf: leaf[0], out)


def check_params(params: Params, config: Config) -> None:
  """Raises ValueError if a weight has another shape than the config's."""
  sizes = dict(embed_dim=config.embed_dim, num_neurons=config.num_neurons)
  for name, leaf in params._asdict().items():
    ordered = reversed(sizes.items()) if name == 'decoder' else sizes.items()
    checks.shape(f'params.{name}', leaf, **dict(ordered))


def unroll(
    params: Params, state: State, ys: jax.Array, config: Config
) -> tuple[State, Output]:
  """Advances by tokens ys [T, n], layer by layer; outputs are [T, L, n].

  The same numbers as scanning `step`, in chunks of tokens.

  Raises:
    ValueError: if a shape does not fit.
  """
  n, d = config.num_neurons, config.embed_dim
  checks.shape('ys', ys, 'T', num_neurons=n)
  check_params(params, config)
  sizes = dict(num_layers=config.num_layers, num_neurons=n, embed_dim=d)
  checks.shape('state.rho', state.rho, **sizes)
  checks.shape('state.position', state.position)
  rho, params, ys = dtypes.cast((state.rho, params, ys), config.param_dtype)
  length = len(ys)
  if not length:
    empty = jnp.zeros((0, config.num_layers, n), ys.dtype)
    return State(rho, state.position), Output(empty, empty)
  positions = state.position + jnp.arange(length, dtype=jnp.int32)

  def layer(carry, rho) -> Any:
    x, y = carry
    v = y @ params.decoder
    x = x + jax.nn.relu(v @ params.encoder)
    a, rho = linear_attention.strict_linear_attention(
        rotated(x, positions, config.theta)[None],
        v,
        state=rho[None],
        form='chunked',
        chunk_size=config.chunk_size,
        decay=config.decay,
    )
    y = jax.nn.relu(a[0] @ params.encoder_v) * x
    return (x, y), (rho, Output(x, y))

  _, (rho, out) = jax.lax.scan(layer, (jnp.zeros_like(ys), ys), rho)
  out = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), out)
  return State(rho[:, 0], state.position + length), out
