"""What a memory does: in the paper's experiments, and beyond them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from launch.hippocampus_cam.config import Config
from nmlib.data.tasks import memory_operations
from nmlib.networks import content_addressable_memory as memory
from nmlib.plasticity import presets
from nmlib.plasticity.stdp import pair

EXPERIMENTS = {
    'functional': (memory_operations.functional, memory.Config(5, 10)),
    'stress': (memory_operations.stress, memory.Config(5, 10)),
    'state map': (memory_operations.state_map, memory.Config(16, 6)),
}
LAGS = np.arange(-40, 41)  # ms, of the postsynaptic spike
WINDOWS: dict[str, pair.Config] = {
    'sPyNNaker': presets.spynnaker.stdp(delay=5.0),
    'NEST': presets.nest.stdp(
        Wmax=1.0, mu_plus=0.0, mu_minus=0.0, delay=5.0, resolution=1.0
    ),
    'Brian2': presets.brian2.stdp(ratio=1.0, delay=5.0, dt=1.0),
    'SpikingJelly': presets.spikingjelly.stdp(
        tau_pre=20.0, tau_post=20.0, f_pre=lambda w: jnp.full_like(w, 0.01),
        f_post=lambda w: jnp.full_like(w, 0.01),
    ),
}  # fmt: skip


@functools.partial(jax.jit, static_argnums=2)
def unroll(params, inputs, config: memory.Config) -> dict[str, jax.Array]:
  """Returns the rasters of an empty memory's first spikes."""
  return memory.unroll(params, memory.initial_state(config), inputs, config)[1]


def rasters(name: str, config: memory.Config):
  """Returns rasters by population, and which recalls of them are right."""
  operations, length = EXPERIMENTS[name][0]()
  inputs = memory.operations(*operations, config=config, length=length)
  params = memory.init(jax.random.key(0), config)
  raster = unroll(params, inputs, config)
  right = np.asarray(_right(operations, raster, config))
  return raster, right[~operations.learn]


def published() -> dict[str, np.ndarray]:
  """Returns rasters, 'experiment/population', and '.../right' of recalls."""
  found = {}
  for name, (_, sizes) in EXPERIMENTS.items():
    raster, found[f'{name}/right'] = rasters(name, sizes)
    found |= {f'{name}/{k}': np.asarray(v, np.uint8) for k, v in raster.items()}
  return found


def finer() -> dict[str, np.ndarray]:
  """Returns which recalls of the functional experiment are right at 0.1 ms."""
  return {'right': rasters('functional', memory.Config(5, 10, dt=0.1))[1]}


def recall(config: Config) -> dict[str, np.ndarray]:
  """Returns shares of right recalls [spacings, S], 'kind by what'."""
  sizes = memory.Config(5, 10)
  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  count = 2 * sizes.num_cues + sizes.num_contents
  length = max(config.spacings) * (count + 1)

  def one(key, spacing, bits, orthogonal):
    operations = memory_operations.random(
        key, 5, 10, bits, spacing, orthogonal=orthogonal
    )
    return answers(operations, sizes, length)

  found = {}
  for kind, bits, orthogonal in (
      ('orthogonal', config.orthogonal_bits, True),
      ('overlapping', config.overlapping_bits, False),
  ):
    of = functools.partial(one, bits=bits, orthogonal=orthogonal)
    every = jax.jit(jax.vmap(jax.vmap(of, (0, None)), (None, 0)))
    right = np.asarray(every(keys, jnp.array(config.spacings)))
    found[f'{kind} by cue'] = right[..., 5:10].mean(-1)  # of [spacings, S, K]
    found[f'{kind} by bit'] = right[..., 10:].mean(-1)
  return found


def larger(config: Config) -> dict[str, np.ndarray]:
  """Returns wrong recalls of a large memory, of each block, 'spacing, what'."""
  size, blocks = config.large, config.large_blocks
  found = {}
  for spacing in config.large_spacings:
    operations = memory_operations.random(
        jax.random.key(1), size, size, config.large_bits, spacing, blocks=blocks
    )
    length = spacing * (len(operations.start) + 1)
    sizes = memory.Config(size, size)
    run = functools.partial(answers, config=sizes, length=length)
    wrong = ~np.asarray(jax.jit(run)(operations)).reshape(blocks, 3, size)
    for row, what in ((1, 'by cue'), (2, 'by bit')):
      found[f'{spacing} ms, {what}'] = wrong[:, row].sum(-1)
  return found


def answers(operations, config: memory.Config, length: int) -> jax.Array:
  """Returns which operations [K] are answered as by a perfect memory.

  Keeps the output's spikes alone, so that long runs fit.
  """
  inputs = memory.operations(*operations, config=config, length=length)
  params = memory.init(jax.random.key(0), config)

  def step(state, x):
    state, out = memory.step(params, state, x, config)
    return state, {name: out[name] > 0 for name in ('OutCue', 'OutCont')}

  raster = jax.lax.scan(step, memory.initial_state(config), inputs)[1]
  return _right(operations, raster, config)


def windows() -> dict[str, np.ndarray]:
  """Returns the change of a weight by one pair of spikes, at each of LAGS."""
  time = np.arange(100)

  def change(lag, config):
    start = pair.initial_state(jnp.full((1, 1), 0.5), config)
    spike = lambda at: (time == at).astype(np.float32)[:, None]
    post = (jnp.asarray(time) == 45 + lag).astype(jnp.float32)[:, None]
    state, _ = pair.unroll(start, spike(45), post, config)
    return state.weights[0, 0] - 0.5

  every = lambda config: jax.jit(jax.vmap(lambda lag: change(lag, config)))
  return {name: every(config)(LAGS) for name, config in WINDOWS.items()}


def _right(operations, raster, config) -> jax.Array:
  found = memory.decode(raster, operations.start, config)
  wanted = memory_operations.answers(operations)
  equal = [(f == w).all(1) for f, w in zip(found, wanted, strict=True)]
  return equal[0] & equal[1]
