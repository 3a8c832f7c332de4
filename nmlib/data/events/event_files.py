"""Event recordings from local files: SHD, N-MNIST, DVS gestures, and npz.

Nothing is downloaded and nothing unpickled. Every reader returns checked
`address_events.Recordings`; a damaged file ends in one sentence that names it.
"""

import pathlib

import numpy as np

from nmlib.data.events import address_events as events

SHD_UNITS = 700
N_MNIST_SIZE = (34, 34)
DVS_SIZE = (128, 128)
_AEDAT_HEADER = np.dtype(
    [
        ('type', '<i2'),
        ('source', '<i2'),
        ('size', '<i4'),
        ('offset', '<i4'),
        ('overflow', '<i4'),
        ('capacity', '<i4'),
        ('number', '<i4'),
        ('valid', '<i4'),
    ]
)
_POLARITY = 1  # AEDAT's event type
_INSTALL = "reading HDF5 needs h5py; install it with: pip install '.[events]'"


def heidelberg_digits(
    path: str, num_units: int = SHD_UNITS
) -> events.Recordings:
  """Reads SHD or SSC (Cramer et al. 2020): HDF5, seconds and channels.

  Args:
    path: `shd_train.h5`, `shd_test.h5` or alike: `spikes/times`,
      `spikes/units` (one ragged row a recording) and `labels`.
    num_units: channels of the cochlea.

  Returns:
    The recordings. The files keep times in half precision: 0.5 ms near 1 s.

  Raises:
    FileNotFoundError: if there is no such file.
    ImportError: without h5py.
    ValueError: if it is not such a file, or damaged.
  """
  file = _existing(path)
  try:
    import h5py  # pyrefly: ignore [missing-import]
  except ImportError as error:
    raise ImportError(_INSTALL) from error
  try:
    with h5py.File(file, 'r') as stored:
      times, units = stored['spikes/times'][:], stored['spikes/units'][:]
      labels = stored['labels'][:]
  except (OSError, KeyError, RuntimeError) as error:
    raise ValueError(
        f'{path} is not a whole SHD file (HDF5 with spikes/times, spikes/units'
        f' and labels): {error}.'
    ) from error
  if len(times) != len(units):
    raise ValueError(
        f'{path}: {len(times)} rows of times but {len(units)} of units.'
    )
  pairs = [events.Events(t, u) for t, u in zip(times, units, strict=True)]
  return events.gather(pairs, labels, num_units, str(path))


def n_mnist(path: str) -> events.Recordings:
  """Reads N-MNIST (Orchard et al. 2015): a folder a digit of `.bin` files.

  Five bytes an event: x, y, then one bit of polarity (1: ON) and 23 bits of
  microseconds. Unit = (polarity * 34 + y) * 34 + x.

  Raises:
    FileNotFoundError: if the folder, or a file in it, is missing.
    ValueError: if a file is truncated or its events are unsound.
  """
  found, labels = [], []
  height, width = N_MNIST_SIZE
  for label in range(10):
    files = sorted(_existing(path, folder=True).glob(f'{label}/*.bin'))
    if not files:
      raise FileNotFoundError(
          f'{path}/{label} has no .bin file; give the folder Train or Test of'
          ' N-MNIST, which has a folder a digit.'
      )
    for file in files:
      raw = np.frombuffer(file.read_bytes(), np.uint8)
      if raw.size % 5:
        raise ValueError(
            f'{file} is truncated: {raw.size} bytes are no multiple of 5, the'
            ' size of an event.'
        )
      x, y, high, middle, low = raw.reshape(-1, 5).astype(np.int64).T
      _inside(file, x, y, (height, width))
      time = (high & 0x7F) << 16 | middle << 8 | low
      unit = ((high >> 7) * height + y) * width + x
      pair = events.Events(time / 1e6, unit)
      found.append(events.check(pair, 2 * height * width, str(file)))
      labels.append(label)
  return events.gather(found, np.array(labels), 2 * height * width, path)


