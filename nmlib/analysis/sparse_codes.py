r"""How reliably a dendritic segment recognises a sparse pattern, exactly.

Ahmad and Hawkins (arXiv 1601.00720, 2016). A population of n cells shows
patterns of a active cells. A segment samples s cells and detects a pattern if
at least theta of its synapses are active. All functions take Python integers
(NumPy's are accepted), calculate with whole numbers, and round once at the
end: floats are right to the last digits, however small. With `exact=True`
they return the fraction itself. `log_false_positive` needs no large integers
and stays finite where a float underflows.
"""

from fractions import Fraction
import math
import operator
from typing import Any

from nmlib.analysis import hypergeometric

Probability = Any  # float; Fraction if `exact`


def overlap_count(n: int, a: int, s: int, b: int) -> int:
  r"""Patterns that share exactly b cells with the segment: |Omega(n, a, s, b)|.

  Args:
    n: cells.
    a: active cells of a pattern.
    s: synapses of the segment, each on another cell.
    b: overlap.

  Returns:
    C(s, b) C(n - s, a - b), zero where no such pattern exists.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, a, s = _population(n=n, a=a, s=s)
  b = _whole('b', b)
  if b > a:
    return 0
  return math.comb(s, b) * math.comb(n - s, a - b)


def false_positive(
    n: int, a: int, s: int, theta: int, *, exact: bool = False
) -> Probability:
  r"""Chance that a random pattern makes a segment fire.

  .. math:: \sum_{b=\theta}^{\min(s,a)} \binom{s}{b}\binom{n-s}{a-b}
    \Big/ \binom{n}{a}

  The whole pattern is stored if s = a. theta = 0 gives 1, an unreachable
  theta 0.

  Args:
    n: cells.
    a: active cells of a pattern, all such patterns equally likely.
    s: synapses of the segment.
    theta: active synapses that make it fire.
    exact: return a Fraction.

  Returns:
    A probability.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, a, s = _population(n=n, a=a, s=s)
  tail, total = hypergeometric.upper_tail(n, a, s, _whole('theta', theta))
  return _rounded(Fraction(tail, total), exact)


def false_positive_leading_term(
    n: int, a: int, s: int, theta: int, *, exact: bool = False
) -> Probability:
  """The term b = theta of `false_positive`: the paper's approximation.

  Good to a few per cent for a / n below 2 % and theta of s / 2 or more, and of
  no use for dense patterns. Arguments, result and errors as `false_positive`.
  """
  n, a, s = _population(n=n, a=a, s=s)
  count = overlap_count(n, a, s, theta)
  return _rounded(Fraction(count, math.comb(n, a)), exact)


def log_false_positive(n: int, a: int, s: int, theta: int) -> float:
  """The natural logarithm of `false_positive`, without large integers.

  Terms are built from ratios of small factors, because log-gamma loses ten of
  sixteen digits at n = 100,000. Where the tail is almost certain its
  complement is summed instead.

  Args:
    n: cells.
    a: active cells of a pattern.
    s: synapses of the segment.
    theta: active synapses that make it fire.

  Returns:
    log P, -inf where P is zero.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, a, s = _population(n=n, a=a, s=s)
  theta = _whole('theta', theta)
  return hypergeometric.log_upper_tail(n, a, s, theta)


def false_negative(
    a: int, s: int, v: int, theta: int, *, exact: bool = False
) -> Probability:
  r"""Chance that a segment misses its own pattern, v cells of which are lost.

  .. math:: \sum_{b=s-\theta+1}^{\min(s,v)} \binom{s}{b}\binom{a-s}{v-b}
    \Big/ \binom{a}{v}

  More than s - theta lost synapses break the match. Cells that replace the
  lost ones are taken not to reach the segment, which cannot lower the result.

  Args:
    a: active cells of the stored pattern.
    s: synapses of the segment, all on cells of the pattern.
    v: cells lost, every choice equally likely.
    theta: active synapses that make it fire.
    exact: return a Fraction.

  Returns:
    A probability.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  a, s, v = _population(population='a', a=a, s=s, v=v)
  theta = _whole('theta', theta)
  tail, total = hypergeometric.upper_tail(a, v, s, max(0, s - theta + 1))
  return _rounded(Fraction(tail, total), exact)


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
  return _any_of(single, _whole('segments', segments))


def classification_false_positive_bound(
    n: int, a: int, s: int, theta: int, patterns: int
) -> float:
  """Union bound on matching any of several stored patterns, at most 1.

  Arguments as `false_positive`, with the number of stored patterns.
  """
  single = false_positive(n, a, s, theta)
  return min(1.0, _whole('patterns', patterns) * single)


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
  if _whole('s', s) < 1:
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
  n, a, s = _population(n=n, a=a, s=s)
  theta = _whole('theta', theta)
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


