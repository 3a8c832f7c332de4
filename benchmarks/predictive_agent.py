"""Updates of the predictive agent beside the authors' modules, in turns.

  pip install -e '.[bench]' stable-baselines3
  git clone https://github.com/chingf/auxrl
  python benchmarks/predictive_agent.py --official=auxrl --sb3

Ours is what `launch.predictive_auxiliary_rl` runs: the loss of prediction, of
both spreads and of double Q on batches of 64 from rooms of 8 x 8 shuffled
images, seeds one after the other in one program. Theirs is `Agent.update` of
one seed with the same network, rates and losses, PyTorch in float32, on
transitions of the same shapes. Stable-Baselines3's DQN has no auxiliary loss
and a perceptron of the same images: what a user would take instead.
"""

import dataclasses
import pathlib
import sys
import types
from typing import Any

from absl import app
from absl import flags
import alternation
import numpy as np

_OFFICIAL = flags.DEFINE_string('official', '', "Folder of the authors' code.")
_SB3 = flags.DEFINE_bool('sb3', False, "Time Stable-Baselines3's DQN too.")
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_UPDATES = flags.DEFINE_integer('updates', 500, 'Updates of a seed and turn.')


def ours(seeds: int, updates: int):
  """Returns a function that makes updates of every seed."""
  import jax

  from launch.predictive_auxiliary_rl import config as configs
  from launch.predictive_auxiliary_rl import experiment
  from launch.predictive_auxiliary_rl import worlds

  track = configs.Track(early=updates, num_updates=10 * updates)
  config = dataclasses.replace(
      configs.Config(), num_seeds=seeds, num_updates=10 * updates,
      copy_every=updates, track=track,
  )  # fmt: skip
  stage = experiment.stage(config, 'prediction', worlds.rooms(config))
  step: Any = stage.step
  keys = jax.random.split(jax.random.key(0), seeds)
  state = jax.jit(jax.vmap(stage.init))(keys, stage.starts)
  run = jax.jit(jax.vmap(lambda state: step(state, None)))

  def once():
    jax.block_until_ready(run(state))

  return once


def theirs(folder: str, updates: int):
  """Returns a function that makes updates of one seed."""
  # They import what an update does not use.
  for name in ('gym', 'acme', 'acme.specs', 'acme.wrappers', 'acme.utils',
               'acme.utils.tree_utils', 'dm_env'):  # fmt: skip
    sys.modules.setdefault(name, types.ModuleType(name))
  acme: Any = sys.modules['acme']
  acme.Actor, acme.specs = object, sys.modules['acme.specs']
  acme.wrappers = sys.modules['acme.wrappers']
  specs: Any = acme.specs
  specs.EnvironmentSpec = object
  environment: Any = sys.modules['dm_env']
  environment.TimeStep = object
  tools: Any = sys.modules['acme.utils.tree_utils']
  tools.stack_sequence_fields = lambda rows: type(rows[0])(
      *(np.stack(field) for field in zip(*rows, strict=True))
  )
  utils: Any = sys.modules['acme.utils']
  utils.tree_utils = tools
  sys.path.insert(0, str(pathlib.Path(folder)))
  from auxrl import Agent  # pyrefly: ignore [missing-import]
  from auxrl import ReplayBuffer  # pyrefly: ignore [missing-import]
  from auxrl.networks import Network  # pyrefly: ignore [missing-import]

  spec = types.SimpleNamespace(
      actions=types.SimpleNamespace(num_values=4),
      observations=types.SimpleNamespace(shape=(1, 10, 10)),
  )
  network = Network.Network(spec, 5, 'dm')
  agent = Agent.Agent(
      spec, network, loss_weights=[0.01, 0.01, 0.01, 1], batch_size=64,
      replay_capacity=20_000, target_update_frequency=10**9,
  )  # fmt: skip
  rng = np.random.default_rng(0)
  images = rng.integers(0, 2, (65, 1, 10, 10)).astype(np.float32)
  for row in rng.integers(0, 64, 5000):
    agent._replay_buffer.buffer.append(
        ReplayBuffer.Transitions(
            obs=images[row], latent=np.zeros(1), action=np.array([row % 4]),
            reward=float(row == 0), discount=1.0, next_obs=images[row + 1],
            terminal=row == 0,
        )
    )  # fmt: skip

  def once():
    for _ in range(updates):
      agent.update()

  return once


def sb3(updates: int):
  """Returns a function that makes updates of one seed."""
  import gymnasium  # pyrefly: ignore [missing-import]
  import stable_baselines3  # pyrefly: ignore [missing-import]

  class World(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 1, (100,), np.float32)
    action_space = gymnasium.spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
      del seed, options
      return self.observation_space.sample(), {}

    def step(self, action):
      return self.observation_space.sample(), 0.0, False, False, {}

  model = stable_baselines3.DQN(
      'MlpPolicy', World(), batch_size=64, learning_starts=100,
      policy_kwargs={'net_arch': [32, 16]}, device='cpu',
  )  # fmt: skip
  model.learn(1000)
  return lambda: model.train(updates, 64)


def main(argv):
  del argv
  updates = _UPDATES.value
  contenders: dict[str, Any] = {
      'ours, 1 seed': (ours, 1, updates), 'ours, 6 seeds': (ours, 6, updates)
  }  # fmt: skip
  if _OFFICIAL.value:
    contenders['official'] = theirs, _OFFICIAL.value, updates
  if _SB3.value:
    contenders["Stable-Baselines3's DQN"] = sb3, updates
  seconds = alternation.alternate(contenders, _ROUNDS.value)
  count = {'ours, 6 seeds': 6}
  rates = {
      name: [count.get(name, 1) * updates / value for value in values]
      for name, values in seconds.items()
  }
  print("| | updates/s | over the authors' | over SB3 |")
  print('|---' * 4 + '|')
  for name, values in rates.items():
    cells = [name, alternation.spread(values)]
    for peer in ('official', "Stable-Baselines3's DQN"):
      pairs = zip(values, rates.get(peer, ()), strict=False)
      found = [a / b for a, b in pairs]
      cells.append(alternation.spread(found) if found else '')
    print('| ' + ' | '.join(cells) + ' |')


if __name__ == '__main__':
  app.run(main)
