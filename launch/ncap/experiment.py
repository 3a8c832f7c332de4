"""The experiment of `launch.ncap`: untrained, evolved, and taught."""

from collections.abc import Callable
import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.ncap import figures
from launch.ncap import report
from launch.ncap.config import Config
from nmlib import train
from nmlib.environments import swimmer
from nmlib.networks import ncap
from nmlib.networks.agents import agent as agents
from nmlib.networks.agents import ddpg
from nmlib.networks.agents import distributions
from nmlib.networks.agents import heads
from nmlib.networks.agents import ppo

RANDOM = 'random actions'


def experiment(config: Config, run: train.Run) -> train.Report:
  """Lets circuits swim, as they are and as they learn."""
  untrained = run.result('untrained', lambda: tested(config))
  evolved = train.fit(run, evolution(config))
  long = run.result('long', lambda: lengthened(config, evolved.state.params))
  learned = {
      name: train.fit(run, agent_stage(config, *name.split(' ')))
      for name in methods(config)
  }
  shown = run.result('shown', lambda: rollout(config))
  figures.save_gif(run.workdir / 'swimming.gif', config, shown['poses'])
  curves = {'evolution NCAP': evolved} | learned
  return report.make(config, untrained, long, curves, shown)


def swim(key: jax.Array, act: Callable[..., jax.Array], world, steps: int):
  """Returns rewards [T] and coordinates [T, n + 2] of an episode.

  Args:
    key: of the start, and of what `act` draws.
    act: `(key, observation) -> action`.
    world: config of the swimmer.
    steps: T.
  """
  first, later = jax.random.split(key)

  def advance(carry, t):
    action = act(jax.random.fold_in(later, t), carry[0])
    found = swimmer.step(key, carry[1], action, world)
    seen = found.observation, found.state
    return seen, (found.reward, found.state.chain.qpos)

  start = swimmer.reset(first, world)
  return jax.lax.scan(advance, start, jnp.arange(steps))[1]


def mean_return(key, act, world, config: Config) -> jax.Array:
  """Returns the mean return [] of a seed's test episodes."""
  one = lambda key: jnp.sum(swim(key, act, world, config.max_steps)[0])
  return jnp.mean(jax.vmap(one)(jax.random.split(key, config.test_episodes)))


def by_circuit(params: ncap.Params, world, circuit: ncap.Config):
  """Returns `act(key, observation)` of a circuit."""
  return lambda unused_key, seen: ncap.apply(
      params, *swimmer.joints_and_time(seen, world), circuit
  )


def variants(key: jax.Array, config: Config) -> dict[str, ncap.Params]:
  """Returns the untrained circuit and others, as weights [2, ...] that act."""
  changed = functools.partial(dataclasses.replace, config.circuit)

  def drawn(circuit):
    params = ncap.effective(ncap.init(key, circuit), circuit)
    whole = ncap.init(key, changed(shared=False))
    spread = lambda weight, like: jnp.broadcast_to(weight, like.shape)
    return jax.tree.map(spread, params, whole)

  full = drawn(config.circuit)
  free = {'constant': False, 'shared': False}
  return {
      'NCAP': full,
      'no proprioception': full._replace(
          proprioception=0 * full.proprioception
      ),
      'no oscillator': full._replace(oscillator=0 * full.oscillator),
      'random magnitude': drawn(changed(constant=False)),
      'not shared, random magnitude': drawn(changed(**free)),
      'random signs': drawn(changed(constrained=False)),
  }


def tested(config: Config) -> dict[str, np.ndarray]:
  """Returns mean returns [S] of variants, and of random actions."""
  world = config.world
  # With unshared weights of any sign all are one circuit, and one program.
  general = dataclasses.replace(
      config.circuit, shared=False, constrained=False
  )  # fmt: skip
  names = [*variants(jax.random.key(0), config), RANDOM]

  def seed(number):
    keys = jax.random.split(jax.random.key(number))
    made = list(variants(keys[0], config).values())
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *made, made[0])

    def one(params, at_random):
      circuit = by_circuit(params, world, general)
      draw = lambda key: jax.random.uniform(key, (world.num_joints,), minval=-1)
      act = lambda key, seen: jnp.where(
          at_random, draw(key), circuit(key, seen)
      )
      return mean_return(keys[1], act, world, config)

    return jax.vmap(one)(stacked, jnp.array([name == RANDOM for name in names]))

  found = jax.jit(jax.vmap(seed))(jnp.arange(config.num_seeds))
  return dict(zip(names, np.asarray(found).T, strict=True))


