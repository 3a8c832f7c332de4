"""An experiment as it is run: from a package, in a workdir, to a report."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import importlib
import types
import typing
from typing import Any
from typing import NamedTuple

import jax

from nmlib.train import workdir as workdir_lib
from nmlib.train.hosts import distributed
from nmlib.train.reports import report as report_lib
from nmlib.train.run import Folder
from nmlib.train.run import Run

Experiment = Callable[[Any, Run], report_lib.Report]
Command = Callable[[str, Any, Run], None]


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
