"""Linear probes, what they would find by chance, and tests of many units."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Probe(NamedTuple):
  """How well a linear read-out tells classes on held-out states."""

  accuracy: float
  control: np.ndarray  # [R], of probes of shuffled labels
  selectivity: float  # accuracy less the mean of the control


def linear_probe(
    states: npt.ArrayLike,
    labels: npt.ArrayLike,
    held_out_states: npt.ArrayLike,
    held_out_labels: npt.ArrayLike,
    *,
    penalty: float = 1.0,
    shuffles: int = 20,
    seed: int = 0,
) -> Probe:
  """Fits logistic regression (scikit-learn), with a shuffled-label control.

  Hewitt & Liang 2019 (arXiv 1909.03368): a probe says something of the states
  only by how much better it is than one of labels that they cannot know.

  Args:
    states: [n, d].
    labels: int [n].
    held_out_states: [m, d].
    held_out_labels: int [m].
    penalty: strength of the L2 penalty.
    shuffles: R, at least 1.
    seed: of the shuffles.

  Raises:
    ValueError: if there are not two classes, or no shuffle.
    ImportError: scikit-learn is not installed.
  """
  from sklearn import linear_model  # loads SciPy: where it is used
  from sklearn import preprocessing

  states, held_out = np.asarray(states), np.asarray(held_out_states)
  labels, wanted = np.asarray(labels), np.asarray(held_out_labels)
  if len(np.unique(labels)) < 2:
    raise ValueError(f'labels must hold two classes, got {np.unique(labels)}.')
  if shuffles < 1:
    raise ValueError(f'shuffles must be at least 1, got {shuffles}.')
  scaler = preprocessing.StandardScaler().fit(states)
  states, held_out = scaler.transform(states), scaler.transform(held_out)

  def score(labels, wanted):
    model = linear_model.LogisticRegression(C=1 / penalty, max_iter=1000)
    return float(model.fit(states, labels).score(held_out, wanted))

  rng = np.random.default_rng(seed)
  accuracy = score(labels, wanted)
  control = np.array(
      [
          score(rng.permutation(labels), rng.permutation(wanted))
          for _ in range(shuffles)
      ]
  )
  return Probe(accuracy, control, accuracy - float(control.mean()))


def sensitivity(positive: npt.ArrayLike, negative: npt.ArrayLike) -> np.ndarray:
  """Returns d' [...]: difference of means over the mean standard deviation.

  Args:
    positive: [n, ...].
    negative: [m, ...].

  Returns:
    (mean+ - mean-) / sqrt((var+ + var-) / 2); 0 where nothing varies and the
    means are equal, infinite where they are not.
  """
  positive, negative = np.asarray(positive), np.asarray(negative)
  apart = positive.mean(0) - negative.mean(0)
  spread = np.sqrt((positive.var(0) + negative.var(0)) / 2)
  with np.errstate(divide='ignore', invalid='ignore'):
    return np.where(apart == 0, 0.0, apart / spread)


def false_discoveries(
    p_values: npt.ArrayLike, rate: float = 0.05
) -> np.ndarray:
  """Returns which hypotheses [...] are rejected at a false discovery rate.

  Benjamini & Hochberg (1995), through SciPy.

  Raises:
    ValueError: if the rate is not in (0, 1), or a p-value not in [0, 1].
  """
  from scipy import stats  # slow to load: where it is used

  if not 0 < rate < 1:
    raise ValueError(f'rate must be in (0, 1), got {rate}.')
  p_values = np.asarray(p_values, float)
  adjusted = stats.false_discovery_control(p_values.ravel())
  return (adjusted <= rate).reshape(p_values.shape)
