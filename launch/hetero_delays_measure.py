"""What a trained layer of delays can do: whole, pruned, on motion clouds."""

import dataclasses
import operator

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import motion
from nmlib.data.images import textures
from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import losses as delay_loss
from nmlib.neurons.delays import pruning as delay_pruning

SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
FREQUENCIES = (0.03, 0.06, 0.12, 0.18, 0.25)  # cycles a pixel


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

  @jax.jit
  def accuracy(one):
    def of_movie(movie):
      _, logits = delay_layer.unroll(
          one, delay_layer.initial_state(act), movie[0], act
      )
      return delay_loss.accuracy(logits, movie[1], layer.delays)

    return jnp.mean(jax.lax.map(of_movie, (events, labels)))

  rows = []
  for seed in range(params.bias.shape[0]):
    one = jax.tree.map(operator.itemgetter(seed), params)
    kernel = delay_layer.effective_kernel(one, layer)
    kept = [
        delay_pruning.prune_by_magnitude(kernel, round(share * kernel.size))
        for share in SHARES
    ]
    short = [
        delay_pruning.shorten_delays(kernel, keep)
        for keep in range(1, layer.delays + 1)
    ]
    rows.append(
        {
            'magnitude': [accuracy(one._replace(kernel=k)) for k in kept],
            'shortened': [accuracy(one._replace(kernel=k)) for k in short],
            'operations': [
                delay_pruning.count_synaptic_operations(events, k)
                / events.shape[0]
                / events.shape[1]
                for k in kept
            ],
            'correlation': np.corrcoef(
                kernel[:, 0].ravel(), kernel[:, 1].ravel()
            )[0, 1],
        }
    )
  stacked = {key: np.array([row[key] for row in rows]) for key in rows[0]}
  stacked['operations'] = stacked['operations'].mean(0)
  return stacked


def half_saturation(
    kept: np.ndarray, accuracy: np.ndarray, chance: float
) -> np.ndarray:
  """Returns [S], how much must be kept for half of what is above chance.

  The level is half way between chance and a seed's best. From the best on
  downwards, the first crossing of it, interpolated over the logarithm of the
  amount; the least amount measured, if there is none.

  Args:
    kept: [F], amounts, in any order.
    accuracy: [S, F].
    chance: of one class.
  """
  order = np.argsort(-kept)
  log, found = np.log(kept[order]), []
  for row in accuracy[:, order]:
    level = (row.max() + chance) / 2
    best = np.argmax(row)
    (below,) = np.nonzero(row[best:] < level)
    if not below.size:
      found.append(log[-1])
      continue
    i = best + below[0]
    part = (row[i - 1] - level) / (row[i - 1] - row[i])
    found.append(log[i - 1] + part * (log[i] - log[i - 1]))
  return np.exp(found)


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
  conditions = {
      'broad': {},
      'perpendicular': {'orientation_width': 0.2},
      'aperture': {'orientation_width': 0.2, 'orientation': np.pi / 4},
  }

  @jax.jit
  def right(movie, label):
    def of_seed(one):
      events = motion.dvs_events(movie)
      _, logits = delay_layer.unroll(
          one, delay_layer.initial_state(layer), events, layer
      )
      labels = jnp.full(length, label)
      return delay_loss.accuracy(logits, labels, layer.delays)

    return jax.lax.map(of_seed, params)

  found = {}
  for name, fields in conditions.items():
    found[name] = np.zeros((params.bias.shape[0], len(FREQUENCIES)))
    for place, frequency in enumerate(FREQUENCIES):
      for label, velocity in enumerate(np.asarray(velocities)):
        cloud = textures.MotionCloud(
            direction=float(np.arctan2(velocity[1], velocity[0])),
            speed=float(np.hypot(*velocity)),
            frequency=frequency,
            **fields,
        )
        movie = textures.motion_cloud(
            jax.random.key(label), length, layer.width, cloud
        )
        found[name][:, place] += np.asarray(right(movie, label))
    found[name] /= len(velocities)
  return found
