"""Plans as text."""

from nmlib.plan import chips
from nmlib.plan import estimate
from nmlib.train.hosts import mesh as mesh_lib


def table(plan: estimate.Plan, experiment: str) -> str:
  """Returns a plan as text: memory, work, collectives, roofline.

  Args:
    plan: what a step needs.
    experiment: its name, for the heading.
  """
  chip = chips.parse(plan.topology).chip
  lines = [
      f'{experiment}: {_big(plan.num_parameters)} parameters on'
      f' {plan.topology} ({plan.num_chips} chips), mesh'
      f' {mesh_lib.shown(plan.mesh)}',
      f'batch {plan.batch_size} rows a seed, {plan.items_per_step:,}'
      f' {plan.item}s a step; compiled in {plan.compile_seconds:.0f} s',
      '',
      'memory a chip',
      _row('arguments', size(plan.argument_bytes)),
      _row('outputs', size(plan.output_bytes)),
      _row('  of which in place', size(-plan.alias_bytes)),
      _row('temporaries', size(plan.temporary_bytes)),
      _row('code', size(plan.code_bytes)),
      _row('total', size(plan.memory_bytes) + _of(plan)),
      '',
      'work a chip and step',
      _row('matrix FLOPs', _big(plan.flops)),
      _row('memory traffic', size(plan.hbm_traffic)),
      _row('put into collectives', size(plan.collective_bytes)),
  ]
  lines += ['', 'collectives a chip and step']
  lines += [_collective(one) for one in plan.collectives] or ['  none']
  lines += ['', 'roofline of a step']
  if chip is None:
    lines.append('  no figures are published for virtual CPU devices')
  else:
    lines += [_row(name, _time(value)) for name, value in plan.terms.items()]
    lines += [
        _row(
            'step time, at least', f'{_time(plan.step_seconds)}  ({plan.bound})'
        ),
        _row(
            'at most',
            f'{_big(plan.items_per_second)} {plan.item}s/s on'
            f' {plan.num_chips} chips',
        ),
        f'  figures of the chip: {chip.source}',
    ]
  lines += [f'note: {note}' for note in plan.notes]
  return '\n'.join(lines)


def ranking(plans: list[estimate.Plan], refused: dict[str, str]) -> str:
  """Returns what a search of meshes found as text, the best first.

  Args:
    plans: ranked, at least one.
    refused: why others are not among them, by mesh.
  """
  width = max(len(mesh_lib.shown(plan.mesh)) for plan in plans)
  lines = ['meshes, best first']
  for plan in plans:
    parts = [size(plan.memory_bytes) + ' a chip']
    if plan.terms:
      parts.append(f'{_time(plan.step_seconds)} a step ({plan.bound})')
    parts.append(size(plan.collective_bytes) + ' into collectives')
    lines.append(f'  {mesh_lib.shown(plan.mesh):{width}}  {", ".join(parts)}')
  lines += [f'  {mesh}: {why}' for mesh, why in refused.items()]
  return '\n'.join(lines)


def _collective(one: estimate.Traffic) -> str:
  seconds = '' if one.seconds is None else f', {_time(one.seconds)}'
  return _row(
      one.kind,
      f'{one.count:g} x over {"+".join(one.axes)} ({one.group_size} chips),'
      f' {size(one.bytes)} in, {size(one.sent_bytes)} sent{seconds}',
  )


def _row(name: str, text: str) -> str:
  return f'  {name:22}{text}'


def _of(plan: estimate.Plan) -> str:
  if plan.hbm_bytes is None:
    return ''
  share = plan.memory_bytes / plan.hbm_bytes
  return f' of {size(plan.hbm_bytes)} ({share:.0%})'


def size(count: float) -> str:
  """Writes a number of bytes for people."""
  for unit, power in (('GiB', 3), ('MiB', 2), ('KiB', 1)):
    if abs(count) >= 1024**power:
      return f'{count / 1024**power:.2f} {unit}'
  return f'{count:.0f} B'


def _big(count: float | None) -> str:
  count = count or 0.0
  for unit, power in (('P', 15), ('T', 12), ('G', 9), ('M', 6), ('k', 3)):
    if count >= 10**power:
      return f'{count / 10**power:.2f} {unit}'
  return f'{count:.0f}'


def _time(seconds: float | None) -> str:
  return f'{1e3 * (seconds or 0.0):.3f} ms'
