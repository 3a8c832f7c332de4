"""How well spikes and soma voltage are predicted, as NeuronIO's authors count.

Metrics of Beniaguev, Segev, London (Neuron 2021) in the form of the ELM paper
(arXiv 2306.16922): NumPy arrays [simulation, time] in, floats out.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def roc_curve(
    truth: np.ndarray, score: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Returns false and true positive rates, a point a distinct threshold.

  Points inside a straight stretch are left out, as in scikit-learn, for the
  metrics at a false positive rate take the nearest point.

  Args:
    truth: 0 or 1, any shape.
    score: of the same shape; higher means a spike is likelier.

  Raises:
    ValueError: truth does not hold both 0 and 1, or something else too, or
      the scores are of another number or not all numbers.
  """
  truth, score = np.ravel(truth), np.ravel(score)
  if not np.array_equal(np.unique(truth), [0, 1]):
    raise ValueError(
        'truth must hold both 0 and 1 for a ROC curve, and nothing else, got'
        f' {np.unique(truth)[:5].tolist()}.'
    )
  if truth.size != score.size or np.isnan(score).any():
    raise ValueError(
        f'score must be a number for each of {truth.size} places, got'
        f' {score.size}, {np.isnan(score).sum()} of them NaN.'
    )
  truth = truth.astype(np.int64)
  order = np.argsort(-score, kind='stable')
  truth, score = truth[order], score[order]
  ends = np.append(np.flatnonzero(np.diff(score)), truth.size - 1)
  hits = np.cumsum(truth)[ends]
  misses = 1 + ends - hits
  if hits.size > 2:
    bend = np.diff(misses, 2).astype(bool) | np.diff(hits, 2).astype(bool)
    keep = np.concatenate([[True], bend, [True]])
    hits, misses = hits[keep], misses[keep]
  rate = lambda count: np.append(0, count) / count[-1]
  return rate(misses), rate(hits)


def area(truth: np.ndarray, score: np.ndarray) -> float:
  """Returns the area under the ROC curve; ties count half."""
  return float(np.trapezoid(*roc_curve(truth, score)[::-1]))


def hits_at(truth: np.ndarray, score: np.ndarray, false_rate: float) -> float:
  """Returns the true positive rate at the point nearest to `false_rate`."""
  false, true = roc_curve(truth, score)
  return float(true[max(1, np.argmin(np.abs(false - false_rate)))])


def mean_hits_below(
    truth: np.ndarray, score: np.ndarray, false_rate: float
) -> float:
  """Returns the mean true positive rate below `false_rate`."""
  grid = np.linspace(0, 1, 20000)
  true = np.interp(grid, *roc_curve(truth, score))
  return float(true[: max(1, np.argmin(np.abs(grid - false_rate)))].mean())


def r_precision(truth: np.ndarray, score: np.ndarray) -> float:
  """Returns the share of events among the highest scores, as many as events.

  Args:
    truth: 0 or 1, [T], with at least one 1.
    score: [T].
  """
  truth = np.asarray(truth, bool)
  return float(truth[np.argsort(-score)[: truth.sum()]].mean())


def mean_r_precision(truth: npt.ArrayLike, scores: npt.ArrayLike) -> np.ndarray:
  """Returns the mean over M kinds of events of `r_precision`, [S].

  Args:
    truth: 0 or 1, [T, M], with at least one 1 a kind.
    scores: [S, T, M].
  """
  truth, scores = np.asarray(truth), np.asarray(scores)
  rows = [list(map(r_precision, truth.T, score.T)) for score in scores]
  return np.mean(rows, 1)


def explained_variance(truth: np.ndarray, predicted: np.ndarray) -> float:
  """Returns 1 - var(error) / var(truth).

  Raises:
    ValueError: if the truth does not vary, so that nothing can be explained.
  """
  if not np.ptp(truth) > 0:
    raise ValueError(
        'explained_variance needs a truth that varies, got'
        f' {np.size(truth)} times {np.ravel(truth)[:1].tolist()}.'
    )
  return float(1 - np.var(truth - predicted) / np.var(truth))


