"""What an image is to excite: a class, its probability, a unit inside."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import sites
from nmlib.neurons.core import checks

Objective = Callable[[jax.Array], jax.Array]  # of one image, []


def class_objective(
    network: Callable[[jax.Array], jax.Array],
    unit: jax.Array | int,
    num_classes: int,
) -> dict[str, Objective]:
  """Returns the 'logit' and the 'probability' of a class.

  Args:
    network: logits [num_classes] of an image.
    unit: which class; may be traced.
    num_classes: of the network.

  Raises:
    ValueError: if there is no such class, where it can be seen.
  """
  unit = jnp.asarray(unit)
  checks.indices('unit', unit, num_classes)
  return {
      'logit': lambda image: network(image)[unit],
      'probability': lambda image: jax.nn.softmax(network(image))[unit],
  }


def unit_objective(
    network: Callable[..., Any],
    site: str,
    unit: jax.Array | int,
    position: tuple[int, int] | None = None,
) -> Objective:
  """Returns the activation of a unit, of a convolution at one position.

  Args:
    network: `network(image, site=...)`, open to `nmlib.neurons.sites`.
    site: such as 'conv_post_1'; [d], or [H, W, C] of a convolution.
    unit: which channel; may be traced, so that units are the caller's vmap.
    position: row and column; None: the centre.

  Returns:
    A function of an image, which raises ValueError if there is no such site,
    unit or position.
  """

  def objective(image):
    _, seen = sites.run(network, image, capture=(site,))
    values = seen[site]
    if values.ndim not in (1, 3):
      raise ValueError(
          f'site {site!r} must be [d] or [H, W, C], got shape'
          f' {list(values.shape)}.'
      )
    checks.indices('unit', jnp.asarray(unit), values.shape[-1])
    if values.ndim == 1:
      return values[unit]
    place = position or tuple(size // 2 for size in values.shape[:2])
    if len(place) != 2:
      raise ValueError(f'position must be (row, column), got {position}.')
    for name, at, size in zip(
        ('row', 'column'), place, values.shape[:2], strict=True
    ):
      checks.indices(name, np.asarray(at), size)
    return values[(*place, unit)]

  return objective
