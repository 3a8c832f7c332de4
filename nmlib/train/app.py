"""The command line of every launcher: presets, flags, workdir, report."""

import json
import sys
import traceback
from typing import Any

from absl import flags
from absl import logging
from etils import epath
import jax

from nmlib.train import options
from nmlib.train import workdir as workdir_lib
from nmlib.train.experiment import Launcher
from nmlib.train.experiment import load
from nmlib.train.experiment import run_experiment
from nmlib.train.hosts import cluster
from nmlib.train.hosts import distributed
from nmlib.train.hosts import interrupt
from nmlib.train.hosts import mesh as mesh_lib
from nmlib.train.reports import report as report_lib
from nmlib.train.run import Run

_FAILED = 1


def launch(package: str | None) -> None:
  """Runs an experiment's package as a program: `launch(__package__)`."""
  start(load(package or ''))


def start(launcher: Launcher) -> None:
  """Runs an experiment as a program."""
  sys.modules['__main__'].__doc__ = (
      f'{launcher.doc}\n{options.describe(launcher.presets)}'
  )
  options.or_one_sentence(lambda: define_flags(launcher))
  jax.config.config_with_absl()
  options.run(lambda: _join_and_leave(launcher))


def define_flags(launcher: Launcher) -> None:
  """Defines every flag of a launcher but JAX's own."""
  flags.DEFINE_string(
      'workdir',
      None,
      'Folder of this run; the same command on the same folder resumes.'
      f' Default: runs/{launcher.name}-<preset>.',
  )
  flags.DEFINE_enum(
      'preset', 'small', list(launcher.presets), 'Size of the experiment.'
  )
  flags.DEFINE_string(
      'mesh',
      None,
      'Devices by axis, as in replica:1,data:4,model:2: seeds, batch, model.'
      ' Default: split seeds, then the batch, over all devices.',
  )
  flags.DEFINE_bool(
      'shard_optimizer',
      False,
      'Split the optimizer state over the mesh axis data too (ZeRO stage 1):'
      ' less memory a device, the same training up to rounding.',
  )
  flags.DEFINE_bool(
      'overwrite', False, "Delete the workdir's earlier run and start again."
  )
  flags.DEFINE_string(
      'coordinator',
      None,
      'With several processes: host:port of process 0, the same for all; or'
      ' auto, to ask SLURM, Open MPI, Kubernetes or the TPU for this and the'
      ' next two.',
  )
  flags.DEFINE_integer('num_processes', None, 'How many processes there are.')
  flags.DEFINE_integer('process_id', None, 'Which process this is, from 0.')
  flags.DEFINE_float(
      'join_timeout', 300.0, 'Seconds to wait for the other processes.'
  )
  flags.DEFINE_integer(
      'heartbeat_timeout',
      45,
      'Seconds without a heartbeat after which a process counts as lost and the'
      ' others end.',
      lower_bound=1,
  )
  options.define_shortcuts(launcher.presets, launcher.shortcuts)
  for flag, (text, _) in launcher.commands.items():
    flags.DEFINE_string(flag, None, text)
  options.define_config(launcher.presets)


def _join_and_leave(launcher: Launcher) -> int:
  """Runs `_main` among the other processes, if there are any."""
  if not flags.FLAGS['verbosity'].present:  # orbax and jax narrate
    logging.set_verbosity(logging.WARNING)
    logging.get_absl_handler().addFilter(  # what orbax logs, it also raises
        lambda record: '/orbax/' not in record.pathname
    )
  values = flags.FLAGS
  try:
    cluster.initialize(
        values.coordinator,
        values.num_processes,
        values.process_id,
        values.join_timeout,
        values.heartbeat_timeout,
    )
  except ValueError as e:
    print(f'error: {e}', file=sys.stderr)
    return cluster.REFUSED
  try:
    code = _main(launcher)
    jax.distributed.shutdown()
  except BaseException as e:
    if jax.process_count() > 1:
      cluster.fail(_FAILED, e)
    raise
  return code


def _main(launcher: Launcher) -> int:
  presets, name, preset = launcher.presets, launcher.name, flags.FLAGS.preset
  workdir = None
  try:
    workdir = workdir_lib.parse(flags.FLAGS.workdir or f'runs/{name}-{preset}')
    values = options.config_overrides()
    for field in launcher.shortcuts:
      if flags.FLAGS[field].value is not None:
        values[field] = flags.FLAGS[field].value
    sizes = flags.FLAGS.mesh and mesh_lib.fill(
        mesh_lib.parse(flags.FLAGS.mesh), jax.device_count()
    )
    for flag, (_, command) in launcher.commands.items():
      value = flags.FLAGS[flag].value
      if value is not None:
        config = options.override(
            _stored_config(presets[preset], workdir), values
        )
        command(str(value), config, Run(workdir, sizes))
        return 0
    config = options.override(presets[preset], values)
    lock = distributed.first_holds(workdir_lib.lock(workdir))
    with lock, interrupt.watch() as watch:
      if flags.FLAGS.overwrite:
        distributed.from_first(lambda: workdir_lib.clear(workdir))
      run = Run(workdir, sizes, watch, flags.FLAGS.shard_optimizer)
      return _run(launcher.experiment, config, name, preset, run)
  except interrupt.Interrupted as e:
    if jax.process_index() == 0:
      print(e.message, file=sys.stderr)
    return interrupt.EXIT_CODE
  except (ValueError, OSError, FloatingPointError, ImportError) as e:
    return _explain(e, workdir)


def _run(experiment, config, name: str, preset: str, run: Run) -> int:
  run.say(
      f'{name}, preset {preset}: {jax.device_count()}'
      f' {jax.devices()[0].device_kind} device(s), workdir {run.workdir}'
  )
  record = run_experiment(experiment, config, name=name, preset=preset, run=run)
  run.say(report_lib.terminal(record))
  run.say(f'Report: {run.workdir / "report.md"}')
  return 0


def _stored_config(like: Any, workdir: epath.Path) -> Any:
  """Reads the config of the run in a workdir, of the type of `like`."""
  record = workdir / 'config.json'
  if not record.exists():
    raise ValueError(
        f'--workdir={workdir} holds no run yet; start one with the same'
        ' command without this flag, or name the workdir of one.'
    )
  return options.from_plain(like, json.loads(record.read_text())['config'])


def _explain(error: Exception, workdir: epath.Path | None) -> int:
  """Prints one sentence; the traceback goes to a file in the workdir."""
  code = _FAILED if isinstance(error, FloatingPointError) else cluster.REFUSED
  process = jax.process_index()

  def say() -> None:
    print(f'error: {error}', file=sys.stderr)
    if workdir is not None and (workdir / 'config.json').exists():
      path = workdir / (f'error-{process}.txt' if process else 'error.txt')
      try:
        path.write_text(''.join(traceback.format_exception(error)))
        print(f'Traceback: {path}', file=sys.stderr)
      except OSError:  # a full disk must not hide the sentence above
        pass

  cluster.fail(code, error, say)
  return code
