"""Times contenders in turns, each in a process of its own, on the same cores.

A library's threads that still wait for work would slow another library down
within one process; and ratios taken within a turn hold when the machine's
speed drifts.
"""

import multiprocessing
import statistics
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


def spread(values) -> str:
  """Shows the median (minimum to maximum)."""
  low, high = min(values), max(values)
  return f'{statistics.median(values):.3g} ({low:.3g} to {high:.3g})'
