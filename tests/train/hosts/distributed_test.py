"""Several processes on the loopback device: one run, one checkpoint, one end.

Losses of different numbers of processes agree to rtol 1e-4: float32 sums in
another order differ by some 1e-7 a step, over 60 steps of Adam. The same
number of processes gives the same bits.
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
import pytest

from nmlib.train import metrics
from nmlib.train import workdir as workdir_lib
from nmlib.train.hosts import cluster
from nmlib.train.hosts import local
from tests.train import process

# Steps after the 20th take a while: whatever the machine's load, a run is still
# going when a test stops it. Some tests want moments among all steps.
_CRAWL = process.slow(0.5, first_step=20)
_SLOW = process.slow(0.06)
_METRICS = 'metrics/train.csv'
# JAX aborts a process that waits in a collective, or whose service has gone.
_LOST = (cluster.LOST, -signal.SIGABRT)


def _final(workdir):
  with np.load(workdir / 'final.npz') as stored:
    return stored['kernel']


def _history(workdir):
  return metrics.Table(workdir / 'metrics', 'train', (0, 1), 10**9).history()


class ProcessesTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.root = pathlib.Path(tempfile.mkdtemp())
    cls.addClassCleanup(shutil.rmtree, cls.root)
    cls.one = cls.root / 'one'
    code, _, err = process.run(process.TOY, f'--workdir={cls.one}')
    assert code == 0, err
    cls.whole = {}

  def _whole(self, count):
    """Returns the workdir of an uninterrupted run of `count` processes."""
    if count not in self.whole:
      workdir = self.root / f'whole-{count}'
      code, out, err = self._launch(count, workdir)
      self.assertEqual(code, 0, err)
      self.assertIn('[0] [holds] loss falls below half its start', out)
      self.assertNotRegex(out, r'(?m)^\[[1-9]\] (?!\[Gloo\])')
      self.whole[count] = workdir
    return self.whole[count]

  def _launch(self, count, workdir, *flags):
    return process.run(
        *('-m', 'launch.local', f'--num_processes={count}', *flags, '--'),
        *(process.TOY, f'--workdir={workdir}'),
    )

  def _assert_close_to_one_process(self, workdir):
    expected, found = _history(self.one), _history(workdir)
    self.assertEqual(expected.keys(), found.keys())
    for name, (steps, values) in expected.items():
      np.testing.assert_array_equal(found[name][0], steps)
      np.testing.assert_allclose(found[name][1], values, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(_final(workdir), _final(self.one), rtol=1e-4)

  def _assert_same_bits(self, workdir, reference):
    np.testing.assert_array_equal(_final(workdir), _final(reference))
    self.assertEqual(
        (workdir / _METRICS).read_text(), (reference / _METRICS).read_text()
    )

  def _start(self, count, workdir, *flags, environment=_CRAWL):
    """Starts processes and waits until they have taken some steps."""
    hosts = process.Hosts(
        count,
        process.TOY,
        f'--workdir={workdir}',
        *flags,
        environment=environment,
    )
    for index in range(count):
      path = workdir / f'checkpoints/train/10/files-{index}.json'
      process.wait_for(path, hosts)
    return hosts

  def _resume(self, count, workdir):
    args = (process.TOY, f'--workdir={workdir}')
    codes, _, err = process.Hosts(count, *args).finish()
    self.assertEqual(codes, [0] * count, err)

  def test_losses_equal_one_process_and_only_process_0_writes(self):
    workdir = self._whole(2)
    events = [p.parent.name for p in workdir.glob('metrics/train/*/events*')]
    self.assertCountEqual(events, ['seed-0', 'seed-1'])
    self._assert_close_to_one_process(workdir)

  @pytest.mark.slow
  def test_losses_of_4_processes_equal_one(self):
    self._assert_close_to_one_process(self._whole(4))

  def test_sigterm_on_one_stops_all_and_they_resume(self):
    self._stop_and_resume(2, 1)

  @pytest.mark.slow
  def test_sigterm_on_one_of_4_stops_all_and_other_counts_resume(self):
    stopped = self._stop_and_resume(4, 2)
    for count in (1, 2):  # elastic
      copy = self.root / f'four-{count}'
      shutil.copytree(stopped, copy)
      self._resume(count, copy)
      self._assert_close_to_one_process(copy)

  def _stop_and_resume(self, count, victim):
    """Returns a copy of the workdir as it was when all had stopped."""
    workdir = self.root / f'stopped-{count}'
    hosts = self._start(count, workdir, environment=process.slow(0.1, 20))
    hosts.processes[victim].send_signal(signal.SIGTERM)
    codes, _, err = hosts.finish()
    self.assertEqual(codes, [75] * count, err)
    self.assertRegex(err, r'stopped and saved at step \d+ of 60')
    stopped = self.root / f'stopped-copy-{count}'
    shutil.copytree(workdir, stopped)
    self._resume(count, workdir)
    self._assert_same_bits(workdir, self._whole(count))
    return stopped

  def test_sigkill_on_process_0_ends_the_other(self):
    hosts = self._start(2, self.root / 'killed')
    hosts.processes[0].kill()  # and with it the service that all need
    killed = time.monotonic()
    codes, _, err = hosts.finish()
    self.assertLess(time.monotonic() - killed, 30)
    self.assertEqual(codes[0], -signal.SIGKILL)
    self.assertIn(codes[1], _LOST, err)
    self.assertIn('another task died', err)  # in JAX's words
    self.assertIn('process 0 was ended by SIGKILL, and the others', err)

  @pytest.mark.slow
  def test_a_silent_process_ends_the_other_by_its_heartbeats(self):
    hosts = self._start(2, self.root / 'silent', '--heartbeat_timeout=4')
    hosts.processes[1].send_signal(signal.SIGSTOP)  # as if its host were lost
    codes, _, err = hosts.finish(grace=1.0)
    self.assertEqual(codes, [-signal.SIGABRT, -signal.SIGKILL])
    self.assertIn('tasks are unhealthy (stopped sending heartbeats)', err)
    self.assertNotIn('most recent call first', err)  # no stacks of threads

  @parameterized.product(victim=(0, 3), seed=(0, 1, 2))
  @pytest.mark.slow
  def test_sigkill_at_random_moments(self, victim, seed):
    workdir = self.root / f'random-{victim}-{seed}'
    hosts = self._start(4, workdir, environment=_SLOW)
    time.sleep(random.Random(seed).uniform(0, 1))  # of 1.5 s of training
    hosts.processes[victim].kill()
    codes, _, err = hosts.finish()
    self.assertEqual(codes.pop(victim), -signal.SIGKILL)
    self.assertContainsSubset(codes, _LOST, err)
    self._resume(4, workdir)
    self._assert_same_bits(workdir, self._whole(4))

  @pytest.mark.slow  # its parts are tested: a kill ends all, and they resume
  def test_one_command_survives_a_kill(self):
    workdir = self.root / 'restarted'
    command = (
        *('-m', 'launch.local', '--num_processes=2', '--restarts=1', '--'),
        *(process.TOY, f'--workdir={workdir}'),
    )
    running = process.start(*command, environment=_SLOW)
    process.wait_for(workdir / 'checkpoints/train/10/files-0.json', running)
    found = subprocess.run(
        ['ps', '-o', 'pid=', '--ppid', str(running.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(found.stdout.split()[-1]), signal.SIGKILL)  # process 1
    code, _, err = process.finish(running)
    self.assertEqual(code, 0, err)
    self.assertRegex(err, r'\[0\] error: another process of this run has ended')
    self.assertIn('process 1 was ended by SIGKILL, and the others', err)
    self.assertIn('starting all processes again (0 more', err)
    self._assert_same_bits(workdir, self._whole(2))

  def test_an_error_is_said_once_and_ends_all(self):
    workdir = self.root / 'infinite'
    args = (f'--workdir={workdir}', '--config.explode_at=37')
    codes, _, err = process.Hosts(2, process.TOY, *args).finish()
    self.assertEqual(codes, [1, 1], err)
    self.assertRegex(err, r'\[0\] error: .* of seed 0 is inf at step 37')
    self.assertEqual(err.count('error:'), 1, err)

  def test_a_workdir_in_use_is_refused_on_all(self):
    workdir = self.root / 'used'
    args = (process.TOY, f'--workdir={workdir}')
    with workdir_lib.lock(workdir):
      codes, _, err = process.Hosts(2, *args).finish()
    self.assertEqual(codes, [2, 2], err)
    self.assertEqual(err.count(' is in use by process'), 1, err)


class JoiningTest(parameterized.TestCase):

  @parameterized.parameters(
      (0, 'not all of --num_processes=2 processes came within 1 s'),
      (1, 'cannot reach process 0 at --coordinator=.* within 1 s'),
  )
  def test_somebody_missing_is_one_sentence_in_time(self, index, message):
    begin = time.monotonic()
    code, _, err = process.run(
        process.TOY,
        f'--coordinator=127.0.0.1:{local.free_port()}',
        '--num_processes=2',
        f'--process_id={index}',
        '--join_timeout=1',
    )
    self.assertLess(time.monotonic() - begin, 60)
    self.assertEqual(code, 2, err)
    self.assertRegex(err, f'(?m)^error: {message}.*, or raise --join_timeout')

  def test_no_cluster_to_join(self):
    code = "cluster.initialize('auto', join_timeout=5)"
    _, _, said = process.run(
        '-c', f'from nmlib.train.hosts import cluster; {code}'
    )
    self.assertIn('auto found no SLURM', said)

  def test_a_port_in_use(self):
    with socket.create_server(('127.0.0.1', 0)) as server:
      address = f'127.0.0.1:{server.getsockname()[1]}'
      with self.assertRaisesRegex(ValueError, 'cannot listen on port'):
        cluster.initialize(address, 2, 0, join_timeout=1)

  def test_alone(self):
    self.assertIsNone(cluster.locate(None, None, None))
    self.assertIsNone(cluster.locate('host:1', 1, 0))

  @parameterized.parameters(
      ((None, 2, None), 'need --coordinator'),
      (('host', 2, 0), 'must be host:port'),
      (('host:99999', 2, 0), 'must be host:port'),
      (('host:80', None, 0), 'needs --num_processes'),
      (('host:80', 2, 2), 'between 0 and 1'),
  )
  def test_refuses(self, flags, message):
    with self.assertRaisesRegex(ValueError, message):
      cluster.locate(*flags)


if __name__ == '__main__':
  absltest.main()
