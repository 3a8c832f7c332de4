"""How processes find each other before JAX starts, with errors one can read.

Process 0 listens on the coordinator's port, hears from every other process how
many there should be, and lets all go on, or none. The connections stay open:
`peers` notices by them that a process has ended. (JAX's own start ends the
program with a stack trace instead of raising when somebody is missing.)
"""

import socket
import time

_HELLO = 'nmlib-1'
_LOOPBACK = ('localhost', '127.0.0.1', '::1', '[::1]')
_LINE_LIMIT = 4096  # bytes


class Lines:
  """A socket that carries short lines of text."""

  def __init__(self, connection: socket.socket):
    self.socket = connection
    self._buffer = b''

  def fileno(self) -> int:
    return self.socket.fileno()

  def send(self, line: str) -> None:
    """Sends one line; nothing happens if the other side has gone."""
    try:
      self.socket.sendall(line.encode() + b'\n')
    except OSError:
      pass

  def receive(self) -> str | None:
    """Returns the next line, or None if the other side has gone.

    Raises:
      TimeoutError: if the socket has a timeout and nothing comes.
    """
    while b'\n' not in self._buffer:
      try:
        data = self.socket.recv(_LINE_LIMIT)
      except TimeoutError:
        raise
      except OSError:
        return None
      if not data or len(self._buffer) > _LINE_LIMIT:
        return None
      self._buffer += data
    line, self._buffer = self._buffer.split(b'\n', 1)
    return line.decode(errors='replace')

  def close(self) -> None:
    self.socket.close()


def parse(coordinator: str) -> tuple[str, int]:
  """Splits `host:port`.

  Raises:
    ValueError: if it is something else.
  """
  host, _, port = coordinator.rpartition(':')
  if not host or not port.isdigit() or not 0 < int(port) < 65536:
    raise ValueError(
        f'--coordinator={coordinator} must be host:port of process 0, such as'
        ' 10.0.0.1:8476, or auto.'
    )
  return host, int(port)


def is_loopback(host: str) -> bool:
  return host in _LOOPBACK


def meet(
    coordinator: str, num_processes: int, process_id: int, timeout: float
) -> dict[int, Lines]:
  """Waits until all processes are there and agree on their number.

  Args:
    coordinator: `host:port` of process 0.
    num_processes: how many there are, at least 2.
    process_id: which one this is.
    timeout: seconds until those who came give up.

  Returns:
    The open connections by process: process 0 has one to each of the others,
    which have one to process 0.

  Raises:
    ValueError: if a process does not come in time, or they do not agree.
  """
  host, port = parse(coordinator)
  deadline = time.monotonic() + timeout
  if process_id == 0:
    return _gather(host, port, num_processes, deadline, timeout)
  return {0: _join(host, port, num_processes, process_id, deadline, timeout)}


def _gather(host, port, num_processes, deadline, timeout) -> dict[int, Lines]:
  joined: dict[int, Lines] = {}
  with _listen(host, port) as server:
    while len(joined) < num_processes - 1:
      server.settimeout(max(0.01, deadline - time.monotonic()))
      try:
        connection, _ = server.accept()
        connection.settimeout(5.0)
        lines = Lines(connection)
        hello = (lines.receive() or '').split()
      except TimeoutError:
        if time.monotonic() >= deadline:
          _refuse(joined, _missing(joined, num_processes, timeout))
        continue
      if len(hello) != 3 or hello[0] != _HELLO:
        lines.close()  # not one of us
        continue
      count, index = int(hello[1]), int(hello[2])
      problem = ''
      if count != num_processes:
        problem = (
            f'process 0 was started with --num_processes={num_processes} and'
            f' process {index} with --num_processes={count}; start all with'
            ' the same number.'
        )
      elif index in joined:
        problem = f'two processes were started with --process_id={index}.'
      if problem:
        _refuse([*joined.values(), lines], problem)
      joined[index] = lines
  for lines in joined.values():
    lines.send('go')
    _keep_alive(lines.socket)
  return joined


def _listen(host: str, port: int) -> socket.socket:
  try:
    if is_loopback(host) or not socket.has_dualstack_ipv6():
      address = '127.0.0.1' if is_loopback(host) else ''
      return socket.create_server((address, port), backlog=1024)
    return socket.create_server(
        ('', port),
        family=socket.AF_INET6,
        dualstack_ipv6=True,
        backlog=1024,
    )
  except OSError as e:
    raise ValueError(
        f'process 0 cannot listen on port {port} of --coordinator={host}:{port}'
        f' ({e.strerror}); choose another port.'
    ) from e


def _missing(joined, num_processes: int, timeout: float) -> str:
  absent = [i for i in range(1, num_processes) if i not in joined]
  shown = ', '.join(map(str, absent[:8])) + (', ...' if absent[8:] else '')
  return (
      f'only {len(joined) + 1} of --num_processes={num_processes} processes'
      f' came within {timeout:g} s (missing: --process_id {shown}); start them'
      ' too, or raise --join_timeout.'
  )


def _refuse(joined, problem: str) -> None:
  """Tells everybody who came, and raises."""
  for lines in joined.values() if isinstance(joined, dict) else joined:
    lines.send(f'no {problem}')
    lines.close()
  raise ValueError(problem)


def _join(host, port, num_processes, process_id, deadline, timeout) -> Lines:
  lines = Lines(_connect(host, port, deadline, timeout))
  lines.send(f'{_HELLO} {num_processes} {process_id}')
  # Process 0 gives up first, and says who is missing.
  lines.socket.settimeout(max(0.01, deadline - time.monotonic()) + 5.0)
  try:
    answer = lines.receive()
  except TimeoutError:
    answer = None
  if answer == 'go':
    lines.socket.settimeout(None)
    _keep_alive(lines.socket)
    return lines
  lines.close()
  if answer is not None and answer.startswith('no '):
    raise ValueError(answer.removeprefix('no '))
  raise ValueError(
      f'--coordinator={host}:{port} answers, but process 0 of this run did not'
      f' let process {process_id} in; it ended, or another program has this'
      ' port.'
  )


def _connect(host, port, deadline, timeout) -> socket.socket:
  problem = 'no answer'
  while (left := deadline - time.monotonic()) > 0:
    try:
      return socket.create_connection((host.strip('[]'), port), min(left, 10.0))
    except OSError as e:
      problem = e.strerror or str(e) or problem
      time.sleep(min(0.1, max(0.0, left)))
  raise ValueError(
      f'cannot reach process 0 at --coordinator={host}:{port} within'
      f' {timeout:g} s ({problem}); check that it runs there and that the port'
      ' is open, or raise --join_timeout.'
  )


def _keep_alive(connection: socket.socket) -> None:
  """Lets the kernel notice within half a minute that a host has gone."""
  connection.settimeout(None)
  connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
  for name, value in (
      ('TCP_KEEPIDLE', 10),  # seconds
      ('TCP_KEEPINTVL', 5),  # seconds
      ('TCP_KEEPCNT', 3),
      ('TCP_USER_TIMEOUT', 25_000),  # milliseconds
  ):
    if hasattr(socket, name):  # Linux has all of them
      connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
