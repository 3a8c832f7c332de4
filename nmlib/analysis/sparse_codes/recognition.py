"""What segments and neurons recognise: rates, thresholds, bounds, sequences."""

from fractions import Fraction
import math

from nmlib.analysis.sparse_codes import domain as sparse_domain
from nmlib.analysis.sparse_codes.segments import false_negative
from nmlib.analysis.sparse_codes.segments import false_positive
from nmlib.analysis.sparse_codes.segments import log_false_positive


def neuron_false_positive_independent_segments(
    n: int, a: int, s: int, theta: int, segments: int
) -> float:
  """Chance that any of a neuron's segments fires: 1 - (1 - P)^segments.

  Args:
    n: cells.
    a: active cells of a pattern.
    s: synapses of each segment.
    theta: active synapses that make one fire.
    segments: how many, sampled independently.

  Returns:
    A probability; at most segments * false_positive.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  single = false_positive(n, a, s, theta)
  return sparse_domain.any_of(single, sparse_domain.whole('segments', segments))


def log_neuron_false_positive_independent_segments(
    n: int, a: int, s: int, theta: int, segments: int
) -> float:
  """The natural logarithm of `neuron_false_positive_independent_segments`.

  Arguments and errors as there; -inf where the probability is zero.
  """
  count = sparse_domain.whole('segments', segments)
  single = log_false_positive(n, a, s, theta)
  if count == 0 or single == -math.inf:
    return -math.inf
  if single > -36:  # else 1 - (1 - P)^K is K P to the last digit
    return math.log(sparse_domain.any_of(math.exp(single), count))
  return single + math.log(count)


def classification_false_positive_bound(
    n: int, a: int, s: int, theta: int, patterns: int
) -> float:
  """Union bound on matching any of several stored patterns, at most 1.

  Arguments as `false_positive`, with the number of stored patterns.
  """
  single = false_positive(n, a, s, theta)
  return min(1.0, sparse_domain.whole('patterns', patterns) * single)


def optimal_threshold(n: int, a: int, s: int, v: int, weight: float = 1) -> int:
  """The theta in 1 .. s that minimises weight * P_fp + P_fn.

  Args:
    n: cells.
    a: active cells of a pattern.
    s: synapses, at most a.
    v: cells of the stored pattern that noise removes.
    weight: non-matching inputs met for each matching one, times segments. The
      thresholds measured in cortex (about 8 to 20) are optimal for weights of
      ten thousand and more.

  Returns:
    theta, the lowest of equals.

  Raises:
    ValueError: an argument is out of the domain.
  """
  if not (weight > 0 and math.isfinite(weight)):
    raise ValueError(f'weight must be positive and finite, got {weight}.')
  if sparse_domain.whole('s', s) < 1:
    raise ValueError(f's must be at least 1 to have a threshold, got {s}.')
  exact_weight = Fraction(weight)

  def cost(theta):
    return exact_weight * false_positive(
        n, a, s, theta, exact=True
    ) + false_negative(a, s, v, theta, exact=True)

  return min(range(1, s + 1), key=cost)


def chernoff_bound(n: int, a: int, s: int, theta: int) -> float:
  """exp(-s KL(theta / s, a / n)), above `false_positive` if theta/s >= a/n.

  Arguments and errors as `false_positive`.
  """
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  theta = sparse_domain.whole('theta', theta)
  if not 0 < theta <= s or theta * n < a * s:
    raise ValueError(
        'the bound holds for theta in 1 .. s with theta / s >= a / n, got'
        f' theta={theta}, s={s}, a={a}, n={n}.'
    )
  if a == 0:
    return 0.0
  p, q = a / n, theta / s
  divergence = q * math.log(q / p)
  if q < 1:
    divergence += (1 - q) * math.log((1 - q) / (1 - p))
  return math.exp(-s * divergence)


def segments_per_cell(
    n: int, a: int, sequences: int = 1000, length: int = 20
) -> float:
  """Segments that each cell holds in a first-order sequence memory.

  Every transition of every sequence puts one segment on each of a cells:
  sequences (length - 1) a / n of them a cell, in the mean.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, a = sparse_domain.population(n=n, a=a)
  steps = sparse_domain.whole('length', length) - 1
  return sparse_domain.whole('sequences', sequences) * max(0, steps) * a / n


def sequence_prediction_similarity(
    n: int, a: int, s: int, theta: int, segments: float
) -> float:
  """Jaccard similarity of predicted and true cells of a sequence memory.

  First order: the a right cells are predicted, and each of the n - a others
  by chance, as often as one of its segments fires.

  Args:
    n: cells.
    a: active cells of a pattern, at least 1.
    s: synapses of each segment.
    theta: active synapses that make one fire.
    segments: of each cell, as `segments_per_cell` gives them: a mean, which
      need not be whole.

  Returns:
    a / (a + q (n - a)), q = 1 - (1 - false_positive)^segments.

  Raises:
    ValueError: an argument is outside the domain.
  """
  single = false_positive(n, a, s, theta)
  if a == 0:
    raise ValueError('a must be at least 1 to predict a pattern, got 0.')
  if not 0 <= segments < math.inf:
    raise ValueError(f'segments must be 0 or more, and finite, got {segments}.')
  return a / (a + sparse_domain.any_of(single, segments) * (n - a))
