"""Prompts and responses by language, a JSON object a line."""

from collections.abc import Callable
import json
import os
import pathlib

Pair = tuple[list[int], list[int]]  # ids of a prompt, and of its response


def read(
    path: str | os.PathLike[str], encode: Callable[[str], list[int]]
) -> dict[str, list[Pair]]:
  """Reads lines of {"language", "prompt", "response"}, by language.

  Args:
    path: of the file, UTF-8.
    encode: text to ids.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: naming the line, if one is none of that.
  """
  file = pathlib.Path(path)
  if not file.is_file():
    raise FileNotFoundError(f'{path!r} must be a file of JSON lines.')
  rows: dict[str, list[Pair]] = {}
  for number, line in enumerate(file.read_text('utf-8').splitlines(), 1):
    try:
      said = json.loads(line)
      pair = encode(said['prompt']), encode(said['response'])
      rows.setdefault(str(said['language']), []).append(pair)
    except (ValueError, KeyError, TypeError) as e:
      raise ValueError(
          f'{file}, line {number}, is no {{"language", "prompt", "response"}}:'
          f' {e!r}.'
      ) from e
  return rows