def lengthened(config: Config, evolved: ncap.Params) -> dict[str, np.ndarray]:
  """Returns mean returns [S] on the other body, of untrained and evolved."""
  world = swimmer.with_links(config.long_links, substeps=config.world.substeps)
  circuit = dataclasses.replace(config.circuit, num_joints=world.num_joints)

  def seed(number, params):
    keys = jax.random.split(jax.random.key(number))
    two = ncap.init(keys[0], config.circuit), params
    one = lambda params: mean_return(
        keys[1], by_circuit(params, world, circuit), world, config
    )
    return jax.vmap(one)(jax.tree.map(lambda *a: jnp.stack(a), *two))

  found = jax.jit(jax.vmap(seed))(jnp.arange(config.num_seeds), evolved)
  return dict(zip(('untrained', 'evolved'), np.asarray(found).T, strict=True))


def evolution(config: Config) -> train.Stage:
  """Returns the evolution of the circuit's weights."""
  options, world = config.evolution, config.world
  act = lambda params: by_circuit(params, world, config.circuit)
  steps = config.max_steps
  return train.evolution_stage(
      lambda key: ncap.init(key, config.circuit),
      lambda key, params: jnp.sum(swim(key, act(params), world, steps)[0]),
      name='evolution', loop=options.loop,
      optimizer=optax.chain(
          optax.add_decayed_weights(options.weight_decay),
          optax.adam(options.learning_rate),
      ),
      num_pairs=options.num_pairs, sigma=options.sigma,
      evaluate=lambda key, params: mean_return(key, act(params), world, config),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def methods(config: Config) -> list[str]:
  """Returns what learns, by the names of its algorithm and its policy."""
  found = ['PPO', 'DDPG'] if config.learning.ddpg else ['PPO']
  return [f'{name} {policy}' for name in found for policy in ('NCAP', 'MLP')]


def agent(config: Config, algorithm: str, policy: str) -> agents.Agent:
  """Returns the agent of one of `methods`."""
  options, world = config.learning, config.world
  init = lambda key, unused_seen: ncap.init(key, config.circuit)
  act = lambda params, seen: by_circuit(params, world, config.circuit)(0, seen)
  noisy = lambda params, seen: distributions.Normal(
      act(params, seen), options.deviation
  )
  circuit, sizes = policy == 'NCAP', {'hidden': options.hidden}
  if algorithm == 'PPO':
    actor = heads.gaussian_policy(world.num_joints, **sizes)
    actor = agents.Network(init, noisy) if circuit else actor
    return ppo.make(actor, heads.critic(**sizes), options.ppo)
  assert options.ddpg is not None
  rectified: Any = sizes | {'activation': jax.nn.relu}
  actor = heads.deterministic_policy(world.num_joints, **rectified)
  actor = agents.Network(init, act) if circuit else actor
  return ddpg.make(actor, heads.critic(**rectified), options.ddpg)


def agent_stage(
    config: Config, algorithm: str = 'PPO', policy: str = 'NCAP'
) -> train.Stage:
  """Returns the training of one of `methods`."""
  options = config.learning
  return train.agent_stage(
      swimmer, agent(config, algorithm, policy),
      name=f'{algorithm}_{policy}'.lower(),
      loop=options.loop if algorithm == 'PPO' else options.ddpg_loop,
      config=config.world, max_steps=config.max_steps,
      num_worlds=options.num_worlds, eval_episodes=config.test_episodes,
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


stage = agent_stage  # what `launch.plan` plans


def rollout(config: Config) -> dict[str, np.ndarray]:
  """Returns coordinates [T, n + 2] of an episode of the untrained circuit."""
  params = ncap.init(jax.random.key(0), config.circuit)
  act = by_circuit(params, config.world, config.circuit)
  run = lambda key: swim(key, act, config.world, config.max_steps)[1]
  return {'poses': jax.jit(run)(jax.random.key(0))}
