"""What a trained layer of delays can do: whole, pruned, on motion clouds."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import motion
from nmlib.data.images import textures
from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import losses
from nmlib.neurons.delays import pruning

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
FREQUENCIES = (0.03, 0.06, 0.12, 0.18, 0.25)  # cycles a pixel
_CONDITIONS = {
    'broad': {},
    'perpendicular': {'orientation_width': 0.2},
    'aperture': {'orientation_width': 0.2, 'orientation': np.pi / 4},
}


def logits(
    params: delay_layer.Params, events: jax.Array, layer: delay_layer.Config
) -> jax.Array:
  """Returns evidence at every step of a movie [T, 2, X, Y]."""
  start = delay_layer.initial_state(layer)
  return delay_layer.unroll(params, start, events, layer)[1]


def pruned(
    params: delay_layer.Params, test: dict, layer: delay_layer.Config
) -> dict[str, np.ndarray]:
  """Returns test accuracies [S, ...] of whole, pruned and shortened layers.

  The first K_T steps of a movie, which have not seen a whole window, do not
  count.

  Args:
    params: of all seeds, [S, ...].
    test: events [N, T, 2, X, Y] and labels [N, T].
    layer: as trained.

  Returns:
    `magnitude` [S, F] by `SHARES` of weights kept; `shortened` [S, K_T] by
    delays kept; `operations` [F], synaptic operations a step at those shares,
    mean over seeds; `correlation` [S] of ON and OFF weights.
  """
  act = dataclasses.replace(layer, masked=False)
  events = jnp.asarray(test['events'], jnp.float32)
  labels = jnp.asarray(test['labels'])

  def of_movie(one, movie):
    return losses.accuracy(logits(one, movie[0], act), movie[1], layer.delays)

  def of_kernel(one, kernel):
    one = one._replace(kernel=kernel)
    movies = lambda movie: of_movie(one, movie)
    return jnp.mean(jax.lax.map(movies, (events, labels)))

  def of_seed(one):
    kernel = delay_layer.effective_kernel(one, layer)
    counts = [round(share * kernel.size) for share in SHARES]
    kept = [pruning.prune_by_magnitude(kernel, count) for count in counts]
    short = [pruning.shorten_delays(kernel, 1 + i) for i in range(layer.delays)]
    each = lambda kernels: jax.lax.map(
        lambda k: of_kernel(one, k), jnp.stack(kernels)
    )
    off, on = kernel[:, 0].ravel(), kernel[:, 1].ravel()
    operations = [pruning.count_synaptic_operations(events, k) for k in kept]
    return {
        'magnitude': each(kept),
        'shortened': each(short),
        'operations': jnp.stack(operations) / labels.size,
        'correlation': jnp.corrcoef(off, on)[0, 1],
    }

  rows = jax.jit(lambda p: jax.lax.map(of_seed, p))(params)
  rows['operations'] = rows['operations'].mean(0)
  return jax.tree.map(np.asarray, rows)


def cloud_tuning(
    params: delay_layer.Params,
    layer: delay_layer.Config,
    velocities: jax.Array,
    length: int,
) -> dict[str, np.ndarray]:
  """Returns accuracies [S, F] on motion clouds, by spatial frequency.

  `broad`: all orientations. `perpendicular`: stripes across the motion.
  `aperture`: stripes at 45 degrees to it, whose motion is ambiguous.

  Args:
    params: of all seeds, [S, ...], whose first D classes are the velocities.
    layer: as trained.
    velocities: [D, 2], pixels a step.
    length: T, steps of a movie.
  """

  @jax.jit
  def right(movie, label):
    labels = jnp.full(length, label)
    events = motion.dvs_events(movie)
    return jax.lax.map(
        lambda one: losses.accuracy(
            logits(one, events, layer), labels, layer.delays
        ),
        params,
    )

  def of_clouds(frequency, fields):
    """Accuracy [S] over all motions."""
    rows = []
    for label, velocity in enumerate(velocities):
      cloud = textures.cloud_along(velocity, frequency=frequency, **fields)
      key = jax.random.key(label)
      movie = textures.motion_cloud(key, length, layer.width, cloud)
      rows.append(right(movie, label))
    return np.mean(rows, 0)

  return {
      name: np.stack([of_clouds(f, fields) for f in FREQUENCIES], 1)
      for name, fields in _CONDITIONS.items()
  }
