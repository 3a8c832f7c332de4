"""A layer of units whose dendritic segments gate them by context.

Grewal et al. (2021) and Iyer et al. (Frontiers in Neurorobotics, 2022): unit u
computes y_u = w_u . x + b_u; its segment that answers most strongly to the
context multiplies y_u by a sigmoid of that answer. A strongly negative winner
switches the unit off.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

RULES = ('abs_max', 'max', 'bias')


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
  """

  num_inputs: int
  num_units: int
  num_segments: int
  context_dim: int
  weight_density: float = 0.5
  input_density: float = 1.0
  context_density: float = 0.1
  rule: str = 'abs_max'

  def __post_init__(self):
    for name in ('num_inputs', 'num_units', 'context_dim'):
      if getattr(self, name) < 1:
        raise ValueError(
            f'{name} must be at least 1, got {getattr(self, name)}.'
        )
    if self.num_segments < 0:
      raise ValueError(
          f'num_segments must be 0 or more, got {self.num_segments}.'
      )
    for name in ('weight_density', 'input_density', 'context_density'):
      if not 0 < getattr(self, name) <= 1:
        raise ValueError(
            f'{name} must be in (0, 1], got {getattr(self, name)}.'
        )
    if self.rule not in RULES:
      raise ValueError(f'rule must be one of {RULES}, got {self.rule!r}.')


class Params(NamedTuple):
  kernel: jax.Array  # [D, N]
  bias: jax.Array  # [N]
  segments: Any  # [N, S, C]; None if there are none


def init(key: jax.Array, config: Config) -> Params:
  """Draws uniform weights, scaled for sparse inputs as the authors do."""
  kernel_key, bias_key, segment_key = jax.random.split(key, 3)
  shape = config.num_inputs, config.num_units
  limit = (
      config.input_density * config.weight_density * config.num_inputs
  ) ** -0.5
  bias_limit = config.num_inputs**-0.5
  segment_limit = (config.context_density * config.context_dim) ** -0.5
  segments = config.num_units, config.num_segments, config.context_dim
  return Params(
      jax.random.uniform(kernel_key, shape, minval=-limit, maxval=limit),
      jax.random.uniform(
          bias_key, shape[1:], minval=-bias_limit, maxval=bias_limit
      ),
      jax.random.uniform(
          segment_key, segments, minval=-segment_limit, maxval=segment_limit
      )
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
    segments: jax.Array, context: jax.Array, rule: str = 'abs_max'
) -> tuple[jax.Array, jax.Array]:
  """Finds each unit's segment that answers most strongly.

  Args:
    segments: [N, S, C].
    context: [C].
    rule: one of `RULES`.

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
  if x.shape != (config.num_inputs,):
    raise ValueError(
        f'x must have shape [{config.num_inputs}], got {list(x.shape)}.'
    )
  if context.shape != (config.context_dim,):
    raise ValueError(
        f'context must have shape [{config.context_dim}], got'
        f' {list(context.shape)}.'
    )
  kernel = params.kernel
  if weight_mask is not None:
    kernel = jnp.where(weight_mask, kernel, 0)
  y = x @ kernel + params.bias
  if params.segments is None:
    return y
  answer, _ = winner(params.segments, context, config.rule)
  return y + answer if config.rule == 'bias' else y * jax.nn.sigmoid(answer)
