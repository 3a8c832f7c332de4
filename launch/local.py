"""Starts a launcher as several processes on this machine.

  python -m launch.local --num_processes=2 -- -m launch.bdh --preset=smoke

What follows `--` is given to Python in every process, with --coordinator,
--num_processes and --process_id added. Lines are prefixed with the process
they come from. Ctrl-C or SIGTERM stops the run at a checkpoint (exit code 75);
a second Ctrl-C ends it at once. If a process dies, the others end too (code 69
or, where JAX aborts them, 134), and the same command goes on from the newest
complete checkpoint; with --restarts=N it does so by itself, up to N times.

It is for trying a many-hosts run on one machine; one process uses several
devices by itself. The processes use the CPU unless --platform says otherwise.
"""

from collections.abc import Sequence
import signal
import sys

from absl import app
from absl import flags

from nmlib.train.hosts import cluster
from nmlib.train.hosts import local

_NUM_PROCESSES = flags.DEFINE_integer(
    'num_processes', 2, 'How many processes to start.', lower_bound=1
)
_GRACE = flags.DEFINE_float(
    'grace', 60.0, 'Seconds the others have to end once one has failed.'
)
_RESTARTS = flags.DEFINE_integer(
    'restarts', 0, 'How often to start again if a process dies.', lower_bound=0
)
_PLATFORM = flags.DEFINE_string(
    'platform', 'cpu', 'Value of JAX_PLATFORMS in every process; "" keeps it.'
)


def main(argv: Sequence[str]) -> None:
  if len(argv) < 2:
    raise app.UsageError(
        'say what to start, as in: python -m launch.local --num_processes=2 --'
        ' -m launch.bdh --preset=smoke'
    )
  platform = _PLATFORM.value
  environment = {'JAX_PLATFORMS': platform} if platform else {}
  start = lambda: local.Group(argv[1:], _NUM_PROCESSES.value, environment)
  group = start()
  asked = []

  def forward(number, frame):
    del frame
    again = number == signal.SIGINT and signal.SIGINT in asked
    asked.append(number)
    group.send(signal.SIGKILL if again else signal.SIGTERM)

  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, forward)
  code = group.wait(_GRACE.value)
  for left in reversed(range(_RESTARTS.value)):
    if asked or code != cluster.LOST and code <= 128:
      break
    local.say(f'starting all processes again ({left} more restarts left).')
    group = start()
    code = group.wait(_GRACE.value)
  sys.exit(code)


if __name__ == '__main__':
  app.run(main)
