"""The decision tasks: their defining statistics, and NeuroGym's trials."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np
from scipy import stats

from nmlib.data.tasks import decision_tasks

_COUNT = 20_000


def _draw(task):
  keys = jax.random.split(jax.random.key(0), _COUNT)
  trials = jax.vmap(decision_tasks.TASKS[task])(keys)
  return np.asarray(trials.inputs), np.asarray(trials.labels)


class DecisionTasksTest(parameterized.TestCase):

  @parameterized.parameters('2AF', 'DMS', 'CXT')
  def test_shapes_fixation_and_labels(self, task):
    inputs, labels = _draw(task)
    channels = decision_tasks.NUM_INPUTS[task]
    self.assertEqual(inputs.shape, (_COUNT, 8, channels))
    self.assertTrue((labels[:, :-1] == 0).all())
    # Two choices, each as likely: 5 standard errors of a fair coin.
    share = (labels[:, -1] == 1).mean()
    self.assertAlmostEqual(share, 0.5, delta=5 * 0.5 / _COUNT**0.5)
    self.assertEqual(set(labels[:, -1]), {1, 2})
    noise = 0.1 if task == 'CXT' else 0.0  # on all 7 channels, 2 steps
    self.assertAlmostEqual(
        inputs[:, 0, 0].std(), noise, delta=5 * 0.1 / (2 * _COUNT) ** 0.5
    )
    self.assertTrue((inputs[:, 2:7, 0] == 1).all())
    self.assertTrue((inputs[:, 7, 0] == 0).all())

  @parameterized.parameters('2AF', 'DMS', 'CXT')
  def test_equal_in_distribution_to_neurogym(self, task):
    path = (
        pathlib.Path(__file__).parents[2]
        / 'fixtures/neurogym_decision_tasks.npz'
    )
    with np.load(path) as stored:
      theirs, their_labels = stored[f'{task}_inputs'], stored[f'{task}_labels']
    ours, labels = _draw(task)
    compared = 0
    for choice in (1, 2):
      ours_of = ours[labels[:, -1] == choice]
      theirs_of = theirs[their_labels[:, -1] == choice]
      for step, channel in np.ndindex(theirs.shape[1:]):
        a, b = ours_of[:, step, channel], theirs_of[:, step, channel]
        if np.ptp(b) == 0:
          np.testing.assert_array_equal(a, b[0])
          continue
        # About 100 comparisons: 1e-4 each keeps false alarms below 1 %.
        self.assertGreater(stats.ks_2samp(a, b).pvalue, 1e-4, (step, channel))
        compared += 1
      # Pairs of entries: what belongs together must go together.
      pick = lambda x: x.reshape(len(x), -1)[:, theirs.std(0).ravel() > 0]
      covariance = np.cov(pick(ours_of).T)
      gap = np.abs(covariance - np.cov(pick(theirs_of).T)).max()
      # Standard error of a covariance of about 500 draws of variance <= 0.26.
      self.assertLess(gap, 5 * 0.26 / 500**0.5)
    self.assertGreaterEqual(compared, 8)

  def test_coherence_of_2af(self):
    inputs, labels = _draw('2AF')
    rows = np.arange(_COUNT)
    choice = labels[:, -1] - 1
    lean = inputs[rows, :7, 1 + choice] - inputs[rows, :7, 2 - choice]
    mean = lean.mean(1)  # coherence / 100 + noise of 0.1 sqrt(2 / 7)
    self.assertAlmostEqual(mean.mean(), 0.192, delta=0.006)
    # Var = var(coherence) / 100^2 + 0.02 / 7.
    variance = np.var([0, 6.4, 12.8, 25.6, 51.2]) / 1e4 + 0.02 / 7
    self.assertAlmostEqual(mean.var() / variance, 1, delta=0.05)
    self.assertTrue((inputs[:, 7] == 0).all())

  def test_match_of_dms(self):
    inputs, labels = _draw('DMS')
    # Noise of 0.1 against a gap of 1: 7 standard deviations.
    same = inputs[:, 0, 1:].argmax(1) == inputs[:, 6, 1:].argmax(1)
    np.testing.assert_array_equal(same, labels[:, -1] == 1)
    self.assertTrue((inputs[:, 1:6, 1:] == 0).all())
    self.assertTrue((inputs[:, 7] == 0).all())

  def test_context_of_cxt(self):
    inputs, labels = _draw('CXT')
    context = inputs[:, 7, 5:].argmax(1)
    np.testing.assert_array_equal(inputs[:, 7, 5:].sum(1), 1)
    rows = np.arange(_COUNT)
    leans = inputs[:, :2, [1, 3]] - inputs[:, :2, [2, 4]]
    leans = leans.mean(1)  # [B, modality]: +- coherence / 100
    cued, other = leans[rows, context], leans[rows, 1 - context]
    towards = 3 - 2 * labels[:, -1]
    self.assertAlmostEqual((cued * towards).mean(), 0.7 / 3, delta=0.01)
    # The other modality says nothing.
    self.assertAlmostEqual((other * towards).mean(), 0, delta=0.01)
    self.assertTrue((inputs[:, 2:7, 1:5] == 0).all())

  def test_noise_of_stimuli(self):
    inputs, _ = _draw('DMS')
    off = inputs[:, 0, 1:].min(1)  # 0 + noise
    self.assertAlmostEqual(off.std(), 0.1, delta=0.003)


if __name__ == '__main__':
  absltest.main()
