r"""A layer of units whose dendritic segments gate them by context.

Grewal et al. (2021) and Iyer et al. (Frontiers in Neurorobotics, 2022): of the
segments U of a unit u the one that answers most strongly to the context c, j*,
multiplies what the unit computes by a sigmoid of its answer. A strongly
negative winner switches the unit off.

.. math::
  y_u = (w_u \cdot x + b_u) \, sigmoid(U_{uj^*} \cdot c)
"""

import dataclasses
from typing import Annotated
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

Density = Annotated[float, limits.Range(0, 1, 'low')]  # (0, 1]
Rule = Literal['abs_max', 'max', 'bias']


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and rule of a layer.

  Attributes:
    num_inputs: D.
    num_units: N.
    num_segments: S, dendritic segments a unit; 0 for none, and no gate.
    context_dim: C.
    weight_density: share of feed-forward weights that exist; 0.5 in the
      authors' runs. Which ones is drawn once (`masks`).
    input_density: share of inputs expected to be active, for initialisation:
      1 for pixels, 0.05 after k-winners.
    context_density: share of the context expected to be active, 0.1.
    rule: 'abs_max' gates by the segment of largest magnitude, sign kept;
      'max' by the largest; 'bias' adds the largest to y instead of gating.
    param_dtype: of the parameters.
  """

  num_inputs: limits.Count
  num_units: limits.Count
  num_segments: limits.Natural
  context_dim: limits.Count
  weight_density: Density = 0.5
  input_density: Density = 1.0
  context_density: Density = 0.1
  rule: Rule = 'abs_max'
  param_dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check


class Params(NamedTuple):
  kernel: jax.Array  # [D, N]
  bias: jax.Array  # [N]
  segments: Any  # [N, S, C]; None if there are none


def init(key: jax.Array, config: Config) -> Params:
  """Draws uniform weights, scaled for sparse inputs as the authors do."""
  kernel_key, bias_key, segment_key = jax.random.split(key, 3)
  shape = config.num_inputs, config.num_units
  dtype = dtypes.named(config.param_dtype)
  uniform = lambda key, shape, limit: jax.random.uniform(
      key, shape, dtype, minval=-limit, maxval=limit
  )
  limit = (
      config.input_density * config.weight_density * config.num_inputs
  ) ** -0.5
  bias_limit = config.num_inputs**-0.5
  segment_limit = (config.context_density * config.context_dim) ** -0.5
  segments = config.num_units, config.num_segments, config.context_dim
  return Params(
      uniform(kernel_key, shape, limit),
      uniform(bias_key, shape[1:], bias_limit),
      uniform(segment_key, segments, segment_limit)
      if config.num_segments
      else None,
  )


def mask(key: jax.Array, config: Config) -> jax.Array:
  """Chooses which feed-forward weights exist: bool [D, N].

  Every unit has round(weight_density D) inputs. Multiply the kernel by it
  after every update, or optimisers with momentum revive dead weights.
  """
  kept = round(config.weight_density * config.num_inputs)
  rank = jax.random.permutation(
      key,
      jnp.broadcast_to(
          jnp.arange(config.num_inputs)[:, None],
          (config.num_inputs, config.num_units),
      ),
      axis=0,
      independent=True,
  )
  return rank < kept


def winner(
    segments: jax.Array, context: jax.Array, rule: Rule = 'abs_max'
) -> tuple[jax.Array, jax.Array]:
  """Finds each unit's segment that answers most strongly.

  Args:
    segments: [N, S, C].
    context: [C].
    rule: as in `Config`.

  Returns:
    Its answer [N], differentiable, and its index [N]; the first of equals.
  """
  answers = jnp.einsum('nsc,c->ns', segments, context)
  strength = jnp.abs(answers) if rule == 'abs_max' else answers
  index = jnp.argmax(strength, axis=-1)
  return jnp.take_along_axis(answers, index[:, None], axis=-1)[:, 0], index


def apply(
    params: Params,
    x: jax.Array,
    context: jax.Array,
    config: Config,
    weight_mask: jax.Array | None = None,
) -> jax.Array:
  """Computes the gated answers of the units, before any activation.

  Args:
    params: weights.
    x: inputs, [D].
    context: what the segments listen to, [C].
    config: sizes.
    weight_mask: from `mask`; None keeps all weights.

  Returns:
    [N].

  Raises:
    ValueError: if x or context has another width.
  """
  checks.shape('x', x, num_inputs=config.num_inputs)
  checks.shape('context', context, context_dim=config.context_dim)
  kernel = params.kernel
  x, context = dtypes.cast((x, context), kernel.dtype)
  if weight_mask is not None:
    kernel = jnp.where(weight_mask, kernel, 0)
  y = x @ kernel + params.bias
  if params.segments is None:
    return y
  answer, _ = winner(params.segments, context, config.rule)
  return y + answer if config.rule == 'bias' else y * jax.nn.sigmoid(answer)
