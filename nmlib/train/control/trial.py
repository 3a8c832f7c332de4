"""One step of an agent in a world, tried out before a stage is made of them.

Only shapes are computed. What does not fit is said in a sentence, where the
compiled loop would speak of carries.
"""

from typing import Any

import jax
import jax.numpy as jnp

from nmlib.environments import contract
from nmlib.environments import finite_mdp
from nmlib.networks.agents import agent as agents
from nmlib.neurons.core import checks


def check_seeds(seeds: Any) -> None:
  """Refuses what is no tuple of whole numbers.

  Raises:
    ValueError: naming the seeds.
  """
  if not isinstance(seeds, tuple):
    raise ValueError(
        f'seeds must be a tuple of whole numbers, such as (0, 1, 2), got'
        f' {seeds!r}.'
    )
  for number, seed in enumerate(seeds):
    checks.count(f'seeds[{number}]', seed, least=0)


def check(world: contract.World, agent: agents.Agent, config: Any) -> None:
  """Refuses a world that breaks the contract, and an agent of another world.

  Args:
    world: without automatic reset.
    agent: to act in it.
    config: of the world.

  Raises:
    ValueError: if reset or step answer otherwise than `environments.contract`
      says, or the agent's numbers of states or actions are not the world's as
      far as both are known.
  """

  def begun(key):
    return _begun(world.reset(key, config))

  def tried(key):
    keys = jax.random.split(key, 5)
    observation, state = begun(keys[0])
    learner = agent.init(keys[1], observation)
    if isinstance(config, finite_mdp.Config) and jnp.shape(observation) == ():
      agent.best(learner, _concrete(len(config.start) - 1))
    number = agent.num_actions(learner, observation)
    if number is not None:
      _try_last_action(world, keys[4], state, number, config)
    action, _ = agent.act(keys[2], learner, observation)
    answer = _answered(world.step(keys[3], state, action, config))
    return answer._replace(info={})

  key = jax.random.key(0)
  answer = jax.eval_shape(tried, key)
  observation, state = jax.eval_shape(begun, key)
  _check_flags(answer)
  _check_same('observation', observation, answer.observation)
  _check_same('state', state, answer.state)


def _begun(answer):
  if not isinstance(answer, tuple) or len(answer) != 2:
    raise ValueError(
        'the reset of a world must answer with (observation, state), got'
        f' {_described(answer)}.'
    )
  return answer


def _answered(answer) -> contract.Step:
  wanted = ', '.join(contract.Step._fields)
  if not isinstance(answer, tuple) or len(answer) != len(contract.Step._fields):
    raise ValueError(
        f'the step of a world must answer with ({wanted}), got'
        f' {_described(answer)}.'
    )
  answer = contract.Step(*answer)
  if not isinstance(answer.info, dict):
    raise ValueError(
        f'the step of a world must answer with ({wanted}) whose info is a dict,'
        f' got {_described(answer.info)}.'
    )
  return answer


def _try_last_action(world, key, state, number, config):
  """Does the agent's last action, which the world refuses if it is none."""
  try:
    world.step(key, state, _concrete(number - 1), config)
  except ValueError as error:
    raise ValueError(
        f'the agent has {number} actions, but the world refuses the last of'
        f' them: {error}'
    ) from error


def _concrete(number):
  """Returns an array that is no tracer, so that it can be refused."""
  with jax.ensure_compile_time_eval():
    return jnp.asarray(number, jnp.int32)


def _check_flags(answer):
  for name in ('reward', 'terminated', 'truncated'):
    found = getattr(answer, name)
    real = jnp.issubdtype(found.dtype, jnp.floating) or jnp.issubdtype(
        found.dtype, jnp.integer
    )
    fits = real if name == 'reward' else found.dtype == jnp.bool_
    if found.shape or not fits:
      kind = 'a number' if name == 'reward' else 'boolean'
      raise ValueError(
          f'{name} of a step must be {kind} [], got {found.dtype}'
          f' {list(found.shape)}.'
      )


def _check_same(name, first, later):
  """Refuses what a step answers in another form than reset did."""
  structures = jax.tree.structure(first), jax.tree.structure(later)
  if structures[0] != structures[1]:
    raise ValueError(
        f'{name} of a step must be a tree as of reset, {structures[0]}, got'
        f' {structures[1]}.'
    )
  leaves = jax.tree_util.tree_leaves_with_path(first)
  for (path, old), new in zip(leaves, jax.tree.leaves(later), strict=True):
    # A weak type, as of a number of Python, gives way.
    cast = old.dtype != new.dtype and not (old.weak_type or new.weak_type)
    if old.shape != new.shape or cast:
      raise ValueError(
          f'{name}{jax.tree_util.keystr(path)} of a step must be'
          f' {old.dtype} {list(old.shape)} as of reset, got {new.dtype}'
          f' {list(new.shape)}.'
      )


def _described(answer):
  if isinstance(answer, tuple):
    return f'{len(answer)} values'
  return f'a {type(answer).__name__}'