def sequence_prediction_similarity(
    n: int, a: int, s: int, theta: int, segments: int
) -> float:
  """Jaccard similarity of predicted and true cells of a sequence memory.

  First order: the a right cells are predicted, and each of the n - a others
  by chance. In the paper's example of 1000 sequences of 20 steps a cell holds
  19000 a / n segments.

  Arguments and errors as `neuron_false_positive_independent_segments`.
  """
  wrong = neuron_false_positive_independent_segments(n, a, s, theta, segments)
  if a == 0:
    raise ValueError('a must be at least 1 to predict a pattern, got 0.')
  return a / (a + wrong * (n - a))


def _any_of(single: float, count: int) -> float:
  if count == 0:
    return 0.0
  return 1.0 if single == 1 else -math.expm1(count * math.log1p(-single))


def _rounded(value: Fraction, exact: bool) -> Probability:
  return value if exact else value.numerator / value.denominator


def _whole(name: str, value: int) -> int:
  try:
    whole = operator.index(value)
  except TypeError:
    raise ValueError(f'{name} must be a whole number, got {value!r}.') from None
  if whole < 0:
    raise ValueError(f'{name} must be 0 or more, got {whole}.')
  return whole


def _population(population: str = 'n', **values: int) -> tuple[int, ...]:
  """Checks that counts are at most the size of the population."""
  checked = {name: _whole(name, value) for name, value in values.items()}
  size = checked[population]
  if size < 1:
    raise ValueError(f'{population} must be at least 1, got {size}.')
  for name, value in checked.items():
    if value > size:
      raise ValueError(
          f'{name} must be at most {population}={size}, got {value}.'
      )
  return tuple(checked.values())


def union_density(
    n: int, a: int, m: int, *, exact: bool = False
) -> Probability:
  """Expected share of cells in the union of m patterns: 1 - (1 - a/n)^m.

  Args:
    n: cells.
    a: active cells of each pattern.
    m: patterns, independent.
    exact: return a Fraction.

  Returns:
    A share in [0, 1]; times n, the expected number of cells.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, a = _population(n=n, a=a)
  m = _whole('m', m)
  if exact:
    return 1 - (1 - Fraction(a, n)) ** m
  return _any_of(a / n, m)


def union_size_distribution(
    n: int, s: int, m: int, *, exact: bool = False
) -> dict[int, Probability]:
  """Distribution of the number of different cells in m samples of s.

  At size u a sample adds j cells with probability
  C(n - u, j) C(u, s - j) / C(n, s).

  Args:
    n: cells.
    s: cells of each sample.
    m: independent samples, at least 1.
    exact: return Fractions.

  Returns:
    {size: probability}, sizes increasing.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, s = _population(n=n, s=s)
  if _whole('m', m) < 1:
    raise ValueError(f'm must be at least 1, got {m}.')
  total = math.comb(n, s)
  sizes: dict[int, Probability] = {s: _rounded(Fraction(1), exact)}
  for _ in range(m - 1):
    larger: dict[int, Probability] = {}
    for u, probability in sizes.items():
      for added in range(max(0, s - u), min(s, n - u) + 1):
        ways = math.comb(n - u, added) * math.comb(u, s - added)
        chance = _rounded(Fraction(ways, total), exact)
        larger[u + added] = larger.get(u + added, 0) + probability * chance
    sizes = dict(sorted(larger.items()))
  return sizes


def union_false_positive_exact_mixture(
    n: int, a: int, s: int, m: int, theta: int, *, exact: bool = False
) -> Probability:
  """False positive of one segment that stores samples of m patterns.

  The samples of s cells may overlap, so the number of synapses u is random:
  sum over u of P(u) false_positive(n, a, u, theta).

  Args:
    n: cells.
    a: active cells of a pattern.
    s: cells sampled from each stored pattern.
    m: stored patterns, at least 1.
    theta: active synapses that make the segment fire.
    exact: return a Fraction.

  Returns:
    A probability.

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  n, a, s = _population(n=n, a=a, s=s)
  terms = [
      probability * false_positive(n, a, size, theta, exact=exact)
      for size, probability in union_size_distribution(
          n, s, m, exact=exact
      ).items()
  ]
  return sum(terms, Fraction(0)) if exact else math.fsum(terms)


def union_false_positive_mean_size(
    n: int, a: int, s: int, m: int, theta: int
) -> float:
  """The usual approximation: a segment of the rounded mean union size.

  It is 4 % off in small populations, either way; no bound. Arguments and
  errors as `union_false_positive_exact_mixture`.
  """
  size = round(n * union_density(n, s, m, exact=True))
  return float(false_positive(n, a, size, theta))


def union_false_positive_disjoint(
    n: int, a: int, s: int, m: int, theta: int
) -> float:
  """The simplest approximation: m s synapses, as if no samples overlapped.

  More synapses fire more easily, so this is an upper bound. Arguments and
  errors as `union_false_positive_exact_mixture`; m s beyond n counts as n.
  """
  n, a, s = _population(n=n, a=a, s=s)
  return float(false_positive(n, a, min(n, _whole('m', m) * s), theta))