def dvs_gestures(path: str) -> events.Recordings:
  """Reads DVS128 Gesture (Amir et al. 2017): `.aedat` and `_labels.csv` pairs.

  A pair holds several gestures, cut out by the microseconds of the table, whose
  times then begin at 0. Labels are those of the table less 1. Unit =
  (polarity * 128 + y) * 128 + x.

  Args:
    path: a folder of pairs.

  Raises:
    FileNotFoundError: if the folder, or a table, is missing.
    ValueError: if a file is truncated, of another version, or unsound.
  """
  files = sorted(_existing(path, folder=True).glob('*.aedat'))
  if not files:
    raise FileNotFoundError(f'{path} has no .aedat file.')
  found, labels = [], []
  num_units = 2 * DVS_SIZE[0] * DVS_SIZE[1]
  for file in files:
    table = file.with_name(file.stem + '_labels.csv')
    if not table.is_file():
      raise FileNotFoundError(f'{file} has no table {table.name} beside it.')
    rows = np.loadtxt(table, delimiter=',', skiprows=1, dtype=int, ndmin=2)
    whole = events.check(aedat(str(file)), num_units, str(file))
    if rows.size and rows[:, 0].min() < 1:
      raise ValueError(
          f'{table}: gestures are numbered from 1, got {rows[:, 0].min()}.'
      )
    for label, start, end in rows:
      part = slice(*np.searchsorted(whole.times, (start / 1e6, end / 1e6)))
      found.append(
          events.Events(whole.times[part] - start / 1e6, whole.units[part])
      )
      labels.append(label - 1)
  return events.gather(found, np.array(labels), num_units, path)


def aedat(path: str) -> events.Events:
  """Reads the polarity events of an AEDAT 3.1 file of a 128 x 128 camera.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if it is of another version, or truncated.
  """
  raw = _existing(path).read_bytes()
  version = raw.split(b'\r\n', 1)[0]
  if version != b'#!AER-DAT3.1':
    raise ValueError(
        f'{path} must begin with #!AER-DAT3.1, got {version[:20]!r}; convert it'
        ' to AEDAT 3.1 or npz.'
    )
  at = 0
  while raw[at : at + 1] == b'#':
    at = raw.index(b'\n', at) + 1
  times, units = [np.zeros(0)], [np.zeros(0, np.int64)]
  while at < len(raw):
    body = at + _AEDAT_HEADER.itemsize
    head = np.zeros((), _AEDAT_HEADER)
    if body <= len(raw):
      head = np.frombuffer(raw, _AEDAT_HEADER, 1, at)[0]
    end = body + int(head['size']) * int(head['number'])
    if end > len(raw) or end < body:
      raise ValueError(
          f'{path} is truncated: its last packet, at byte {at}, ends at byte'
          f' {end}, the file at {len(raw)}.'
      )
    at = end
    if head['type'] != _POLARITY:
      continue
    data, time = np.frombuffer(raw[body:end], '<u4').reshape(-1, 2).T
    keep = (data & 1).astype(bool)  # AEDAT marks invalid events so
    x, y = data >> 17 & 0x7FFF, data >> 2 & 0x7FFF
    x, y, time = (a[keep].astype(np.int64) for a in (x, y, time))
    _inside(path, x, y, DVS_SIZE)
    polarity = (data[keep] >> 1 & 1).astype(np.int64)
    times.append((time + (int(head['overflow']) << 31)) / 1e6)
    units.append((polarity * DVS_SIZE[0] + y) * DVS_SIZE[1] + x)
  return events.Events(np.concatenate(times), np.concatenate(units))


def read_npz(path: str) -> events.Recordings:
  """Reads what `write_npz` wrote.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if an array is missing, or the events are unsound.
  """
  try:
    with np.load(_existing(path), allow_pickle=False) as stored:
      times, units, offsets, labels, num_units = (
          stored[name] for name in events.Recordings._fields
      )
  except FileNotFoundError:
    raise
  except (OSError, KeyError, ValueError, EOFError) as error:
    raise ValueError(
        f'{path} is not a whole npz file with {events.Recordings._fields}:'
        f' {error}.'
    ) from error
  if offsets[0] != 0 or offsets[-1] != len(times) or any(np.diff(offsets) < 0):
    raise ValueError(
        f'{path}: offsets must rise from 0 to the {len(times)} events; is the'
        ' file truncated?'
    )
  pairs = [
      events.Events(times[a:b], units[a:b])
      for a, b in zip(offsets[:-1], offsets[1:], strict=True)
  ]
  return events.gather(pairs, labels, int(num_units), path)


def write_npz(path: str, recordings: events.Recordings) -> None:
  """Writes recordings to a compressed npz file, which must not exist yet.

  Raises:
    FileExistsError: if it exists.
  """
  with pathlib.Path(path).open('xb') as file:
    np.savez_compressed(file, **recordings._asdict())


def _existing(path: str, folder: bool = False) -> pathlib.Path:
  found = pathlib.Path(path)
  if not (found.is_dir() if folder else found.is_file()):
    raise FileNotFoundError(
        f'{path}: no such {"folder" if folder else "file"}.'
    )
  return found


def _inside(path, x, y, size) -> None:
  height, width = size
  if x.size and (x.max() >= width or y.max() >= height):
    raise ValueError(
        f'{path}: pixels must be in {width} x {height}, got x up to'
        f' {x.max()} and y up to {y.max()}; is the file damaged?'
    )