def align(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
  """Gives the prediction the mean and the standard deviation of the truth.

  The authors do so before they measure, which hides errors of offset and
  scale: report unaligned errors too.

  Raises:
    ValueError: if the prediction does not vary, so that nothing can be scaled.
  """
  if not np.ptp(predicted) > 0:
    raise ValueError(
        'align needs a prediction that varies, got'
        f' {np.size(predicted)} times {np.ravel(predicted)[:1].tolist()}.'
    )
  score = (predicted - predicted.mean()) / predicted.std()
  return truth.std() * score + truth.mean()


def metrics(
    spikes: np.ndarray,
    spike_scores: np.ndarray,
    voltage: np.ndarray,
    predicted_voltage: np.ndarray,
    *,
    false_rates: tuple[float, ...] = (0.0025, 0.01),
    ignore: int = 500,
    max_spikes: int | None = 24,
) -> dict[str, float]:
  """Measures a prediction under the names that the authors use.

  Args:
    spikes: 0 or 1, [N, T].
    spike_scores: [N, T].
    voltage: mV, [N, T].
    predicted_voltage: mV, [N, T].
    false_rates: where the hits are counted.
    ignore: time steps at the start that do not count.
    max_spikes: simulations with more are left out; None: keep all.

  Raises:
    ValueError: no simulation is left, or none of them has a spike, or the
      voltage does not vary.
  """
  count = spikes.sum(axis=1)
  kept = count <= (np.inf if max_spikes is None else max_spikes)
  if not kept.any():
    raise ValueError(f'every simulation has more than {max_spikes} spikes.')
  y, score, v, v_hat = (
      np.asarray(a)[kept, ignore:]
      for a in (spikes, spike_scores, voltage, predicted_voltage)
  )
  found = {}
  for rate in false_rates:
    found[f'TP @ {rate:.4f} FP'] = hits_at(y, score, rate)
    found[f'AUC @ {rate:.4f} FP'] = mean_hits_below(y, score, rate)
  error = v.astype(np.float64) - v_hat
  return {
      **found,
      'AUC': area(y, score),
      'soma_explained_variance_percent': 100 * explained_variance(v, v_hat),
      'soma_RMSE': float(np.sqrt(np.mean(error**2))),
      'soma_MAE': float(np.mean(np.abs(error))),
  }


def metrics_of_seeds(
    spikes: np.ndarray,
    spike_scores: np.ndarray,
    voltage: np.ndarray,
    predicted_voltage: np.ndarray,
    **options: Any,
) -> dict[str, np.ndarray]:
  """Measures S predictions of the same simulations, [S] each.

  Args:
    spikes: 0 or 1, [N, T].
    spike_scores: [S, N, T].
    voltage: mV, [N, T].
    predicted_voltage: mV, [S, N, T].
    **options: of `metrics`.
  """
  return stacked(
      [
          metrics(spikes, score, voltage, predicted, **options)
          for score, predicted in zip(
              spike_scores, predicted_voltage, strict=True
          )
      ]
  )


def stacked(rows: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
  """Returns what was measured of S seeds, a mapping each, as [S] by name."""
  return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def metrics_of_files(
    files: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
    **options: Any,
) -> dict[str, float]:
  """Measures predictions of several files, each aligned on its own, as theirs.

  Args:
    files: spikes, scores, voltage and predicted voltage [N, T] of each.
    **options: of `metrics`.

  Returns:
    What `metrics` finds, and the `soma_RMSE, not aligned`.
  """
  aligned = np.concatenate([align(file[2], file[3]) for file in files])
  spikes, scores, voltage, raw = (
      np.concatenate(part) for part in zip(*files, strict=True)
  )
  plain = metrics(spikes, scores, voltage, raw, **options)['soma_RMSE']
  return metrics(spikes, scores, voltage, aligned, **options) | {
      'soma_RMSE, not aligned': plain
  }
