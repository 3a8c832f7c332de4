"""A small network and gates for it, neither of them trivial."""

import jax

from nmlib.networks import mlp
from nmlib.neurons.gates import mode_gate


def base():
  params = mlp.init(jax.random.key(0), (6, 8, 7, 3))
  keys = jax.random.split(jax.random.key(1), 3)
  return tuple(
      layer._replace(bias=0.3 * jax.random.normal(k, layer.bias.shape))
      for k, layer in zip(keys, params, strict=True)
  )


def gates():
  keys = jax.random.split(jax.random.key(2), 4)
  return tuple(
      mode_gate.Params(
          0.5 * jax.random.normal(keys[i], (width,)),
          1 + 0.3 * jax.random.normal(keys[2 + i], (width,)),
      )
      for i, width in enumerate((8, 7))
  )
