"""False positives of a segment that stores several patterns, exactly.

Ahmad and Hawkins (arXiv 1601.00720, 2016), union property. See
`nmlib.analysis.sparse_codes`.
"""

from fractions import Fraction
import math

import numpy as np

from nmlib.analysis.sparse_codes import domain as sparse_domain
from nmlib.analysis.sparse_codes import hypergeometric
from nmlib.analysis.sparse_codes import segments as sparse_segments

Probability = sparse_domain.Probability


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
  n, a = sparse_domain.population(n=n, a=a)
  m = sparse_domain.whole('m', m)
  if exact:
    return 1 - (1 - Fraction(a, n)) ** m
  return sparse_domain.any_of(a / n, m)


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
  n, s = sparse_domain.population(n=n, s=s)
  m = _stored(m)
  if exact:
    return _exact_sizes(n, s, m)
  sizes = _sizes(
      n, s, m, hypergeometric.probabilities, 0.0, np.add, np.multiply
  )
  return {u: float(sizes[u]) for u in range(s, len(sizes))}


def _stored(m: int) -> int:
  if sparse_domain.whole('m', m) < 1:
    raise ValueError(f'm must be at least 1, got {m}.')
  return sparse_domain.whole('m', m)


def _sizes(n, s, m, chances, nothing, add, multiply) -> np.ndarray:
  """Distribution of the union's size, [min(n, m s) + 1], plain or in logs."""
  sizes = np.full(min(n, m * s) + 1, nothing)
  sizes[s] = multiply.identity
  for _ in range(m - 1):
    larger = np.full_like(sizes, nothing)
    for u in np.flatnonzero(sizes != nothing):
      # What overlaps the union adds nothing, so the largest size is first.
      lowest, chance = chances(n, int(u), s)
      last = u + s - lowest
      part = slice(last + 1 - len(chance), last + 1)
      larger[part] = add(larger[part], multiply(sizes[u], chance[::-1]))
    sizes = larger
  return sizes


def _exact_sizes(n: int, s: int, m: int) -> dict[int, Fraction]:
  total = math.comb(n, s)
  sizes = {s: Fraction(1)}
  for _ in range(m - 1):
    larger: dict[int, Fraction] = {}
    for u, probability in sizes.items():
      for added in range(max(0, s - u), min(s, n - u) + 1):
        ways = math.comb(n - u, added) * math.comb(u, s - added)
        larger[u + added] = larger.get(
            u + added, Fraction(0)
        ) + probability * Fraction(ways, total)
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
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  theta = sparse_domain.whole('theta', theta)
  sizes = union_size_distribution(n, s, m, exact=exact)
  if exact:
    return sum(
        p * Fraction(*hypergeometric.upper_tail(n, a, u, theta))
        for u, p in sizes.items()
    )

  def tail(u):
    lowest, chances = hypergeometric.probabilities(n, a, u)
    return float(np.sum(chances[max(0, theta - lowest) :]))

  # Sums of rounded terms: a certainty could come out above one.
  return min(1.0, math.fsum(p * tail(u) for u, p in sizes.items() if p))


def log_union_false_positive_exact_mixture(
    n: int, a: int, s: int, m: int, theta: int
) -> float:
  """The natural logarithm of `union_false_positive_exact_mixture`.

  Finite where floats underflow; -inf where the probability is zero. Arguments
  and errors as there.
  """
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  theta, m = sparse_domain.whole('theta', theta), _stored(m)
  sizes = _sizes(
      n, s, m, hypergeometric.log_probabilities, -np.inf, np.logaddexp, np.add
  )
  total = -np.inf
  for u in range(s, len(sizes)):
    lowest, chances = hypergeometric.log_probabilities(n, a, u)
    tail = chances[max(0, theta - lowest) :]
    total = np.logaddexp.reduce(np.append(sizes[u] + tail, total))
  return min(0.0, float(total))


def union_false_positive_mean_size(
    n: int, a: int, s: int, m: int, theta: int
) -> float:
  """The usual approximation: a segment of the rounded mean union size.

  It is 4 % off in small populations, either way; no bound. Arguments and
  errors as `union_false_positive_exact_mixture`.
  """
  size = round(n * union_density(n, s, m, exact=True))
  return sparse_segments.false_positive(n, a, size, theta)


def union_false_positive_disjoint(
    n: int, a: int, s: int, m: int, theta: int
) -> float:
  """The simplest approximation: m s synapses, as if no samples overlapped.

  More synapses fire more easily, so this is an upper bound. Arguments and
  errors as `union_false_positive_exact_mixture`; m s beyond n counts as n.
  """
  n, a, s = sparse_domain.population(n=n, a=a, s=s)
  size = min(n, sparse_domain.whole('m', m) * s)
  return sparse_segments.false_positive(n, a, size, theta)
