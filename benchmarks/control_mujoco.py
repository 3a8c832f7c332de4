"""MuJoCo's side of `control.py`, in an environment that has it.

  python control_mujoco.py check FILE             # writes where swimmers are
  python control_mujoco.py dm_control STEPS       # then: runs for each line
  python control_mujoco.py rollout STEPS SWIMMERS THREADS

Prints the control steps it made for each line that it reads.
"""

import sys
from typing import Any

from dm_control import suite  # pyrefly: ignore [missing-import]
from dm_control.suite import swimmer  # pyrefly: ignore [missing-import]
import mujoco  # pyrefly: ignore [missing-import]
from mujoco import rollout  # pyrefly: ignore [missing-import]
import numpy as np

SUBSTEPS = 15


def problem(swimmers: int, steps: int):
  """Returns coordinates [N, 8] and actions [N, T, 5] in [-1, 1]."""
  rng = np.random.default_rng(0)
  poses = np.zeros((swimmers, 8))
  poses[:, 2:] = rng.uniform(-1, 1, (swimmers, 6))
  return poses, rng.uniform(-1, 1, (swimmers, steps, 5))


def check(path: str) -> None:
  """Writes the coordinates [T, 8] of one swimmer that dm_control moves."""
  poses, actions = problem(1, 50)
  env: Any = suite.load('swimmer', 'swimmer6')
  env.reset()
  with env.physics.reset_context():
    env.physics.data.qpos[:] = poses[0]
    env.physics.data.qvel[:] = 0
  found = []
  for action in actions[0]:
    env.step(action)
    found.append(env.physics.data.qpos.copy())
  np.save(path, np.array(found))


def dm_control_runner(steps: int):
  """Returns a function that takes steps of the suite's environment."""
  env: Any = suite.load('swimmer', 'swimmer6')
  _, actions = problem(1, steps)

  def run():
    env.reset()
    for action in actions[0]:
      env.step(action)

  return run


def rollout_runner(steps: int, swimmers: int, threads: int):
  """Returns a function that rolls swimmers out, on several threads."""
  text, assets = swimmer.get_model_and_assets(6)
  model: Any = mujoco.MjModel.from_xml_string(text, assets)
  datas = [mujoco.MjData(model) for _ in range(threads)]
  poses, actions = problem(swimmers, steps)
  size = mujoco.mj_stateSize(model, mujoco.mjtState.mjSTATE_FULLPHYSICS)
  starts = np.zeros((swimmers, size))
  starts[:, 1:9] = poses  # after the time
  controls = np.repeat(actions, SUBSTEPS, 1)
  runner = rollout.Rollout(nthread=threads if threads > 1 else 0)
  return lambda: runner.rollout(model, datas, starts, controls)


def main():
  mode, *rest = sys.argv[1:]
  if mode == 'check':
    check(rest[0])
    return
  sizes = [int(x) for x in rest]
  make = {'dm_control': dm_control_runner, 'rollout': rollout_runner}[mode]
  run = make(*sizes)
  run()
  made = sizes[0] * (sizes[1] if mode == 'rollout' else 1)
  for _ in sys.stdin:
    run()
    print(made, flush=True)


if __name__ == '__main__':
  main()
