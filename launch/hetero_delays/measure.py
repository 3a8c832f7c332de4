"""What a trained layer of delays can do: whole, pruned, on motion clouds."""

import jax
import jax.numpy as jnp
import numpy as np

from launch.hetero_delays.config import Config
from nmlib.data.events import motion
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


def pruned(
    params: delay_layer.Params, test: dict, config: Config
) -> dict[str, np.ndarray]:
  """Returns `pruning.curves` of every seed, [S, ...], by `SHARES`.

  Their `operations` [F] are a mean over seeds.
  """
  events, labels = jnp.asarray(test['events'], float), test['labels']
  of_seed = lambda one: pruning.curves(
      one, events, jnp.asarray(labels), config.layer, SHARES
  )
  rows = jax.jit(lambda p: jax.lax.map(of_seed, p))(params)
  rows['operations'] = rows['operations'].mean(0)
  return jax.tree.map(np.asarray, rows)


def cloud_tuning(
    params: delay_layer.Params, config: Config
) -> dict[str, np.ndarray]:
  """Returns accuracies [S, F] on motion clouds, by spatial frequency.

  `broad`: all orientations. `perpendicular`: stripes across the motion.
  `aperture`: stripes at 45 degrees to it, whose motion is ambiguous.
  """
  sizes = config.directions, config.speed, config.length, config.size

  @jax.jit
  def accuracies(events, labels):  # [S]
    one = lambda p: losses.mean_accuracy(p, events, labels, config.layer)
    return jax.lax.map(one, params)

  clouds = lambda f, fields: motion.labelled_clouds(
      *sizes, frequency=f, **fields
  )
  return {
      name: np.stack([accuracies(*clouds(f, fields)) for f in FREQUENCIES], 1)
      for name, fields in _CONDITIONS.items()
  }
