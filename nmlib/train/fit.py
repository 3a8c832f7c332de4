"""The durable training loop: every stage of every experiment runs in it."""

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
from nmlib.train import loader
from nmlib.train import metrics as metrics_lib
from nmlib.train import program
from nmlib.train.hosts import interrupt
from nmlib.train.run import Run
from nmlib.train.stage import Stage


class Fitted(NamedTuple):
  """What a finished stage leaves."""

  state: Any  # seeds in front: [S, ...] each
  history: metrics_lib.History  # name: steps [n], values [n, S]

  def metric(self, name: str, share: float = 1.0) -> np.ndarray:
    """Returns a metric [S] after a share of all steps, or the next one logged.

    Args:
      name: of the metric.
      share: in [0, 1]; by default the end.
    """
    steps, values = self.history[name]
    return values[np.searchsorted(steps, share * steps[-1])]


def fit(run: Run, stage: Stage) -> Fitted:
  """Runs a stage to its end, from wherever the workdir says it stopped.

  All seeds train together, vmapped in one compiled program and split over the
  mesh's axis `replica`. The resumed stage equals the uninterrupted one bit for
  bit on the same kind and number of devices.

  Args:
    run: the run: workdir, mesh, and whether the node `opt_state` of the state
      is split over `data` too.
    stage: what to train.

  Returns:
    The final states and everything that was logged.

  Raises:
    ValueError: if data, mesh or an existing checkpoint do not fit.
    NonFinite: if a metric or the state stops being finite; checkpoints of
      earlier, finite states remain.
    OSError: if a checkpoint or the metrics cannot be written.
    interrupt.Interrupted: after SIGTERM or Ctrl-C, once the state is saved.
  """
  with _Session(run, stage) as session:
    session.start()
    while session.done < stage.loop.num_steps:
      session.advance()
    session.checkpoints.wait()
    return Fitted(session.state, session.table.history())


def joined(first: Fitted, then: Fitted) -> Fitted:
  """Returns one training of two parts.

  Args:
    first: the part that came first.
    then: the other, which starts where it ended and counts steps from 0; what
      it measured before its first step is known, and left out.
  """
  history = {}
  for name, (steps, values) in first.history.items():
    more, later = then.history[name]
    places = np.concatenate([steps, steps[-1] + more[more > 0]])
    history[name] = places, np.concatenate([values, later[more > 0]])
  return Fitted(then.state, history)


def restore(run: Run, stage: Stage) -> tuple[int, Any]:
  """Reads the newest whole checkpoint of a stage, without running it.

  Args:
    run: the run; another process may be training in its workdir.
    stage: as given to `fit`; its data and evaluation are not used.

  Returns:
    The steps taken, and the state [S, ...].

  Raises:
    ValueError: if there is no checkpoint, or none fits.
  """
  folder = run.workdir / 'checkpoints' / stage.name
  if not folder.exists():
    raise ValueError(f'{run.workdir} has no checkpoint of {stage.name!r} yet.')
  checkpoints = checkpoint.Checkpoints(folder, read_only=True)
  with contextlib.closing(checkpoints):
    like = program.layout(run.mesh(len(stage.seeds), 1), stage)[0]
    restored = checkpoints.restore(like)
  if restored is None:
    raise ValueError(f'{run.workdir} has no checkpoint of {stage.name!r} yet.')
  return restored.step, restored.state


