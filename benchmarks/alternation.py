"""Times contenders in turns, each in a process of its own, on the same cores.

A library's threads that still wait for work would slow another library down
within one process; and ratios taken within a turn hold when the machine's
speed drifts.
"""

import multiprocessing
import statistics
import subprocess
import time
from typing import Any


def alternate(contenders, rounds: int) -> dict[str, list[float]]:
  """Times every contender once a round, each in a process of its own.

  Args:
    contenders: name to (function, arguments); the function returns the one
      that is timed, whose first call is not.
    rounds: how often.

  Returns:
    Seconds of every round.
  """
  return alternate_with_results(contenders, rounds)[0]


def alternate_with_results(
    contenders, rounds: int, clock: str = 'perf_counter'
) -> tuple[dict[str, list[float]], dict[str, Any]]:
  """As `alternate`; also returns the floats that first calls returned.

  Args:
    contenders: as in `alternate`.
    rounds: how often.
    clock: a function of `time`; 'process_time' counts the processor time of
      all threads, which other programs on the machine hardly change.
  """
  context = multiprocessing.get_context('spawn')
  pipes, results = {}, {}
  for name, call in contenders.items():
    pipes[name], theirs = context.Pipe()
    context.Process(
        target=_serve, args=(theirs, clock, *call), daemon=True
    ).start()
    theirs.close()
    results[name] = pipes[name].recv()
  seconds: dict[str, list[float]] = {name: [] for name in contenders}
  for _ in range(rounds):
    for name, pipe in pipes.items():
      time.sleep(0.3)  # threads that spin for work go to sleep
      pipe.send(None)
      seconds[name].append(pipe.recv())
  for pipe in pipes.values():
    pipe.close()
  return seconds, results


def _serve(pipe, clock, make, *arguments) -> None:
  now = getattr(time, clock)
  run = make(*arguments)
  result = run()
  pipe.send(result if isinstance(result, float) else None)
  while True:
    try:
      pipe.recv()
    except EOFError:
      return
    start = now()
    run()
    pipe.send(now() - start)


class Peer:
  """A program that works once for each line it reads, and answers with one."""

  def __init__(self, *command):
    """Starts it, by an interpreter of its own environment."""
    self._name = ' '.join(map(str, command))
    self._process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

  def ask(self, line: str = '') -> str:
    """Returns its answer to a line.

    Raises:
      RuntimeError: if it ended.
    """
    assert self._process.stdin and self._process.stdout
    self._process.stdin.write(f'{line}\n')
    self._process.stdin.flush()
    answer = self._process.stdout.readline()
    if not answer:
      raise RuntimeError(f'{self._name} ended; see its message above.')
    return answer.strip()


def turns(contenders, rounds: int) -> dict[str, list[float]]:
  """Times functions of this process once a round, each after a call of its own.

  For contenders that wait for a `Peer`: they do not share its threads.

  Args:
    contenders: name to function.
    rounds: how often.

  Returns:
    Seconds of every round.
  """
  seconds: dict[str, list[float]] = {name: [] for name in contenders}
  for _ in range(rounds):
    for name, run in contenders.items():
      time.sleep(0.3)  # threads that spin for work go to sleep
      run()  # caches and threads are those of the contender again
      start = time.perf_counter()
      run()
      seconds[name].append(time.perf_counter() - start)
  return seconds


def spread(values) -> str:
  """Shows the median (minimum to maximum)."""
  low, high = min(values), max(values)
  return f'{statistics.median(values):.3g} ({low:.3g} to {high:.3g})'
