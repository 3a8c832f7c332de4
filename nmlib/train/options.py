"""Config fields as flags: defined, overridden, shown by `--help`."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import difflib
import sys
from typing import Any

from absl import app
from absl import flags
import ml_collections
from ml_collections import config_flags

from nmlib.neurons.core import limits
from nmlib.train.hosts import cluster


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


def define_shortcuts(
    presets: Mapping[str, Any], shortcuts: Mapping[str, str]
) -> None:
  """Defines `--<field>=` for some fields, of the types that these have."""
  first = next(iter(presets.values()))
  numbers = {int: flags.DEFINE_integer, float: flags.DEFINE_float}
  for field, text in shortcuts.items():
    kind = type(getattr(first, field))
    numbers.get(kind, flags.DEFINE_string)(field, None, text)


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


def run(main: Callable[[], int]) -> None:
  """Parses the flags, runs a program, and exits with the code it returns.

  What the user did wrong (a flag, a word that is none; in `main` a ValueError
  or an OSError) ends it with one sentence.
  """

  def checked(argv):
    if argv[1:]:
      raise app.UsageError(f'unexpected arguments: {" ".join(argv[1:])}')
    try:
      code = main()
    except (OSError, ValueError) as e:
      print(f'error: {e}', file=sys.stderr)
      code = cluster.REFUSED
    sys.exit(code)

  parse = lambda argv: or_one_sentence(lambda: flags.FLAGS(argv))
  app.run(checked, flags_parser=parse)


def _sentence(error: BaseException) -> str:
  """Returns what a flag's error says, on one line."""
  while error.args and isinstance(error.args[0], BaseException):
    error = error.args[0]
  lines = str(error.args[0] if error.args else error).splitlines()
  if isinstance(error, KeyError) and lines[0].startswith("'"):
    lines[0] = f'the config has no field {lines[0]}'
  return ' '.join(x if x.endswith(('.', '?')) else f'{x}.' for x in lines)


def peek(flag: str) -> str | None:
  """Reads a flag that other flags depend on, before flags are parsed."""
  arguments = [a.lstrip('-') for a in sys.argv[1:]]
  for i, argument in enumerate(arguments):
    key, equals, value = argument.partition('=')
    if key == flag:
      return value if equals else next(iter(arguments[i + 1 :]), None)
  return None


def override(config: Any, values: Mapping[str, Any]) -> Any:
  """Returns the frozen dataclass with some fields, dotted paths, replaced.

  All at once, so that fields which belong together may change together.

  Raises:
    ValueError: for a name that is no field, with the nearest one suggested.
  """
  names = [field.name for field in dataclasses.fields(config)]
  fields: dict[str, Any] = {}
  inside: dict[str, dict[str, Any]] = {}
  for path, value in values.items():
    name, _, rest = path.partition('.')
    if name not in names and hasattr(getattr(config, 'loop', None), name):
      name, rest = 'loop', path
    if name not in names:
      near = difflib.get_close_matches(name, names, 1)
      hint = f'did you mean {near[0]!r}?' if near else f'fields: {names}.'
      raise ValueError(f'config has no field {name!r}; {hint}')
    if rest:
      inside.setdefault(name, {})[rest] = value
    else:
      fields[name] = value
  for name, changes in inside.items():
    inner = fields.get(name, getattr(config, name))
    try:
      fields[name] = override(inner, changes)
    except ValueError as e:
      raise ValueError(_as_flag(str(e), inner, name)) from e
  return dataclasses.replace(config, **fields)


def _as_flag(message: str, inner: Any, name: str) -> str:
  """Names a field inside another as its flag: `config.loop.num_steps`."""
  for prefix in (limits.full_name(type(inner), ''), 'config.'):
    if message.startswith(prefix):
      return f'config.{name}.{message.removeprefix(prefix)}'
  return message


def describe(presets: Mapping[str, Any]) -> str:
  """Lists every config field: its value in each preset, and what is allowed."""
  rows = [fields(config) for config in presets.values()]
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


def fields(config: Any, prefix: str = '') -> dict[str, tuple[str, str]]:
  """Returns each field's value and limits, nested fields by dotted names."""
  rows: dict[str, tuple[str, str]] = {}
  for name, allowed in limits.described(type(config)).items():
    value = getattr(config, name)
    if dataclasses.is_dataclass(value):
      rows |= fields(value, f'{prefix}{name}.')
    else:
      rows[f'{prefix}{name}'] = (repr(value), allowed)
  return rows


def from_plain(like: Any, values: Mapping[str, Any]) -> Any:
  """Rebuilds a dataclass, nested ones included, from its `asdict`."""
  fields = {
      name: from_plain(getattr(like, name), value)
      if dataclasses.is_dataclass(getattr(like, name, None))
      else value
      for name, value in values.items()
  }
  return dataclasses.replace(like, **fields)


def require(config: Any, *fields: str) -> None:
  """Refuses a config that lacks what only the user has, such as files.

  Args:
    config: whose fields are empty where nothing was given.
    *fields: that must be given, each by a flag of its name.

  Raises:
    ValueError: naming those that are not.
  """
  missing = [f'--{name}' for name in fields if not getattr(config, name)]
  if missing:
    raise ValueError(
        f'{" and ".join(missing)} must be given; --help says what each is.'
    )
