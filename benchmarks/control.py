"""Control steps of six-link swimmers on a CPU beside MuJoCo, in turns.

  python benchmarks/control.py --mujoco_python=ENVIRONMENT/bin/python

where the environment has `mujoco>=3.17,<4` and `dm_control`. A control step is
15 physics steps of 2 ms. Ours is `nmlib.environments.swimmer`, with observation
and reward, float32: all side by side under `vmap`; in groups of 64, one after
the other through all steps, which stay in the caches; and the groups on two
devices. dm_control takes one swimmer's step after the other, with both too;
`mujoco.rollout` moves states alone, on `--threads` threads. That all move alike
is shown first, and the seconds that ours takes to compile. A ratio is of one
turn.
"""

import pathlib
import subprocess
import tempfile
import time
from typing import Any

from absl import app
from absl import flags
import alternation
import numpy as np

_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_MUJOCO = flags.DEFINE_string(
    'mujoco_python', '', 'Interpreter that has MuJoCo; none: left out.'
)
_THREADS = flags.DEFINE_integer('threads', 2, 'Of mujoco.rollout.')
_SWIMMERS = flags.DEFINE_list('swimmers', ['1', '64', '512', '4096'], 'Sizes.')
_STEPS = flags.DEFINE_integer('steps', 40_000, 'Control steps a turn, ours.')
_THEIRS = flags.DEFINE_integer('their_steps', 4_000, 'Of each peer.')

_GROUP = 64  # swimmers whose numbers fit into the caches
_SCRIPT = str(pathlib.Path(__file__).with_name('control_mujoco.py'))


def problem(swimmers: int, steps: int):
  """Returns coordinates [N, 8] and actions [N, T, 5]; as the peers' side."""
  rng = np.random.default_rng(0)
  poses = np.zeros((swimmers, 8))
  poses[:, 2:] = rng.uniform(-1, 1, (swimmers, 6))
  return poses, rng.uniform(-1, 1, (swimmers, steps, 5))


def moved(poses, actions):
  """Returns coordinates [T, N, 8] and rewards [T, N] of swimmers."""
  import jax
  import jax.numpy as jnp

  from nmlib.environments import planar_chain
  from nmlib.environments import swimmer

  config = swimmer.Config()
  key = jax.random.key(0)

  def begin(pose):
    body = planar_chain.State(pose, jnp.zeros_like(pose))
    return swimmer.State(body, jnp.zeros((), jnp.int32))

  def advance(states, actions):
    found = jax.vmap(lambda s, a: swimmer.step(key, s, a, config))(
        states, actions
    )
    seen = jnp.sum(found.observation, -1)  # so that it is computed
    return found.state, (found.state.chain.qpos, found.reward, seen)

  return jax.lax.scan(advance, jax.vmap(begin)(poses), actions)[1]


def ours(swimmers: int, steps: int, group: int = 0, devices: int = 1):
  """Returns a function that takes steps; it returns its compile seconds."""
  import jax
  import jax.numpy as jnp

  jax.config.update('jax_num_cpu_devices', devices)
  group = group or swimmers
  poses, actions = problem(swimmers, steps)
  poses = jnp.asarray(poses.reshape(-1, group, 8), jnp.float32)
  actions = actions.reshape(-1, group, steps, 5).swapaxes(1, 2)
  actions = jnp.asarray(actions, jnp.float32)

  def last(poses, actions):
    one = lambda pair: jax.tree.map(lambda x: jnp.sum(x, 0), moved(*pair))
    return jax.lax.map(one, (poses, actions))

  if devices > 1:
    across = jax.sharding.PartitionSpec('groups')
    auto = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((devices,), ('groups',), auto)
    last = jax.shard_map(last, mesh=mesh, in_specs=across, out_specs=across)
  start = time.perf_counter()
  run = jax.jit(last).lower(poses, actions).compile()
  seconds = time.perf_counter() - start
  poses, actions = jax.device_put((poses, actions), run.input_shardings[0])

  def once() -> float:
    jax.block_until_ready(run(poses, actions))
    return seconds

  return once


def theirs(python: str, mode: str, *sizes: int):
  """Returns a function that has a peer take steps in its environment."""
  peer = alternation.Peer(python, '-W', 'ignore', _SCRIPT, mode, *sizes)
  return peer.ask


def compare(python: str) -> float:
  """Returns the largest difference from dm_control in 50 control steps."""
  import jax

  with tempfile.TemporaryDirectory() as folder:
    path = f'{folder}/found.npy'
    subprocess.run([python, '-W', 'ignore', _SCRIPT, 'check', path], check=True)
    want = np.load(path)
  poses, actions = problem(1, 50)
  found = jax.jit(moved)(
      poses.astype('f'), actions.swapaxes(0, 1).astype('f')
  )[0]  # fmt: skip
  return float(np.abs(np.asarray(found)[:, 0] - want).max())


def main(argv):
  del argv
  peers: dict[str, Any] = {}
  python = _MUJOCO.value
  if python:
    print(f'largest difference from dm_control: {compare(python):.2g}')
    peers['dm_control'] = theirs, python, 'dm_control', _THEIRS.value
  else:
    print('MuJoCo is left out: give --mujoco_python.')
  print(
      '| swimmers | ours | steps/s | compiling, s | over dm_control'
      ' | over mujoco.rollout |'
  )
  print('|---' * 6 + '|')
  for swimmers in map(int, _SWIMMERS.value):
    size = swimmers, max(1, _STEPS.value // swimmers)
    forms: dict[str, Any] = {'side by side': (ours, *size)}
    if swimmers > _GROUP:
      forms[f'groups of {_GROUP}'] = ours, *size, _GROUP
      forms['on two devices'] = ours, *size, _GROUP, 2
    few = max(1, _THEIRS.value // swimmers)
    made = {'dm_control': _THEIRS.value, 'mujoco.rollout': few * swimmers}
    if python:
      peers['mujoco.rollout'] = (
          theirs, python, 'rollout', few, swimmers, _THREADS.value
      )  # fmt: skip
    seconds, first = alternation.alternate_with_results(
        forms | peers, _ROUNDS.value
    )
    rates = {
        name: [made.get(name, size[0] * size[1]) / s for s in values]
        for name, values in seconds.items()
    }
    for form in forms:
      cells = [str(swimmers), form, alternation.spread(rates[form])]
      cells.append(f'{first[form]:.1f}')
      for peer in peers:
        pairs = zip(rates[form], rates[peer], strict=True)
        cells.append(alternation.spread([a / b for a, b in pairs]))
      print('| ' + ' | '.join(cells) + ' |', flush=True)
    for peer in peers:
      print(
          f'| {swimmers} | {peer} | {alternation.spread(rates[peer])} | | | |'
      )


if __name__ == '__main__':
  app.run(main)
