"""Digits read row by row: what they show is asked at the last step."""

import jax
import jax.numpy as jnp

from nmlib.data.tasks import decision_tasks

NOT_ASKED = -1  # label of a step that does not count


def sample(
    key: jax.Array, images: jax.Array, labels: jax.Array
) -> decision_tasks.Trial:
  """Draws one image: a row a step, its label at the last.

  Args:
    key: of the draw.
    images: [N, H, W] in [0, 1].
    labels: int [N].

  Returns:
    inputs [H, W] and labels [H], NOT_ASKED but the last.
  """
  index = jax.random.randint(key, (), 0, images.shape[0])
  asked = jnp.full(images.shape[1], NOT_ASKED, jnp.int32)
  return decision_tasks.Trial(
      images[index], asked.at[-1].set(labels[index].astype(jnp.int32))
  )
