"""Kill it at any moment: the resumed run equals the uninterrupted one."""

import random
import resource
import shutil
import signal
import time

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
import pytest

from nmlib.train import workdir as workdir_lib
from tests.train import process

_SLOW = process.slow(0.005)  # about a second of training, to be killed in
_CRAWL = process.slow(0.1, first_step=20)  # still going, whatever the load
_METRICS = 'metrics/train.csv'


def _final(workdir):
  with np.load(workdir / 'final.npz') as stored:
    return stored['kernel']


class FaultTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.reference = process.pathlib.Path(cls.create_tempdir_for_class())
    code, _, err = process.run(process.TOY, f'--workdir={cls.reference}')
    assert code == 0, err

  @classmethod
  def create_tempdir_for_class(cls):
    import tempfile

    path = tempfile.mkdtemp()
    cls.addClassCleanup(shutil.rmtree, path)
    return path

  def _workdir(self):
    return process.pathlib.Path(self.create_tempdir().full_path)

  def _assert_equals_uninterrupted(self, workdir):
    np.testing.assert_array_equal(_final(workdir), _final(self.reference))
    self.assertEqual(
        (workdir / _METRICS).read_text(),
        (self.reference / _METRICS).read_text(),
    )

  def test_sigkill_then_resume_is_bit_identical(self):
    self._kill_and_resume(0)

  @parameterized.parameters(range(1, 10))
  @pytest.mark.slow
  def test_more_sigkills_then_resume_are_bit_identical(self, seed):
    self._kill_and_resume(seed)

  def _kill_and_resume(self, seed):
    workdir = self._workdir()
    args = (process.TOY, f'--workdir={workdir}')
    first = process.start(*args, environment=_SLOW)
    process.wait_for(workdir / _METRICS, first)
    time.sleep(random.Random(seed).uniform(0, 1.5))
    first.send_signal(signal.SIGKILL)
    process.finish(first)
    code, _, err = process.run(*args)
    self.assertEqual(code, 0, err)
    self._assert_equals_uninterrupted(workdir)

  def test_sigterm_saves_exits_75_and_resumes_bit_identical(self):
    self._signal_and_resume(signal.SIGTERM)

  @pytest.mark.slow
  def test_ctrl_c_saves_exits_75_and_resumes_bit_identical(self):
    self._signal_and_resume(signal.SIGINT)

  def _signal_and_resume(self, number):
    workdir = self._workdir()
    args = (process.TOY, f'--workdir={workdir}')
    first = process.start(*args, environment=_CRAWL)
    process.wait_for(workdir / _METRICS, first)
    first.send_signal(number)
    code, _, err = process.finish(first)
    self.assertEqual(code, 75, err)
    self.assertRegex(err, r'stopped and saved at step \d+ of 60')
    code, _, err = process.run(*args)
    self.assertEqual(code, 0, err)
    self._assert_equals_uninterrupted(workdir)

  def test_a_workdir_in_use_is_refused_and_left_as_it_is(self):
    workdir = self._workdir()
    args = (process.TOY, f'--workdir={workdir}', '--overwrite')
    (workdir / 'report.json').write_text('mine')
    with workdir_lib.lock(workdir):
      code, _, err = process.run(*args)
    self.assertEqual(code, 2)
    self.assertRegex(err, r'is in use by process \d+ on .*another --workdir')
    self.assertEqual((workdir / 'report.json').read_text(), 'mine')

  def test_unwritable_checkpoint_is_named_and_earlier_checkpoints_are_intact(
      self,
  ):
    workdir = self._workdir()
    big = '--config.width=20000'  # about 0.5 MB a checkpoint
    args = (process.TOY, f'--workdir={workdir}', big)

    def limit_files():  # as a quota would
      resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
      signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    stopped = process.start(*args, environment=_CRAWL)
    process.wait_for(workdir / _METRICS, stopped)
    stopped.send_signal(signal.SIGTERM)
    self.assertEqual(process.finish(stopped)[0], 75)
    saved = list((workdir / 'checkpoints/train').iterdir())
    code, _, err = process.finish(process.start(*args, preexec_fn=limit_files))
    self.assertNotEqual(code, 0)
    self.assertRegex(
        err,
        r'^error: the checkpoint of step \d+ cannot be written .*File too large'
        r'.*kept \(steps: \d+\); .* go on from step \d+\.\nTraceback: \S+\n$',
    )
    self.assertContainsSubset(
        saved, list((workdir / 'checkpoints/train').iterdir())
    )
    code, _, err = process.run(*args)  # room again
    self.assertEqual(code, 0, err)

  def test_non_finite_loss_stops_with_the_last_good_checkpoint(self):
    workdir = self._workdir()
    code, _, err = process.run(
        process.TOY, f'--workdir={workdir}', '--config.explode_at=37'
    )
    self.assertEqual(code, 1)
    self.assertRegex(err, 'loss of seed 0 is inf at step 37; the last good')
    self.assertRegex(err, 'checkpoint is of step 30')
    names = {p.name for p in (workdir / 'checkpoints/train').iterdir()}
    self.assertEqual(names, {'20', '30'})

  def test_finished_run_prints_its_report_at_once(self):
    code, out, _ = process.run(process.TOY, f'--workdir={self.reference}')
    self.assertEqual(code, 0)
    self.assertIn('[holds] loss falls below half its start', out)

  def test_another_config_is_refused_naming_the_field(self):
    code, _, err = process.run(
        process.TOY, f'--workdir={self.reference}', '--config.width=5'
    )
    self.assertEqual(code, 2)
    self.assertRegex(err, 'config.width is 4 there and 5 here')

  def test_a_refused_start_leaves_its_workdir_free(self):
    workdir = self._workdir()
    args = (process.TOY, f'--workdir={workdir}', '--preset=smoke')
    code, _, err = process.run(*args, '--config.num_steps=19')
    self.assertEqual(code, 2)
    self.assertRegex(err, 'num_steps=19 is not a multiple of steps_per_call=2')
    self.assertEqual([p.name for p in workdir.iterdir()], ['.lock'])
    code, _, err = process.run(*args)
    self.assertEqual(code, 0, err)

  def test_overwrite_deletes_the_run_and_nothing_else(self):
    workdir = self._workdir()
    (workdir / 'mine.txt').write_text('keep')
    args = (process.TOY, f'--workdir={workdir}', '--preset=smoke')
    self.assertEqual(process.run(*args)[0], 0)
    code, _, err = process.run(*args, '--config.width=5', '--overwrite')
    self.assertEqual(code, 0, err)
    self.assertEqual(_final(workdir).shape, (2, 5))
    self.assertEqual((workdir / 'mine.txt').read_text(), 'keep')

  @parameterized.parameters(
      (
          '--config.widht=5',
          '^error: the config has no field \'widht\'. Did you mean "width"'
          r' instead of "widht"\? See --help\.\n$',
      ),
      ('--config.width=0', 'toy width must be at least 1, got 0'),
      ('--config.width=abc', "invalid literal for int.*'abc'"),
      ('--preset=huge', 'huge.*small, smoke|small.*smoke'),
      ('--mesh=data:3', 'needs 3 devices, but 1 are present'),
      ('--mesh=rows:1', "unknown axis 'rows'"),
      ('--nonsense=1', "Unknown command line flag 'nonsense'"),
  )
  def test_bad_flag_is_one_sentence(self, flag, message):
    workdir = self._workdir()
    code, out, err = process.run(process.TOY, f'--workdir={workdir}', flag)
    self.assertEqual(code, 2, err)
    self.assertRegex(err, message)
    self.assertNotIn('Traceback (most', err)
    self.assertLessEqual(len(err.strip().splitlines()), 2, err)


if __name__ == '__main__':
  absltest.main()
