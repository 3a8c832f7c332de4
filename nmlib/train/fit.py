"""The durable training loop: every stage of every experiment runs in it."""

from collections.abc import Callable
import contextlib
from typing import Any
from typing import NamedTuple

import grain
import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.train import checkpoint
from nmlib.train import interrupt
from nmlib.train import loader
from nmlib.train import metrics as metrics_lib
from nmlib.train import program
from nmlib.train import sharding
from nmlib.train import state as state_lib
from nmlib.train.run import Run
from nmlib.train.schedule import Schedule


class Fitted(NamedTuple):
  """What a finished stage leaves."""

  state: Any  # seeds in front: [S, ...] each
  history: metrics_lib.History  # name: steps [n], values [n, S]


def fit(
    run: Run,
    stage: str,
    schedule: Schedule,
    *,
    init: Callable[[jax.Array], Any],
    step: Callable[[Any, Any], tuple[Any, state_lib.Metrics]],
    data: grain.MapDataset | None = None,
    seeds: tuple[int, ...] = (0,),
    evaluate: Callable[[Any, Any], state_lib.Metrics] | None = None,
    eval_data: Any = None,
    rules: sharding.Rules = (),
) -> Fitted:
  """Runs a stage to its end, from wherever the workdir says it stopped.

  `init`, `step` and `evaluate` are pure functions of ONE seed; all seeds train
  together, vmapped in one compiled program and split over the mesh's axis
  `replica`. The resumed stage equals the uninterrupted one bit for bit on the
  same kind and number of devices.

  Args:
    run: the run: workdir, mesh, and whether the node `opt_state` of the state
      is split over `data` too.
    stage: name, unique in the run; metrics and checkpoints go under it.
    schedule: numbers of steps.
    init: `init(key) -> state`, any pytree of arrays.
    step: `step(state, batch) -> (state, metrics)`; `batch` has a leading axis
      [batch_size] (None without data), metrics are scalars.
    data: row `(step * S + s) * batch_size + b` is example b of seed s at
      `step`; None if `step` makes its own data from the state's key.
    seeds: S seeds; seed s starts from `jax.random.key(s)`.
    evaluate: `evaluate(state, eval_data) -> metrics`, scalars.
    eval_data: pytree of arrays, the same for every seed.
    rules: where parameters live, as in `sharding.infer`.

  Returns:
    The final states and everything that was logged.

  Raises:
    ValueError: if data, mesh or an existing checkpoint do not fit.
    NonFinite: if a metric or the state stops being finite; checkpoints of
      earlier, finite states remain.
    OSError: if a checkpoint or the metrics cannot be written.
    interrupt.Interrupted: after SIGTERM or Ctrl-C, once the state is saved.
  """
  mesh = run.mesh(len(seeds), schedule.batch_size)
  with contextlib.ExitStack() as stack:
    stack.enter_context(jax.set_mesh(mesh))
    checkpoints = checkpoint.Checkpoints(run.workdir / 'checkpoints' / stage)
    stack.callback(checkpoints.close)

    like, layout = program.layout(mesh, init, seeds, rules, run.shard_optimizer)
    restored = checkpoints.restore(like)
    if restored is None:
      start, position = 0, {'data': None, 'log': None}
      init_all = jax.vmap(init, spmd_axis_name='replica')
      state = jax.jit(init_all, out_shardings=layout)(program.keys(seeds))
    else:
      start, state, position = restored

    table = metrics_lib.Table(
        run.workdir / 'metrics', stage, seeds, start or -1
    )
    stack.callback(table.close)
    if start == schedule.num_steps:
      return Fitted(state, table.history())

    batches = None
    if data is not None:
      batches = loader.Loader(
          data, mesh, len(seeds), schedule.batch_size, schedule.num_steps
      )
      if position['data'] is not None:
        batches.set_state(position['data'])
    log = metrics_lib.Log(stage, schedule, table, seeds, start, position['log'])
    stack.callback(log.close)
    call = program.call(step, schedule.steps_per_call, layout, mesh)
    measure = _compiled_evaluation(evaluate, eval_data, mesh)
    finite = jax.jit(_all_finite, out_shardings=NamedSharding(mesh, P()))

    def save(done: int) -> None:
      if not bool(finite(state)):
        raise metrics_lib.NonFinite(
            f'{stage}: the state is no longer finite after step {done};'
            f' {_advice(checkpoints)}'
        )
      table.flush()
      checkpoints.save(
          done,
          state,
          {
              'data': None if batches is None else batches.get_state(),
              'log': log.position(),
          },
      )

    if start == 0 and measure is not None:
      log.evaluated(0, measure(state))
    done = start
    while done < schedule.num_steps:
      state, values = call(
          state, batches and batches.next(schedule.steps_per_call)
      )
      if done == start:  # compiled: from here on this is a run
        run.claim()
        table.flush()
      done += schedule.steps_per_call
      log.add(done, values)
      last = done == schedule.num_steps
      stop = run.watch() and not last
      due = lambda every: last or (every and done % every == 0)  # noqa: B023
      try:
        if due(schedule.eval_every) or due(schedule.checkpoint_every) or stop:
          log.drain()
        else:
          log.drain(all_but=1)  # the devices stay one call ahead
      except metrics_lib.NonFinite as e:
        raise metrics_lib.NonFinite(f'{e}; {_advice(checkpoints)}') from e
      if due(schedule.eval_every) and measure is not None:
        log.evaluated(done, measure(state))
      if due(schedule.checkpoint_every) or stop:
        save(done)
      if stop:
        checkpoints.wait()
        raise interrupt.Interrupted(
            f'{stage}: stopped and saved at step {done} of'
            f' {schedule.num_steps}; the same command goes on from there.'
        )
    checkpoints.wait()
    return Fitted(state, table.history())