class _Session(contextlib.ExitStack):
  """A stage while it runs: its state, and what must be closed behind it."""

  def __init__(self, run: Run, stage: Stage):
    super().__init__()
    self.run, self.stage, self.loop = run, stage, stage.loop
    self.begun = False

  def start(self) -> None:
    """Restores or initialises the state, and opens everything."""
    run, stage, loop = self.run, self.stage, self.loop
    mesh = run.mesh(len(stage.seeds), loop.batch_size)
    self.enter_context(jax.set_mesh(mesh))
    self.checkpoints = checkpoint.Checkpoints(
        run.workdir / 'checkpoints' / stage.name
    )
    self.callback(self.checkpoints.close)
    like, layout = program.layout(mesh, stage, run.shard_optimizer)
    restored = self.checkpoints.restore(like)
    if restored is None:
      self.done, position = 0, {'data': None, 'log': None}
      self.state = program.initial(stage, layout)
    else:
      self.done, self.state, position = restored
    self.table = metrics_lib.Table(
        run.workdir / 'metrics', stage.name, stage.seeds, self.done or -1
    )
    self.callback(self.table.close)
    if self.done == loop.num_steps:
      return
    self.batches = None
    if isinstance(stage.data, grain.MapDataset):
      self.batches = loader.Loader(
          stage.data, mesh, len(stage.seeds), loop.batch_size, loop.num_steps
      )
      if position['data'] is not None:
        self.batches.set_state(position['data'])
    self.log = metrics_lib.Log(stage, self.table, self.done, position['log'])
    self.callback(self.log.close)
    self.call = program.call(stage, layout, mesh)
    self.measure = _compiled_evaluation(stage, mesh)
    self.finite = jax.jit(_all_finite, out_shardings=NamedSharding(mesh, P()))
    if self.done == 0 and self.measure is not None:
      self.log.evaluated(0, self.measure(self.state))

  def advance(self) -> None:
    """Takes the steps of one call; logs, evaluates and saves what is due."""
    loop, batches = self.loop, self.batches
    self.state, values = self.call(
        self.state, batches and batches.next(loop.steps_per_call)
    )
    if not self.begun:  # compiled: from here on this is a run
      self.run.claim()
      self.table.flush()
      self.begun = True
    self.done += loop.steps_per_call
    self.log.add(self.done, values)
    last = self.done == loop.num_steps
    stop = self.run.watch() and not last
    due = lambda every: last or (every and self.done % every == 0)
    try:
      if due(loop.eval_every) or due(loop.checkpoint_every) or stop:
        self.log.drain()
      else:
        self.log.drain(all_but=1)  # the devices stay one call ahead
    except metrics_lib.NonFinite as e:
      raise metrics_lib.NonFinite(f'{e}; {_advice(self.checkpoints)}') from e
    if due(loop.eval_every) and self.measure is not None:
      self.log.evaluated(self.done, self.measure(self.state))
    if due(loop.checkpoint_every) or stop:
      self.save()
    if stop:
      self.checkpoints.wait()
      raise interrupt.Interrupted(
          f'{self.stage.name}: stopped and saved at step {self.done} of'
          f' {loop.num_steps}; the same command goes on from there.'
      )

  def save(self) -> None:
    """Writes a checkpoint of a finite state, and the metrics up to it."""
    if not bool(self.finite(self.state)):
      raise metrics_lib.NonFinite(
          f'{self.stage.name}: the state is no longer finite after step'
          f' {self.done}; {_advice(self.checkpoints)}'
      )
    self.table.flush()
    position = self.batches.get_state() if self.batches else None
    self.checkpoints.save(
        self.done, self.state, {'data': position, 'log': self.log.position()}
    )
    self.run.spent()


def _compiled_evaluation(stage: Stage, mesh):
  """Compiles the evaluation of all seeds; None if there is none."""
  if stage.evaluate is None:
    return None
  parts = mesh.shape['data']

  def place(leaf):
    split = np.ndim(leaf) and np.shape(leaf)[0] % parts == 0
    where = NamedSharding(mesh, P('data') if split else P())
    return jax.make_array_from_callback(
        np.shape(leaf), where, lambda index: np.asarray(leaf)[index]
    )

  placed = jax.tree.map(place, stage.eval_data)
  compiled = jax.jit(
      jax.vmap(stage.measure, in_axes=(0, None), spmd_axis_name='replica'),
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
