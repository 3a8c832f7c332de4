"""What a run costs: `run.json`, apart from the report, which resuming repeats.

Its entries: `seconds` of work over all starts, and of the last start the
devices (`platform`, `kind`, `count`), `processes`, `cpus` of the first host,
and `versions` of Python, JAX and nmlib.
"""

import contextlib
import json
import os
import platform
import time
from typing import Any

from etils import epath
import jax

import nmlib
from nmlib.train import workdir as workdir_lib

_NAME = 'run.json'
_ENTRIES = {'platform': str, 'kind': str, 'count': int, 'cpus': int}


class Clock:
  """Counts the seconds of this start, after those of earlier ones."""

  def __init__(self, workdir: epath.PathLike):
    """Starts to count; the folder may hold earlier seconds."""
    self._path = epath.Path(workdir) / _NAME
    self._earlier = (load(workdir) or {}).get('seconds', 0.0)
    self._begin = time.monotonic()

  def save(self) -> None:
    """Writes `run.json`; a run does not end because its cost is not kept."""
    device = jax.devices()[0]
    seconds = self._earlier + time.monotonic() - self._begin
    record = {
        'seconds': round(seconds, 3),
        'platform': device.platform,
        'kind': device.device_kind,
        'count': jax.device_count(),
        'processes': jax.process_count(),
        'cpus': os.cpu_count(),
        'versions': {
            'python': platform.python_version(),
            'jax': jax.__version__,
            'nmlib': nmlib.__version__,
        },
    }
    with contextlib.suppress(OSError):
      workdir_lib.write_atomic(self._path, json.dumps(record, indent=2) + '\n')


def load(folder: epath.PathLike) -> dict[str, Any] | None:
  """Returns what `Clock.save` wrote; None if there is nothing like it."""
  try:
    record = json.loads((epath.Path(folder) / _NAME).read_bytes())
  except (OSError, ValueError):
    return None
  if not isinstance(record, dict) or any(
      not isinstance(record.get(name), kind) for name, kind in _ENTRIES.items()
  ):
    return None
  seconds = record.get('seconds')
  if isinstance(seconds, bool) or not isinstance(seconds, int | float):
    return None
  return record if 0 <= seconds < float('inf') else None


def duration(seconds: float) -> str:
  """Returns such as '45 s', '4 min', '2.5 h' or '12 days'."""
  if seconds < 99.5:
    return f'{seconds:.0f} s'
  if seconds < 99.5 * 60:
    return f'{seconds / 60:.0f} min'
  if seconds < 99.5 * 3600:
    return f'{seconds / 3600:.3g} h'
  days = seconds / 86400
  return f'{days:.0f} days' if days < 1e4 else f'{days:.1e} days'
