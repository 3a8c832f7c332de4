"""The nonlinear recurrence of the memory units: what no rewriting removes.

m_t = kappa m_{t-1} + g phi(MLP(u_t + kappa m_{t-1} W)), where u_t holds what
the branches add to the first layer, computed for all steps before.
"""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.elm.config import Config

TANH_SCALE = 1.7159
_ACTIVATIONS = {
    'relu': jax.nn.relu,
    'silu': jax.nn.silu,
    'relu_squared': lambda u: jnp.square(jax.nn.relu(u)),
}


class Core(NamedTuple):
  """Weights of the loop; matrices in the dtype of products."""

  kappa: jax.Array  # [M]
  gain: jax.Array  # [M], with the scale of the tanh and dropout
  into: jax.Array  # [M, H], of the first layer, times kappa
  later: tuple[tuple[jax.Array, jax.Array], ...]  # kernel and bias of the rest


def advance(core: Core, memory: jax.Array, u: jax.Array, config: Config):
  """Returns the memory [M] a step later."""
  u = u + dot(memory, core.into, config)
  activation = _ACTIVATIONS[config.activation]
  for kernel, bias in core.later:
    u = dot(activation(u), kernel, config) + bias
  return core.kappa * memory + core.gain * jnp.tanh(u * (2 / 3))


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def scan(
    core: Core, start: jax.Array, inputs: jax.Array, config: Config
) -> jax.Array:
  """Returns the memory of every step [T, M], from u [T, H].

  Its derivative is written out, so that the loop over time, forwards or
  backwards, holds only products with the state: slopes, and what weights and
  inputs add, are computed for all steps at once. The backward pass needs the
  memory alone.
  """

  def one(memory, u):
    memory = advance(core, memory, u, config)
    return memory, memory

  return jax.lax.scan(one, start, inputs)[1]


@scan.defjvp
def _scan_jvp(config: Config, primals, tangents):
  core, start, inputs = primals
  core_dot, start_dot, inputs_dot = tangents
  memory = scan(core, start, inputs, config)
  previous = jnp.concatenate([start[None], memory[:-1]])
  steps = jax.vmap(lambda core, m, u: advance(core, m, u, config), (None, 0, 0))
  _, forced = jax.jvp(
      lambda core, inputs: steps(core, previous, inputs),
      (core, inputs),
      (core_dot, inputs_dot),
  )
  slopes = jax.vmap(lambda m, u: _slopes(core, m, u, config))(previous, inputs)

  def one(memory_dot, now):
    forced, (*inner, last) = now
    u_dot = dot(memory_dot, core.into, config)
    for slope, (kernel, _) in zip(inner, core.later, strict=True):
      u_dot = dot(slope * u_dot, kernel, config)
    memory_dot = core.kappa * memory_dot + last * u_dot + forced
    return memory_dot, memory_dot

  _, memory_dot = jax.lax.scan(one, start_dot, (forced, slopes))
  return memory, memory_dot


def _slopes(core: Core, previous, u, config: Config) -> list[jax.Array]:
  """Slopes of the hidden layers [H] and of the gated tanh [M] at a step."""
  activation = _ACTIVATIONS[config.activation]
  u = u + dot(previous, core.into, config)
  slopes = []
  for kernel, bias in core.later:
    hidden, slope = jax.jvp(activation, (u,), (jnp.ones_like(u),))
    slopes.append(slope)
    u = dot(hidden, kernel, config) + bias
  return [*slopes, core.gain * (2 / 3) * (1 - jnp.tanh(u * (2 / 3)) ** 2)]


def dot(x: jax.Array, kernel: jax.Array, config: Config, *, contract: int = 0):
  """x [..., I] times kernel, summed over its axis `contract`.

  In the compute dtype, summed in float32 or wider.
  """
  wide = jnp.promote_types(kernel.dtype, jnp.float32)
  dtype = compute_dtype(config, kernel)
  return jax.lax.dot_general(
      x.astype(dtype),
      kernel.astype(dtype),
      (((x.ndim - 1,), (contract,)), ((), ())),
      preferred_element_type=wide,
  )


def compute_dtype(config: Config, array: Any) -> jnp.dtype:
  """Returns the dtype of products."""
  return jnp.dtype(config.dtype or array.dtype)
