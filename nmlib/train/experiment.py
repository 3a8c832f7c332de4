"""An experiment as it is run: from a package, in a workdir, to a report."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import hashlib
import importlib
import os
import pathlib
import types
import typing
from typing import Any
from typing import NamedTuple

import jax

from nmlib.neurons.core import limits
from nmlib.train import workdir as workdir_lib
from nmlib.train.hosts import distributed
from nmlib.train.reports import report as report_lib
from nmlib.train.run import Folder
from nmlib.train.run import Run

Experiment = Callable[[Any, Run], report_lib.Report]
Command = Callable[[str, Any, Run], None]

_FEW = 100  # files of a path whose contents are looked at, not sizes alone
_WHOLE = 2**26  # bytes of a file that are read; of a larger one, pieces
_PIECES, _PIECE = 64, 2**16


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
    ValueError: if the workdir belongs to another configuration, or to other
      files under the same paths.
  """
  identity = {
      'experiment': name,
      'preset': preset,
      'config': dataclasses.asdict(config),
  }

  def admit() -> None:
    files = given_files(config, run.workdir)
    identity.update({'files': files} if files else {})
    workdir_lib.check(run.workdir, identity)

  distributed.from_first(admit)
  stored = report_lib.load(run.workdir)
  if stored is not None:
    return stored
  run = dataclasses.replace(run, folder=Folder(run.workdir, identity))
  try:
    report = experiment(config, run)
    report.experiment, report.preset = name, preset
    report.config = dataclasses.asdict(config)
    if jax.process_index() == 0:
      run.claim()
      report.save(run.workdir)
  finally:  # whether it ended, was stopped or failed
    run.spent()
  return typing.cast(dict[str, Any], report_lib.load(run.workdir))


def given_files(
    config: Any, workdir: str | os.PathLike[str]
) -> dict[str, dict[str, Any]]:
  """Returns what lies at the paths of a config, as a run's identity holds it.

  The same after a copy to another machine: names within the path and sizes, and
  where there are few files their contents (of large ones, pieces); no times.

  Args:
    config: whose fields `limits.Path` count, if they lead to something on a
      file system here.
    workdir: of the run, whose own files do not count, nor do hidden ones.

  Returns:
    For each field the count of files, their bytes, and a digest.
  """
  found = {}
  for field, path in limits.paths(config).items():
    files = _listed(pathlib.Path(path), pathlib.Path(workdir).resolve())
    if files:
      digest = hashlib.sha256()
      for name, (file, size) in sorted(files.items()):
        digest.update(f'{name}\0{size}\0'.encode('utf-8', 'surrogateescape'))
        if len(files) <= _FEW:
          _look_into(file, size, digest)
      total = sum(size for _, size in files.values())
      found[field] = {
          'count': len(files), 'bytes': total, 'digest': digest.hexdigest(),
      }  # fmt: skip
  return found


def _listed(path, workdir) -> dict[str, tuple[pathlib.Path, int]]:
  """Returns files and sizes by name within a path; one alone has no name."""
  if path.is_file():
    return {'': (path, path.stat().st_size)}
  files = {}
  for folder, inside, names in os.walk(path):
    here = pathlib.Path(folder)
    inside[:] = [
        name
        for name in inside
        if name[0] != '.' and (here / name).resolve() != workdir
    ]
    for name in names:
      file = here / name
      if name[0] != '.' and file.is_file():
        size = file.stat().st_size
        files[file.relative_to(path).as_posix()] = file, size
  return files


def _look_into(file, size, digest) -> None:
  with file.open('rb') as contents:
    if size <= _WHOLE:
      digest.update(contents.read())
      return
    for piece in range(_PIECES):
      contents.seek((size - _PIECE) * piece // (_PIECES - 1))
      digest.update(contents.read(_PIECE))


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
      default), PAPER (a `train.Paper`) and perhaps SHORTCUTS, `experiment.py`
      has `experiment` and perhaps COMMANDS, as in `Launcher`.

  Raises:
    ValueError: if one of them lacks what it must define.
  """
  config = importlib.import_module(f'{package}.config')
  experiment = importlib.import_module(f'{package}.experiment')
  needed = (config, 'PRESETS'), (config, 'PAPER'), (experiment, 'experiment')
  for module, name in needed:
    if not hasattr(module, name):
      raise ValueError(f'{module.__name__} must define {name}.')
  return Launcher(
      experiment.experiment,
      config.PRESETS,
      package.partition('.')[2],
      importlib.import_module(package).__doc__ or '',
      getattr(config, 'SHORTCUTS', {}),
      getattr(experiment, 'COMMANDS', {}),
  )
