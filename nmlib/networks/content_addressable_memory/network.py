"""A step of the memory, and a run of it."""

import jax
import jax.numpy as jnp

from nmlib.networks.content_addressable_memory.params import Config
from nmlib.networks.content_addressable_memory.params import Params
from nmlib.networks.content_addressable_memory.params import State
from nmlib.networks.content_addressable_memory.params import Weights
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import scan
from nmlib.neurons.delays import ring
from nmlib.neurons.spiking import if_curr_exp
from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import pair


def step(
    params: Params,
    state: State,
    x_t: tuple[pair.Spikes, pair.Spikes],
    config: Config,
) -> tuple[State, dict[str, jax.Array]]:
  """Advances dt.

  Args:
    params: of cells and synapses.
    state: of the memory.
    x_t: spikes of the cues [C] and contents [M] that come in.
    config: static.

  Returns:
    The next state, and the spikes of each population by its name.

  Raises:
    ValueError: if inputs are not [C] and [M], or not 0 or 1.
  """
  cue, content = _checked(x_t, state, config)
  line, arriving = ring.arrive(state.line)
  cells, spikes = if_curr_exp.step(
      params.cells, state.cells, arriving, config.cells
  )
  out = {name: spikes[place] for name, place in config.places.items()}
  to_content, content_drive = deferred.deferred_step(
      state.cue_to_content, out['CueCue'], out['ContCue'], config.rule
  )
  to_cue, cue_drive = deferred.deferred_step(
      state.content_to_cue, out['ContCont'], out['CueCont'], config.rule
  )
  driven = {
      'CueCue': params.weights.excitation * cue,
      'ContCue': params.weights.excitation * content + content_drive,
      'CueCont': cue_drive,
  }
  for delay, signs in _sent(params.weights, out, driven).items():
    values = jnp.stack([_joined(parts, spikes, config) for parts in signs])
    # This step's slot of the line is emptied: the next one is 0 ahead.
    line = ring.add(line, values, ring.steps(delay, config.dt) - 1)
  return State(cells, line, to_content, to_cue), out


def unroll(
    params: Params,
    state: State,
    xs: tuple[pair.Spikes, pair.Spikes],
    config: Config,
) -> tuple[State, dict[str, jax.Array]]:
  """Runs `step` over cues [T, C], contents [T, M]; rasters [T, n] by name."""
  xs = _checked(xs, state, config, 'T')
  return scan.scan(lambda s, x: step(params, s, x, config), state, xs)


def _sent(
    w: Weights, out: dict[str, jax.Array], driven: dict[str, jax.Array]
) -> dict[float, tuple[dict[str, jax.Array], dict[str, jax.Array]]]:
  """Returns, by delay in ms, excitation and inhibition by population.

  Args:
    w: of synapses that do not learn.
    out: spikes of each population.
    driven: what inputs and the synapses that learn send.
  """
  excite = {name: w.excitation * spikes for name, spikes in out.items()}
  others = lambda spikes: w.lateral * (jnp.sum(spikes) - spikes)
  from_content = w.content * out['ContCue'] + w.any_content * out['ContCondInt']
  quick = {
      'ContCondInt': jnp.sum(excite['ContCue'], keepdims=True),
      'ContCond': from_content,
      'ContCont': excite['ContCond'],
      'MergeCue': excite['CueCont'],
      'MergeCont': excite['ContCont'],
      'OutCue': excite['MergeCue'],
      'OutCont': excite['MergeCont'],
  }
  conditions = w.cue * jnp.sum(out['CueCue'], keepdims=True)
  return {
      1.0: (quick | driven, {}),
      2.0: (
          {'CueCont': excite['CueCue']},
          {'CueCont': others(out['CueCont']), 'ContCond': conditions},
      ),
      3.0: (
          {'MergeCue': excite['CueCue'], 'MergeCont': excite['ContCue']},
          {'CueCont': others(out['CueCue'])},
      ),
  }


def _joined(parts, spikes, config) -> jax.Array:
  """Returns currents [N] of all cells, from those of some populations."""
  joined = jnp.zeros_like(spikes)
  for name, place in config.places.items():
    if name in parts:
      joined = joined.at[place].add(parts[name])
  return joined


def _checked(xs, state, config, *free):
  cue, content = xs
  checks.shape('cue', cue, *free, num_cues=config.num_cues)
  checks.shape('content', content, *free, num_contents=config.num_contents)
  checks.binary('cue', cue)
  checks.binary('content', content)
  return dtypes.cast((cue, content), state.cells.voltage.dtype)
