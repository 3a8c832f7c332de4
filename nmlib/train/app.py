"""The command line of every launcher: presets, flags, workdir, report."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import difflib
import importlib
import json
import sys
import traceback
import types
import typing
from typing import Any
from typing import NamedTuple

from absl import app
from absl import flags
from absl import logging
from etils import epath
import jax
import ml_collections
from ml_collections import config_flags

from nmlib.neurons.core import limits
from nmlib.train import cluster
from nmlib.train import distributed
from nmlib.train import interrupt
from nmlib.train import mesh as mesh_lib
from nmlib.train import report as report_lib
from nmlib.train import workdir as workdir_lib
from nmlib.train.run import Folder
from nmlib.train.run import Run

Experiment = Callable[[Any, Run], report_lib.Report]
Command = Callable[[str, Any, Run], None]

_FAILED = 1


def run_experiment(
    experiment: Experiment,
    config: Any,
    *,
    name: str,
    preset: str,
    run: Run,
) -> dict[str, Any]:
  """Runs an experiment in a workdir that the caller has locked.

  Args:
    experiment: the script.
    config: its frozen dataclass.
    name: the launcher's name.
    preset: the preset's name.
    run: workdir and devices.

  Returns:
    The stored report; at once if the workdir holds that of a finished run.

  Raises:
    ValueError: if the workdir belongs to another configuration.
  """
  identity = {
      'experiment': name,
      'preset': preset,
      'config': dataclasses.asdict(config),
  }
  distributed.from_first(lambda: workdir_lib.check(run.workdir, identity))
  stored = report_lib.load(run.workdir)
  if stored is not None:
    return stored
  run = dataclasses.replace(run, folder=Folder(run.workdir, identity))
  report = experiment(config, run)
  report.experiment, report.preset = name, preset
  report.config = dataclasses.asdict(config)
  if jax.process_index() == 0:
    run.claim()
    report.save(run.workdir)
  return typing.cast(dict[str, Any], report_lib.load(run.workdir))


class Launcher(NamedTuple):
  """An experiment as a program."""

  experiment: Experiment  # `experiment(config, run) -> Report`
  presets: Mapping[str, Any]  # config by name, of one frozen dataclass
  name: str  # the default workdir is `runs/<name>-<preset>`
  doc: str  # what `--help` prints
  # `{field: help}`: `--<field>=` is short for `--config.<field>=`.
  shortcuts: Mapping[str, str] = types.MappingProxyType({})
  # Extra flags, `{flag: (help, command)}`: given a value,
  # `command(value, config, run)` runs instead of the experiment. It only reads
  # the workdir, whose config it gets, so it also works during the experiment.
  commands: Mapping[str, tuple[str, Command]] = types.MappingProxyType({})


def load(package: str) -> Launcher:
  """Imports an experiment's package, such as `launch.bdh`.

  Args:
    package: its docstring is the help; `config.py` has PRESETS (`small` is the
      default) and perhaps SHORTCUTS, `experiment.py` has `experiment` and
      perhaps COMMANDS, as in `Launcher`.
  """
  config = importlib.import_module(f'{package}.config')
  experiment = importlib.import_module(f'{package}.experiment')
  return Launcher(
      experiment.experiment,
      config.PRESETS,
      package.partition('.')[2],
      importlib.import_module(package).__doc__ or '',
      getattr(config, 'SHORTCUTS', {}),
      getattr(experiment, 'COMMANDS', {}),
  )


def launch(package: str | None) -> None:
  """Runs an experiment's package as a program: `launch(__package__)`."""
  start(load(package or ''))


def start(launcher: Launcher) -> None:
  """Runs an experiment as a program."""
  sys.modules['__main__'].__doc__ = (
      f'{launcher.doc}\n{describe(launcher.presets)}'
  )
  or_one_sentence(lambda: _define_flags(launcher))
  jax.config.config_with_absl()

  def main(argv):
    if argv[1:]:
      raise app.UsageError(f'unexpected arguments: {" ".join(argv[1:])}')
    sys.exit(_join_and_leave(launcher))

  app.run(main, flags_parser=lambda a: or_one_sentence(lambda: flags.FLAGS(a)))


def _define_flags(launcher: Launcher) -> None:
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
  for flag, text in launcher.shortcuts.items():
    flags.DEFINE_string(flag, None, text)
  for flag, (text, _) in launcher.commands.items():
    flags.DEFINE_string(flag, None, text)
  define_config(launcher.presets)