def restore(
    run: Run,
    stage: str,
    *,
    init: Callable[[jax.Array], Any],
    seeds: tuple[int, ...],
    rules: sharding.Rules = (),
) -> tuple[int, Any]:
  """Reads the newest whole checkpoint of a stage, without running it.

  Args:
    run: the run; another process may be training in its workdir.
    stage: name given to `fit`.
    init: as given to `fit`.
    seeds: as given to `fit`.
    rules: as given to `fit`.

  Returns:
    The steps taken, and the state [S, ...].

  Raises:
    ValueError: if there is no checkpoint, or none fits.
  """
  folder = run.workdir / 'checkpoints' / stage
  if not folder.exists():
    raise ValueError(f'{run.workdir} has no checkpoint of {stage!r} yet.')
  checkpoints = checkpoint.Checkpoints(folder, read_only=True)
  with contextlib.closing(checkpoints):
    like = program.layout(run.mesh(len(seeds), 1), init, seeds, rules)[0]
    restored = checkpoints.restore(like)
  if restored is None:
    raise ValueError(f'{run.workdir} has no checkpoint of {stage!r} yet.')
  return restored.step, restored.state


def _compiled_evaluation(evaluate, eval_data: Any, mesh):
  """Compiles the evaluation of all seeds; None if there is none."""
  if evaluate is None:
    return None
  parts = mesh.shape['data']

  def place(leaf):
    split = np.ndim(leaf) and np.shape(leaf)[0] % parts == 0
    where = NamedSharding(mesh, P('data') if split else P())
    return jax.make_array_from_callback(
        np.shape(leaf), where, lambda index: np.asarray(leaf)[index]
    )

  placed = jax.tree.map(place, eval_data)
  compiled = jax.jit(
      jax.vmap(evaluate, in_axes=(0, None), spmd_axis_name='replica'),
      out_shardings=NamedSharding(mesh, P()),
  )
  return lambda state: compiled(state, placed)


def _all_finite(tree: Any) -> jax.Array:
  return jnp.all(
      jnp.stack(
          [
              jnp.all(jnp.isfinite(leaf))
              for leaf in jax.tree.leaves(tree)
              if jnp.issubdtype(leaf.dtype, jnp.inexact)
          ]
          or [jnp.bool_(True)]
      )
  )


def _advice(checkpoints: checkpoint.Checkpoints) -> str:
  checkpoints.wait()
  steps = checkpoints.steps()
  kept = f'is of step {steps[-1]}' if steps else 'does not exist yet'
  return (
      f'the last good checkpoint {kept}. Lower the learning rate or check the'
      ' data, then start in a new --workdir.'
  )
