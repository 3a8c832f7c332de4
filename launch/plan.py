"""Plans a launcher's training for machines that you do not have.

  python -m launch.plan --experiment=bdh --preset=paper \\
      --topology=v5e:2x4 --mesh=data:2,model:4

compiles the train step of `launch.bdh` for eight TPU v5e chips, on any machine
(a TPU is not needed, its compiler is: pip install -e '.[launch,tpu]'), and
prints the memory a chip, FLOPs, bytes, every collective, and a roofline of the
step time.
--mesh=auto tries every sensible mesh and ranks them; --format=json is for
programs; --config.<field>=<value> changes the preset. --topology=cpu:8 compiles
for eight virtual CPU devices, without any figure of speed.

A launcher takes part by having, in its `experiment.py`, a function
`stage(config) -> train.Stage` that describes its main stage without its data.
"""

import importlib
import inspect
import json
import sys
from typing import Any

from absl import flags
from absl import logging
import jax

import launch
from nmlib.plan import chips
from nmlib.plan import mesh_search
from nmlib.plan import tables
from nmlib.train import options


def main() -> None:
  """Parses the flags, some of which the experiment defines; plans; prints."""
  options.or_one_sentence(_define_flags)
  options.run(_main)


def load(name: str) -> tuple[Any, Any]:
  """Returns the presets of `launch.<name>`, and what makes a stage of one.

  Raises:
    ValueError: if there is no such launcher, or it has no stage to plan.
  """
  package = f'launch.{name}'
  names = launch.experiments()
  if name not in names:
    hint = launch.nearest(name, names)
    raise ValueError(f'--experiment={name} is no launcher; {hint}')
  experiment = importlib.import_module(f'{package}.experiment')
  try:
    inspect.signature(experiment.stage).bind(None)
  except (AttributeError, TypeError):
    raise ValueError(
        f'--experiment={name} cannot be planned: {package}.experiment has no'
        ' stage(config) that needs no more than the config.'
    ) from None
  return importlib.import_module(f'{package}.config').PRESETS, experiment.stage


def _define_flags() -> None:
  flags.DEFINE_string('experiment', None, 'The launcher, such as bdh.')
  flags.DEFINE_string('topology', None, f'Machine: {chips.known()}.')
  flags.DEFINE_string(
      'mesh', 'auto', 'Chips by axis, as in data:2,model:4; or auto.'
  )
  flags.DEFINE_bool(
      'shard_optimizer', False, 'Split the optimizer state over data (ZeRO).'
  )
  flags.DEFINE_enum('format', 'table', ['table', 'json'], 'What is printed.')
  flags.mark_flags_as_required(['experiment', 'topology'])
  name = options.peek('experiment')
  if name is None:
    flags.DEFINE_string('preset', 'paper', 'Preset of the experiment.')
    return
  presets, _ = load(name)
  flags.DEFINE_enum('preset', 'paper', list(presets), 'Size of the experiment.')
  options.define_config(presets)


def _main() -> int:
  logging.set_verbosity(logging.ERROR)
  values = flags.FLAGS
  where = chips.parse(values.topology)
  jax.config.update('jax_platforms', 'cpu')  # whatever is here is not used
  if where.chip is None:
    jax.config.update('jax_num_cpu_devices', where.num_chips)
  presets, stage_of = load(values.experiment)
  config = options.override(presets[values.preset], options.config_overrides())
  plans, refused = mesh_search.plans(
      stage_of(config), values.topology, values.mesh,
      shard_optimizer=values.shard_optimizer, tell=_progress,
  )  # fmt: skip
  if values.format == 'json':
    found: Any = [plan.as_dict() for plan in plans]
    print(json.dumps(found if values.mesh == 'auto' else found[0], indent=1))
    return 0
  if values.mesh == 'auto':
    print(tables.ranking(plans, refused), end='\n\n')
  print(tables.table(plans[0], f'{values.experiment} ({values.preset})'))
  return 0


def _progress(text: str) -> None:
  print(f'compiling for {text} ...', file=sys.stderr, flush=True)


if __name__ == '__main__':
  main()
