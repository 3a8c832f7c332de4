"""Evolution strategies as a stage: what can only be tried out is improved."""

from collections.abc import Callable
import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.core import checks
from nmlib.plasticity import evolution_strategies
from nmlib.train.control import trial
from nmlib.train.gradient import TrainState
from nmlib.train.stage import Loop
from nmlib.train.stage import Stage

_EVALUATION = 2**31 - 1  # folded into a seed's key; generations fold theirs


def evolution_stage(
    init: Callable[[jax.Array], Any],
    fitness: Callable[[jax.Array, Any], jax.Array],
    *,
    name: str,
    loop: Loop,
    optimizer: optax.GradientTransformation,
    num_pairs: int,
    sigma: float,
    evaluate: Callable[[jax.Array, Any], jax.Array],
    seeds: tuple[int, ...] = (0,),
) -> Stage:
  """Returns the stage that evolves parameters; its step is a generation.

  Args:
    init: `key -> params`.
    fitness: `(key, params) -> []`, such as the return of an episode; higher is
      better. Each of a generation has a key of its own.
    name: of the stage.
    loop: numbers of generations; `batch_size` is not used.
    optimizer: an optax transformation.
    num_pairs: P; a generation tries 2 P.
    sigma: of the perturbations.
    evaluate: likewise, of the parameters themselves: the metric 'eval/return',
      by the same key each time.
    seeds: S seeds, which evolve together.

  Raises:
    ValueError: if `num_pairs` is no whole number from 1, `sigma` is not
      positive, or seeds are no tuple of whole numbers.
  """
  checks.count('num_pairs', num_pairs)
  if not 0 < sigma < math.inf:
    raise ValueError(f'sigma must be positive, got {sigma}.')
  trial.check_seeds(seeds)

  def start(key):
    first, later = jax.random.split(key)
    params = init(first)
    return TrainState(jnp.int32(0), params, optimizer.init(params), later)

  def step(state, _):
    key = jax.random.fold_in(state.key, state.step)
    drawing, trying = jax.random.split(key)
    noise = evolution_strategies.perturb(drawing, state.params, num_pairs)
    tried = evolution_strategies.population(state.params, noise, sigma)
    keys = jax.random.split(trying, 2 * num_pairs)
    found = jax.vmap(fitness)(keys, tried)
    params, moments = evolution_strategies.ascend(
        state.params, state.opt_state, noise, found, sigma, optimizer
    )
    state = state._replace(
        step=state.step + 1, params=params, opt_state=moments
    )
    return state, {'return': jnp.mean(found), 'best': jnp.max(found)}

  def measure(state, _):
    key = jax.random.fold_in(state.key, _EVALUATION)
    return {'eval/return': evaluate(key, state.params)}

  return Stage(
      name=name,
      loop=loop,
      init=start,
      step=step,
      evaluate=measure,
      seeds=seeds,
  )
