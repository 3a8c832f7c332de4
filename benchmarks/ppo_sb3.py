"""Stable-Baselines3's side of `ppo.py`, in an environment that has it.

  python ppo_sb3.py SEED UPDATES

Prints a list of [seconds so far, return] after each update, as JSON.
"""

import json
import sys
import time
from typing import Any

from dm_control.rl import control  # pyrefly: ignore [missing-import]
from dm_control.suite import swimmer  # pyrefly: ignore [missing-import]
from dm_control.suite.utils import randomizers  # pyrefly: ignore [missing-import]
import gymnasium  # pyrefly: ignore [missing-import]
import numpy as np
import stable_baselines3  # pyrefly: ignore [missing-import]
from stable_baselines3.common import callbacks  # pyrefly: ignore [missing-import]
from stable_baselines3.common import vec_env  # pyrefly: ignore [missing-import]

_LINKS, _WORLDS, _SEGMENT, _LENGTH, _TESTS = 6, 8, 512, 1000, 8


class Forwards(swimmer.Swimmer):
  """To swim forwards, as `nmlib.environments.swimmer` poses it."""

  def initialize_episode(self, physics):
    randomizers.randomize_limited_and_rotational_joints(physics, self.random)

  def get_observation(self, physics):
    return {'joints': physics.joints(), 'bodies': physics.body_velocities()}

  def get_reward(self, physics):
    return float(np.clip(-physics.body_velocities()[1] / 0.1, 0, 1))


class World(gymnasium.Env):
  """Sees angles, velocities and the time."""

  observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (24,), np.float32)
  action_space = gymnasium.spaces.Box(-1, 1, (_LINKS - 1,), np.float32)

  def __init__(self, seed: int):
    text, assets = swimmer.get_model_and_assets(_LINKS)
    physics = swimmer.Physics.from_xml_string(text, assets)
    self._world: Any = control.Environment(
        physics, Forwards(random=seed), control_timestep=0.03,
        time_limit=float('inf'),
    )  # fmt: skip
    self._elapsed = 0

  def _seen(self, parts):
    elapsed = 2 * self._elapsed / _LENGTH - 1
    return np.concatenate([*parts.values(), [elapsed]]).astype(np.float32)

  def reset(self, *, seed=None, options=None):
    del seed, options
    self._elapsed = 0
    return self._seen(self._world.reset().observation), {}

  def step(self, action):
    found = self._world.step(action)
    self._elapsed += 1
    ended = self._elapsed == _LENGTH
    return self._seen(found.observation), found.reward, False, ended, {}


def worlds(seed: int):
  """Returns the worlds of a seed, one after the other in this process."""
  made = [lambda i=i: World(100 * seed + i) for i in range(_WORLDS)]
  return vec_env.VecNormalize(vec_env.DummyVecEnv(made), norm_reward=False)


def tested(model, normalize) -> float:
  """Returns the mean return of whole episodes, by the best actions."""
  tests = vec_env.DummyVecEnv(
      [lambda i=i: World(10_000 + i) for i in range(_TESTS)]
  )
  seen, total = tests.reset(), np.zeros(_TESTS)
  for _ in range(_LENGTH):
    best = model.predict(normalize.normalize_obs(seen), deterministic=True)[0]
    seen, rewards, _, _ = tests.step(best)
    total += rewards
  return float(total.mean())


class Watch(callbacks.BaseCallback):
  """Stops the clock for tests between updates."""

  def __init__(self, normalize, updates: int):
    super().__init__()
    self.curve, self._seconds, self._start = [], 0.0, time.perf_counter()
    self._normalize, self._updates = normalize, updates

  def _on_step(self) -> bool:
    return len(self.curve) < self._updates

  def _on_rollout_start(self):
    """Comes after each update, and once before the first."""
    self._seconds += time.perf_counter() - self._start
    if self.num_timesteps:
      found = tested(self.model, self._normalize)
      self.curve.append((self._seconds, found))
    self._start = time.perf_counter()


def main():
  seed, updates = map(int, sys.argv[1:])
  made = worlds(seed)
  model = stable_baselines3.PPO(
      'MlpPolicy', made, n_steps=_SEGMENT, seed=seed, device='cpu'
  )
  watch = Watch(made, updates)
  # One update more than is wanted: it is tested before the next begins.
  model.learn(_WORLDS * _SEGMENT * (updates + 1), watch)
  print(json.dumps(watch.curve))


if __name__ == '__main__':
  main()
