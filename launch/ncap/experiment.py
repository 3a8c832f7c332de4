"""The experiment of `launch.ncap`: untrained, evolved, and taught."""

from collections.abc import Callable
import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.ncap import report
from launch.ncap.config import Config
from nmlib import train
from nmlib.environments import planar_chain
from nmlib.environments import swimmer
from nmlib.networks import ncap
from nmlib.networks.agents import agent as agents
from nmlib.networks.agents import ddpg
from nmlib.networks.agents import heads
from nmlib.networks.agents import ppo
from nmlib.train.control import pictures


def experiment(config: Config, run: train.Run) -> train.Report:
  """Lets circuits swim, as they are and as they learn."""
  untrained = run.result('untrained', lambda: tested(config))
  curves = {'evolution NCAP': train.fit(run, evolution(config))}
  evolved = curves['evolution NCAP'].state.params
  long = run.result('long', lambda: lengthened(config, evolved))
  for algorithm in ('PPO', 'DDPG') if config.learning.ddpg else ('PPO',):
    for policy in ('NCAP', 'MLP'):
      fitted = train.fit(run, agent_stage(config, algorithm, policy))
      curves[f'{algorithm} {policy}'] = fitted
  key, world = jax.random.key(0), config.world
  act = by_circuit(ncap.init(key, config.circuit), world, config.circuit)
  run_once = jax.jit(lambda key: swim(key, act, world, config.max_steps)[1])
  shown = run.result('shown', lambda: {'poses': run_once(key)})['poses']
  lines = [planar_chain.outline(pose, world.chain) for pose in shown[:240:2]]
  train.save_gif(
      run.workdir / 'swimming.gif', pictures.lines(lines), np.asarray
  )
  return report.make(config, untrained, long, curves, shown)


def swim(key: jax.Array, act: Callable[..., jax.Array], world, steps: int):
  """Returns rewards [T] and coordinates [T, n + 2] of an episode."""
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
  whole = ncap.init(key, _general(config))

  def drawn(**options):
    circuit = dataclasses.replace(config.circuit, **options)
    params = ncap.effective(ncap.init(key, circuit), circuit)
    acting: Any = {
        name: jnp.broadcast_to(0.0 if own is None else own, like.shape)
        for name, own, like in zip(whole._fields, params, whole, strict=True)
        if like is not None
    }
    return whole._replace(**acting)

  return {
      'NCAP': drawn(),
      'no proprioception': drawn(proprioception=False),
      'no oscillator': drawn(oscillator=False),
      'random magnitude': drawn(constant=False),
      'not shared, random magnitude': drawn(constant=False, shared=False),
      'random signs': drawn(constrained=False),
  }


def _general(config: Config) -> ncap.Config:
  """Returns the circuit that all variants are, by their weights."""
  size, period = config.world.num_joints, config.circuit.period
  return ncap.Config(size, shared=False, constrained=False, period=period)


def judged(config: Config, world, act_of, values) -> np.ndarray:
  """Returns mean returns [V, S] of `act_of(value)`, of values [S, V, ...]."""

  def one(seed, value):
    key = jax.random.fold_in(jax.random.key(seed), 1)
    return mean_return(key, act_of(value), world, config)

  run = jax.jit(jax.vmap(jax.vmap(one, (None, 0))))
  return np.asarray(run(jnp.arange(config.num_seeds), values)).T


def tested(config: Config) -> dict[str, np.ndarray]:
  """Returns mean returns [S] of variants, and of random actions."""
  world, seeds = config.world, range(config.num_seeds)
  made = [variants(jax.random.key(seed), config) for seed in seeds]
  each = _stack([_stack(list(one.values())) for one in made])
  act_of = lambda params: by_circuit(params, world, _general(config))
  found = judged(config, world, act_of, each)
  drawn = lambda key, unused_seen: jax.random.uniform(
      key, (world.num_joints,), minval=-1
  )
  at_random = judged(config, world, lambda _: drawn, jnp.zeros((len(seeds), 1)))
  names = [*made[0], 'random actions']
  return dict(zip(names, [*found, *at_random], strict=True))


def lengthened(config: Config, evolved: ncap.Params) -> dict[str, np.ndarray]:
  """Returns mean returns [S] on the other body, of untrained and evolved."""
  world = swimmer.with_links(config.long_links, substeps=config.world.substeps)
  circuit = dataclasses.replace(config.circuit, num_joints=world.num_joints)
  first = [
      ncap.init(jax.random.key(s), circuit) for s in range(config.num_seeds)
  ]
  both = _stack([_stack(first), evolved], 1)
  found = judged(config, world, lambda p: by_circuit(p, world, circuit), both)
  return dict(zip(('untrained', 'evolved'), found, strict=True))


def _stack(trees, axis=0):
  return jax.tree.map(lambda *leaves: jnp.stack(leaves, axis), *trees)


def evolution(config: Config) -> train.Stage:
  """Returns the evolution of the circuit's weights."""
  options, world = config.evolution, config.world
  act = lambda params: by_circuit(params, world, config.circuit)
  steps = config.max_steps
  decay = optax.add_decayed_weights(options.weight_decay)
  return train.evolution_stage(
      lambda key: ncap.init(key, config.circuit),
      lambda key, params: jnp.sum(swim(key, act(params), world, steps)[0]),
      name='evolution', loop=options.loop,
      optimizer=optax.chain(decay, optax.adam(options.learning_rate)),
      num_pairs=options.num_pairs, sigma=options.sigma,
      evaluate=lambda key, params: mean_return(key, act(params), world, config),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def agent(config: Config, algorithm: str, policy: str) -> agents.Agent:
  """Returns PPO or DDPG with a policy, NCAP or MLP."""
  options, world = config.learning, config.world
  read = lambda seen: swimmer.joints_and_time(seen, world)
  circuit, sizes = policy == 'NCAP', {'hidden': options.hidden}
  if algorithm == 'PPO':
    actor = heads.gaussian_policy(world.num_joints, **sizes)
    if circuit:
      actor = ncap.policy(config.circuit, read, options.deviation)
    return ppo.make(actor, heads.critic(**sizes), options.ppo)
  assert options.ddpg is not None
  rectified: Any = sizes | {'activation': jax.nn.relu}
  actor = heads.deterministic_policy(world.num_joints, **rectified)
  actor = ncap.policy(config.circuit, read) if circuit else actor
  return ddpg.make(actor, heads.critic(**rectified), options.ddpg)


def agent_stage(config: Config, algorithm='PPO', policy='NCAP') -> train.Stage:
  """Returns the training of a policy by an algorithm."""
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
