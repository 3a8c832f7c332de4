r"""How reliably one dendritic segment recognises a sparse pattern, exactly.

Ahmad and Hawkins (arXiv 1601.00720, 2016). See `nmlib.analysis.sparse_codes`.
"""

from fractions import Fraction
import math

from nmlib.analysis.sparse_codes import domain as sparse_domain
from nmlib.analysis.sparse_codes import hypergeometric

Probability = sparse_domain.Probability


def pattern_count(n: int, a: int) -> int:
  """Patterns of a active among n cells: C(n, a).

  Raises:
    ValueError: an argument is not a whole number of the domain.
  """
  return math.comb(*sparse_domain.population(n=n, a=a))


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
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  b = sparse_domain.whole('b', b)
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
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  tail, total = hypergeometric.upper_tail(
      n, a, s, sparse_domain.whole('theta', theta)
  )
  return sparse_domain.ratio(tail, total, exact)


def false_positive_leading_term(
    n: int, a: int, s: int, theta: int, *, exact: bool = False
) -> Probability:
  """The term b = theta of `false_positive`: the paper's approximation.

  Good to a few per cent for a / n below 2 % and theta of s / 2 or more, and of
  no use for dense patterns. Arguments, result and errors as `false_positive`.
  """
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  count = overlap_count(n, a, s, theta)
  return sparse_domain.ratio(count, math.comb(n, a), exact)


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
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  theta = sparse_domain.whole('theta', theta)
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
  a, s, v = sparse_domain.population('a', a=a, s=s, v=v)
  theta = sparse_domain.whole('theta', theta)
  tail, total = hypergeometric.upper_tail(a, v, s, max(0, s - theta + 1))
  return sparse_domain.ratio(tail, total, exact)


def log_false_negative(a: int, s: int, v: int, theta: int) -> float:
  """The natural logarithm of `false_negative`, -inf where it is zero.

  As `log_false_positive`; arguments and errors as `false_negative`.
  """
  a, s, v = sparse_domain.population('a', a=a, s=s, v=v)
  theta = sparse_domain.whole('theta', theta)
  return hypergeometric.log_upper_tail(a, v, s, max(0, s - theta + 1))


def false_negative_with_replacement(
    n: int, a: int, s: int, v: int, theta: int, *, exact: bool = False
) -> Probability:
  """`false_negative` if the v lost cells are replaced by v others.

  Those are drawn from the n - a + v cells that are then inactive, so they may
  hit synapses of the segment again: it misses no more often than without.

  Arguments, result and errors as `false_negative`, with n cells.
  """
  n, a = sparse_domain.population(n=n, a=a)
  a, s, v = sparse_domain.population('a', a=a, s=s, v=v)
  theta = sparse_domain.whole('theta', theta)
  missed = Fraction(0)
  for lost in range(min(s, v) + 1):
    found, ways = hypergeometric.upper_tail(
        n - a + v, lost, v, max(0, theta - (s - lost))
    )
    missed += overlap_count(a, v, s, lost) * Fraction(ways - found, ways)
  missed /= math.comb(a, v)
  return sparse_domain.ratio(missed.numerator, missed.denominator, exact)
