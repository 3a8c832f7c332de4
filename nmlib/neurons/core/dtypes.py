"""The dtype of a model: that of its parameters and state, whatever it reads.

`Config.param_dtype` names it, `init` and `initial_state` make arrays of it, and
a step casts what it is given to the dtype of the state, in which it computes
and answers. `Config.dtype`, of the few models that have one, is that of
products only.
"""

from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits

Floating = Literal['float32', 'float64']
Products = Literal['', 'bfloat16', 'float32', 'float64']  # '': the parameters'


def named(name: str) -> jnp.dtype:
  """Returns the dtype of this name.

  Raises:
    ValueError: for float64 while JAX cuts all numbers to 32 bits.
  """
  dtype = jnp.dtype(name)
  if jax.dtypes.canonicalize_dtype(dtype) != dtype:
    raise ValueError(
        f'{name} needs 64-bit numbers: set JAX_ENABLE_X64=1, or call'
        " jax.config.update('jax_enable_x64', True) first."
    )
  return dtype


def check_products(config: Any) -> None:
  """Refuses products that are wider than the parameters they are made of.

  Args:
    config: with the fields `param_dtype` and `dtype`.

  Raises:
    ValueError: naming both.
  """
  if config.dtype == 'float64' != config.param_dtype:
    raise ValueError(
        f'{limits.full_name(type(config), "dtype")} must be no wider than'
        f' param_dtype={config.param_dtype!r}, got {config.dtype!r}.'
    )


def cast(tree: Any, dtype: jax.typing.DTypeLike) -> Any:
  """Returns a tree of numbers, all of them arrays of one dtype."""
  return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), tree)
