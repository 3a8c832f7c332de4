"""Worlds of Brax, and whatever has its two methods, as ours.

Brax itself is not imported, and no dependency.
"""

from typing import Any

import jax.numpy as jnp

from nmlib.environments import contract


def from_brax(environment: Any) -> contract.Environment:
  """Returns a world of an environment of Brax; its config is not used.

  The state is Brax's. Where an episode's end is a time limit's, as its
  `EpisodeWrapper` notes in `info['truncation']`, the step is `truncated`, else
  `terminated`. Give it without `AutoResetWrapper`, which shows the next
  episode's observation in place of the last.

  Args:
    environment: with `reset(rng)` and `step(state, action)`, whose states have
      `obs`, `reward`, `done` and `info`.

  Raises:
    ValueError: if it lacks a method.
  """
  for name in ('reset', 'step'):
    if not callable(getattr(environment, name, None)):
      raise ValueError(
          'environment must have the methods reset(rng) and step(state,'
          f' action) of Brax, got a {type(environment).__name__} without'
          f' {name}.'
      )

  def reset(key, config):
    del config
    state = environment.reset(key)
    return state.obs, state

  def step(key, state, action, config):
    del key, config  # Brax's states hold what chance they need
    state = environment.step(state, action)
    done = jnp.asarray(state.done) > 0
    cut = jnp.asarray(state.info.get('truncation', 0)) > 0
    return contract.Step(
        state.obs, state, jnp.asarray(state.reward), done & ~cut, done & cut, {}
    )

  return contract.Environment(
      reset, step, lambda key, state, config: reset(key, config)
  )