def define_config(presets: Mapping[str, Any]) -> None:
  """Defines the flags `--config.<field>=`, for the fields of the presets.

  `--config.num_steps=` is short for `--config.loop.num_steps=`, and so on for
  every field of the loop.
  """
  first = next(iter(presets.values()))
  fields = dataclasses.asdict(first)
  config_flags.DEFINE_config_dict(
      'config',
      ml_collections.ConfigDict({**fields.get('loop', {}), **fields}),
      lock_config=True,
  )


def config_overrides() -> dict[str, Any]:
  """Returns what the user gave as `--config.<field>=`, for `override`."""
  return dict(config_flags.get_override_values(flags.FLAGS['config']))


def or_one_sentence(parse: Callable[[], Any]) -> Any:
  """Returns `parse()`; a wrong flag ends the program with one sentence."""
  try:
    return parse()
  except (flags.Error, AttributeError, KeyError, TypeError, ValueError) as e:
    print(f'error: {_sentence(e)} See --help.', file=sys.stderr)
    sys.exit(cluster.REFUSED)


def _sentence(error: BaseException) -> str:
  """Returns what a flag's error says, on one line."""
  while error.args and isinstance(error.args[0], BaseException):
    error = error.args[0]
  lines = str(error.args[0] if error.args else error).splitlines()
  if isinstance(error, KeyError) and lines[0].startswith("'"):
    lines[0] = f'the config has no field {lines[0]}'
  return ' '.join(x if x.endswith(('.', '?')) else f'{x}.' for x in lines)


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
    values = config_overrides()
    for field in launcher.shortcuts:
      if flags.FLAGS[field].value is not None:
        values[field] = flags.FLAGS[field].value
    sizes = flags.FLAGS.mesh and mesh_lib.fill(
        mesh_lib.parse(flags.FLAGS.mesh), jax.device_count()
    )
    for flag, (_, command) in launcher.commands.items():
      value = flags.FLAGS[flag].value
      if value is not None:
        config = override(_stored_config(presets[preset], workdir), values)
        command(str(value), config, Run(workdir, sizes))
        return 0
    config = override(presets[preset], values)
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
  return _from_plain(like, json.loads(record.read_text())['config'])


def _from_plain(like: Any, values: Mapping[str, Any]) -> Any:
  """Rebuilds a dataclass, nested ones included, from its `asdict`."""
  fields = {
      name: _from_plain(getattr(like, name), value)
      if dataclasses.is_dataclass(getattr(like, name, None))
      else value
      for name, value in values.items()
  }
  return dataclasses.replace(like, **fields)


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


def override(config: Any, values: Mapping[str, Any]) -> Any:
  """Returns the frozen dataclass with some fields, dotted paths, replaced.

  Raises:
    ValueError: for a name that is no field, with the nearest one suggested.
  """
  for path, value in values.items():
    config = _override_one(config, path.split('.'), value)
  return config


def _override_one(config: Any, path: list[str], value: Any) -> Any:
  names = [field.name for field in dataclasses.fields(config)]
  if path[0] not in names and hasattr(getattr(config, 'loop', None), path[0]):
    path = ['loop', *path]
  if path[0] not in names:
    near = difflib.get_close_matches(path[0], names, 1)
    hint = f'did you mean {near[0]!r}?' if near else f'fields: {names}.'
    raise ValueError(f'config has no field {path[0]!r}; {hint}')
  if len(path) > 1:
    value = _override_one(getattr(config, path[0]), path[1:], value)
  return dataclasses.replace(config, **{path[0]: value})


def describe(presets: Mapping[str, Any]) -> str:
  """Lists every config field: its value in each preset, and what is allowed."""
  rows = [_rows(config) for config in presets.values()]
  lines = ['Presets, and what --config.<field>=<value> can change:', '']
  width = max(map(len, rows[0]))
  lines.append(f'  {"":{width}}  {" | ".join(presets)}')
  for name, (_, allowed) in rows[0].items():
    values = [row[name][0] if name in row else '-' for row in rows]
    shown = values[0] if len(set(values)) == 1 else ' | '.join(values)
    allowed = f'  ({allowed})' if allowed else ''
    lines.append(f'  {name:{width}}  {shown}{allowed}')
  doc = (type(next(iter(presets.values()))).__doc__ or '').strip()
  return '\n'.join([*lines, '', doc, ''])


def _rows(config: Any, prefix: str = '') -> dict[str, tuple[str, str]]:
  """Returns each field's value and limits, nested fields by dotted names."""
  rows: dict[str, tuple[str, str]] = {}
  for name, allowed in limits.described(type(config)).items():
    value = getattr(config, name)
    if dataclasses.is_dataclass(value):
      rows |= _rows(value, f'{prefix}{name}.')
    else:
      rows[f'{prefix}{name}'] = (repr(value), allowed)
  return rows
