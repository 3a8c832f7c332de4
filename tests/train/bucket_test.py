"""A workdir in a bucket: everything a run leaves lies there, and it resumes."""

import io

from absl.testing import absltest
from etils import epath
import numpy as np
from tensorboard.backend.event_processing import event_accumulator

from nmlib import train
from nmlib.train import app
from nmlib.train import workdir
from nmlib.train.hosts import interrupt
from nmlib.train.hosts import mesh as mesh_lib
from tests.train import bucket
from tests.train import toy


class _StopAt(interrupt.Watch):

  def __init__(self, calls):
    super().__init__()
    self._left = calls

  def __call__(self):
    self._left -= 1
    return self._left == 0


class BucketTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(bucket.serve())
    self.workdir = workdir.parse('gs://bucket/runs/x')

  def _run(self, config, folder=None, stop=-1):
    run = train.Run(
        folder or self.workdir, mesh_lib.parse('data:1'), _StopAt(stop)
    )
    return app.run_experiment(
        toy.experiment, config, name='toy', preset='small', run=run
    )

  def _kernel(self, folder):
    stored = io.BytesIO((folder / 'final.npz').read_bytes())
    with np.load(stored, allow_pickle=False) as contents:
      return contents['kernel']

  def test_stopped_and_resumed_run_equals_a_local_one(self):
    config = toy.Config()
    local = epath.Path(self.create_tempdir().full_path)
    expected = self._run(config, local)
    with self.assertRaises(interrupt.Interrupted):
      self._run(config, stop=13)  # after 26 steps
    self.assertEqual(self._run(config), expected)
    np.testing.assert_array_equal(
        self._kernel(self.workdir), self._kernel(local)
    )
    for name in ('config.json', 'metrics/train.csv', 'report.md'):
      self.assertEqual(
          (self.workdir / name).read_text(), (local / name).read_text()
      )
    image = (self.workdir / 'figures/loss.png').read_bytes()
    self.assertTrue(image.startswith(b'\x89PNG'))
    steps = {p.name for p in (self.workdir / 'checkpoints/train').iterdir()}
    self.assertEqual(steps, {'50', '60'})
    self._check_events(local)
    self.assertEqual(self._run(config), expected)  # at once
    with self.assertRaisesRegex(ValueError, 'config.width is 4 there'):
      self._run(toy.Config(width=5))
    self.assertFalse(epath.Path('gs:').exists())

  def _check_events(self, local):
    """Both starts' events together are those of the local run."""
    folder = self.create_tempdir()
    for path in (self.workdir / 'metrics/train/seed-1').iterdir():
      folder.create_file(path.name, content=path.read_bytes(), mode='wb')
    found, wanted = (
        event_accumulator.EventAccumulator(str(place)).Reload().Scalars('loss')
        for place in (folder.full_path, local / 'metrics/train/seed-1')
    )
    self.assertEqual(
        [(e.step, e.value) for e in found], [(e.step, e.value) for e in wanted]
    )

  def test_damaged_checkpoint_is_moved_and_the_one_before_used(self):
    config = toy.Config(num_steps=20)
    self._run(config)
    expected = self._kernel(self.workdir)
    folder = self.workdir / 'checkpoints'
    data = next((folder / 'train/20/state/d').iterdir())
    data.write_bytes(data.read_bytes()[:-1])
    (self.workdir / 'report.json').unlink()
    with self.assertLogs(level='WARNING') as logs:
      self._run(config)
    self.assertRegex(
        '\n'.join(logs.output), 'gs://bucket/.*train/20 is damaged .*its file'
    )
    np.testing.assert_array_equal(self._kernel(self.workdir), expected)
    moved = {p.name for p in (folder / 'damaged').iterdir()}
    self.assertEqual(moved, {'train-20-0', 'train-20-0.txt'})

  def test_results_are_read_back_and_overwrite_deletes_the_run_only(self):
    run = train.Run(self.workdir)
    run.result('r', lambda: {'x': np.arange(3)})
    again = run.result('r', lambda: self.fail('computed twice'))
    np.testing.assert_array_equal(again['x'], np.arange(3))
    (self.workdir / 'mine.txt').write_text('keep')
    with workdir.lock(self.workdir), workdir.lock(self.workdir):
      workdir.clear(self.workdir)  # nothing locks a bucket
    self.assertEqual([p.name for p in self.workdir.iterdir()], ['mine.txt'])


if __name__ == '__main__':
  absltest.main()
