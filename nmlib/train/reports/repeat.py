"""The command that repeats a stored run."""

from collections.abc import Mapping
import dataclasses
import json
import shlex
from typing import Any


def command(record: Mapping[str, Any], presets: Mapping[str, Any]) -> str:
  """Returns `python -m launch...`, with the fields that differ from the preset.

  Args:
    record: the stored report.
    presets: of its launcher, configs by name.

  Raises:
    ValueError: if the launcher has no such preset or fields any more.
  """
  name = record['preset']
  if name not in presets:
    raise ValueError(
        f'preset {name!r} is none of {", ".join(presets)}, which there are now.'
    )
  usual = leaves(json.loads(json.dumps(dataclasses.asdict(presets[name]))))
  stored = leaves(record['config'])
  other = sorted(usual.keys() ^ stored.keys())
  if other:
    raise ValueError(
        f'{", ".join(other)} of its config came or went since it ran.'
    )
  words = ['python', '-m', f'launch.{record["experiment"]}', f'--preset={name}']
  words += [
      f'--config.{field}={_text(value)}'
      for field, value in stored.items()
      if value != usual[field]
  ]
  return shlex.join(words)


def leaves(config: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
  """Returns the values of a stored config, nested ones by dotted names."""
  found = {}
  for name, value in config.items():
    if isinstance(value, Mapping) and value:
      found |= leaves(value, f'{prefix}{name}.')
    else:
      found[f'{prefix}{name}'] = value
  return found


def _text(value: Any) -> str:
  return value if isinstance(value, str) else repr(_tuples(value))


def _tuples(value: Any) -> Any:
  """JSON has lists where configs have tuples."""
  return tuple(map(_tuples, value)) if isinstance(value, list) else value
