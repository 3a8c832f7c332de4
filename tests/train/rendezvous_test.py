"""Processes that do not come, or do not agree: one sentence, in time."""

import socket
import threading
import time

from absl.testing import absltest
from absl.testing import parameterized

from launch import local
from nmlib.train import distributed
from nmlib.train import rendezvous


def _meet(places, timeout=10.0):
  """Runs `rendezvous.meet` for (count, id) pairs; returns their outcomes."""
  address = f'127.0.0.1:{local.free_port()}'
  outcomes: list = [None] * len(places)

  def one(i, count, index):
    try:
      outcomes[i] = rendezvous.meet(address, count, index, timeout)
    except ValueError as e:
      outcomes[i] = str(e)

  threads = [
      threading.Thread(target=one, args=(i, *place))
      for i, place in enumerate(places)
  ]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join(timeout + 20)
  for outcome in outcomes:
    if isinstance(outcome, dict):
      for lines in outcome.values():
        lines.close()
  return outcomes


class MeetTest(parameterized.TestCase):

  def test_all_come(self):
    first, *others = _meet([(3, 0), (3, 1), (3, 2)])
    self.assertCountEqual(first, [1, 2])
    for other in others:
      self.assertCountEqual(other, [0])

  def test_counts_that_differ_are_told_to_all(self):
    for outcome in _meet([(2, 0), (3, 1)]):
      self.assertIn('--num_processes=2 and process 1 with', outcome)

  def test_a_place_taken_twice(self):
    outcomes = _meet([(3, 0), (3, 1), (3, 1)])
    for outcome in outcomes:
      self.assertIn('two processes were started with --process_id=1', outcome)

  def test_somebody_missing_is_named_to_those_who_came(self):
    begin = time.monotonic()
    for outcome in _meet([(3, 0), (3, 2)], timeout=1.0):
      self.assertIn('only 2 of --num_processes=3', outcome)
      self.assertIn('(missing: --process_id 1)', outcome)
    self.assertLess(time.monotonic() - begin, 10)

  def test_an_unreachable_coordinator_is_given_up(self):
    begin = time.monotonic()
    with self.assertRaisesRegex(ValueError, 'cannot reach process 0 at'):
      rendezvous.meet(f'127.0.0.1:{local.free_port()}', 2, 1, 0.5)
    self.assertLess(time.monotonic() - begin, 10)

  def test_a_port_in_use(self):
    with socket.create_server(('127.0.0.1', 0)) as server:
      port = server.getsockname()[1]
      with self.assertRaisesRegex(ValueError, f'cannot listen on port {port}'):
        rendezvous.meet(f'127.0.0.1:{port}', 2, 0, 1.0)

  def test_strangers_are_ignored(self):
    address = f'127.0.0.1:{local.free_port()}'
    found = {}
    thread = threading.Thread(
        target=lambda: found.update(rendezvous.meet(address, 2, 0, 20.0))
    )
    thread.start()
    host, port = rendezvous.parse(address)
    for _ in range(100):
      try:
        with socket.create_connection((host, port)) as stranger:
          stranger.sendall(b'GET / HTTP/1.1\n')
        break
      except OSError:
        time.sleep(0.05)
    other = rendezvous.meet(address, 2, 1, 20.0)
    thread.join(20)
    self.assertCountEqual(found, [1])
    for lines in [*found.values(), *other.values()]:
      lines.close()


class LocateTest(parameterized.TestCase):

  def test_alone(self):
    self.assertIsNone(distributed.locate(None, None, None))
    self.assertIsNone(distributed.locate('host:1', 1, 0))

  @parameterized.parameters(
      ((None, 2, None), 'need --coordinator'),
      (('host', 2, 0), 'must be host:port'),
      (('host:99999', 2, 0), 'must be host:port'),
      (('host:80', None, 0), 'needs --num_processes'),
      (('host:80', 2, 2), 'between 0 and 1'),
      (('auto', None, None), 'found no SLURM'),
  )
  def test_refuses(self, flags, message):
    with self.assertRaisesRegex(ValueError, message):
      distributed.locate(*flags, timeout=5)


if __name__ == '__main__':
  absltest.main()
