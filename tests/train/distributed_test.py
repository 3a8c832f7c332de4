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
import subprocess
import tempfile
import time

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
import pytest

from nmlib.train import metrics
from tests.train import process

# Steps after the 20th take seconds: whatever the machine's load, a run is still
# going when a test stops it. Some tests want moments among all steps.
_CRAWL = process.slow(1.0, first_step=20)
_SLOW = process.slow(0.06)
_METRICS = 'metrics/train.csv'


def _final(workdir):
  with np.load(workdir / 'final.npz') as stored:
    return stored['kernel']


def _history(workdir):
  table = metrics.Table(workdir / 'metrics', 'train', (0, 1), 10**9)
  history = table.history()
  table.close()
  return history


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
      code, out, err = process.run(
          '-m',
          'launch.local',
          f'--num_processes={count}',
          '--',
          process.TOY,
          f'--workdir={workdir}',
      )
      self.assertEqual(code, 0, err)
      self.assertIn('[0] [holds] loss falls below half its start', out)
      self.assertNotRegex(out, r'(?m)^\[[1-9]\] (?!\[Gloo\])')
      self.whole[count] = workdir
    return self.whole[count]

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

  def _start(self, count, workdir, environment=_CRAWL):
    """Starts processes and waits until they have taken some steps."""
    hosts = process.Hosts(
        count,
        process.TOY,
        f'--workdir={workdir}',
        environment=environment,
    )
    process.wait_for(workdir / 'checkpoints/train/10/files.json', hosts)
    return hosts

  def _resume(self, count, workdir):
    args = (process.TOY, f'--workdir={workdir}')
    codes, _, err = process.Hosts(count, *args).finish()
    self.assertEqual(codes, [0] * count, err)

  @parameterized.parameters(2, 4)
  def test_losses_equal_one_process_and_only_process_0_writes(self, count):
    workdir = self._whole(count)
    events = [p.parent.name for p in workdir.glob('metrics/train/*/events*')]
    self.assertCountEqual(events, ['seed-0', 'seed-1'])
    self._assert_close_to_one_process(workdir)  # opens another

  def test_sigterm_on_one_of_4_stops_all_and_other_counts_resume(self):
    workdir = self.root / 'four'
    hosts = self._start(4, workdir)
    hosts.processes[2].send_signal(signal.SIGTERM)
    codes, _, err = hosts.finish()
    self.assertEqual(codes, [75] * 4, err)
    self.assertRegex(err, r'stopped and saved at step \d+ of 60')
    for count in (1, 2):  # elastic
      copy = self.root / f'four-{count}'
      shutil.copytree(workdir, copy)
      self._resume(count, copy)
      self._assert_close_to_one_process(copy)
    self._resume(4, workdir)
    self._assert_same_bits(workdir, self._whole(4))

  @parameterized.parameters(0, 1)
  def test_sigkill_on_one_ends_the_other_and_resumes_same_bits(self, victim):
    workdir = self.root / f'killed-{victim}'
    self._kill_and_resume(2, victim, workdir)

  @parameterized.product(victim=(0, 3), seed=(0, 1, 2))
  @pytest.mark.slow
  def test_sigkill_at_random_moments(self, victim, seed):
    workdir = self.root / f'random-{victim}-{seed}'
    wait = random.Random(seed).uniform(0, 1)  # training takes 1.5 s longer
    self._kill_and_resume(4, victim, workdir, _SLOW, wait)

  def _kill_and_resume(
      self, count, victim, workdir, environment=_CRAWL, wait=0.0
  ):
    hosts = self._start(count, workdir, environment)
    time.sleep(wait)
    hosts.processes[victim].kill()
    killed = time.monotonic()
    codes, _, err = hosts.finish()
    self.assertLess(time.monotonic() - killed, 15)
    expected = [69] * count
    expected[victim] = -signal.SIGKILL
    self.assertEqual(codes, expected, err)
    self.assertEqual(
        err.count(f'error: process {victim} ended unexpectedly (killed'),
        count - 1,
    )
    self._resume(count, workdir)
    self._assert_same_bits(workdir, self._whole(count))

  def test_one_command_survives_a_kill(self):
    workdir = self.root / 'restarted'
    command = (
        '-m',
        'launch.local',
        '--num_processes=2',
        '--restarts=1',
        '--',
        process.TOY,
        f'--workdir={workdir}',
    )
    running = process.start(*command, environment=_SLOW)
    process.wait_for(workdir / 'checkpoints/train/10/files.json', running)
    found = subprocess.run(
        ['ps', '-o', 'pid=', '--ppid', str(running.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(found.stdout.split()[-1]), signal.SIGKILL)
    code, _, err = process.finish(running)
    self.assertEqual(code, 0, err)
    self.assertIn('starting all processes again (0 more', err)
    self._assert_same_bits(workdir, self._whole(2))

  def test_an_error_is_said_once_and_ends_all(self):
    workdir = self.root / 'infinite'
    args = (f'--workdir={workdir}', '--config.explode_at=37')
    codes, _, err = process.Hosts(2, process.TOY, *args).finish()
    self.assertEqual(codes, [1, 1], err)
    self.assertRegex(err, r'\[0\] error: .* of seed 0 is inf at step 37')
    self.assertIn('[1] error: process 0 ended with an error (exit code 1', err)

  def test_a_workdir_in_use_is_refused_on_all(self):
    workdir = self.root / 'used'
    first = self._start(2, workdir)
    args = (process.TOY, f'--workdir={workdir}')
    codes, _, err = process.Hosts(2, *args).finish()
    self.assertEqual(codes, [2, 2], err)
    self.assertIn(' is in use by process', err)
    first.processes[1].kill()
    first.finish()


if __name__ == '__main__':
  absltest.main()
