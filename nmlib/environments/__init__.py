"""Worlds that an agent acts in, as pure functions in the order of gymnax.

A world is a module, or a `contract.Environment`, with

- `reset(key, config) -> (observation, state)`,
- `step(key, state, action, config)
  -> (observation, state, reward, terminated, truncated, info)`.

One agent; many are the caller's `vmap`. A step begins no new episode, which
`auto_reset` does. What a sweep varies is in the state, a pytree of arrays; a
config is frozen and hashable, static under `jit`. `terminated` says that the
world has ended, `truncated` that only a time limit (`time_limit`) has passed.
"""

import typing

from nmlib import _lazy

if typing.TYPE_CHECKING:  # for editors and type checkers
  from nmlib.environments import alternating_t as alternating_t
  from nmlib.environments import auto_reset as auto_reset
  from nmlib.environments import contract as contract
  from nmlib.environments import finite_mdp as finite_mdp
  from nmlib.environments import grid as grid
  from nmlib.environments import gridworld as gridworld
  from nmlib.environments import linear_track as linear_track
  from nmlib.environments import numbered as numbered
  from nmlib.environments import (
      observation_statistics as observation_statistics,
  )
  from nmlib.environments import peg_insertion as peg_insertion
  from nmlib.environments import planar_chain as planar_chain
  from nmlib.environments import progress_rewards as progress_rewards
  from nmlib.environments import swimmer as swimmer
  from nmlib.environments import time_limit as time_limit
  from nmlib.environments import visual_corridor as visual_corridor

__getattr__, __dir__ = _lazy.attach(__name__, __path__[0])
