"""Tails of the hypergeometric law: overlaps of two random subsets."""

import math

import numpy as np


def upper_tail(n: int, a: int, s: int, theta: int) -> tuple[int, int]:
  """Returns the numerator and denominator of P(overlap >= theta).

  Args:
    n: size of the population, at least 1.
    a: marked members, in 0 .. n.
    s: members drawn without replacement, in 0 .. n.
    theta: 0 or more.
  """
  a, s = max(a, s), min(a, s)  # the law is symmetric; C(n, s) is smaller
  total = math.comb(n, s)
  lowest, highest = max(0, a + s - n), s
  if theta <= lowest:
    return total, total
  if theta > highest:
    return 0, total
  # Whole numbers do not cancel, so the shorter tail may be summed.
  if highest - theta <= theta - 1 - lowest:
    return _sum(n, a, s, theta, highest), total
  return total - _sum(n, a, s, lowest, theta - 1), total


def log_upper_tail(n: int, a: int, s: int, theta: int) -> float:
  """Returns log P(overlap >= theta), from ratios of small factors.

  Arguments as `upper_tail`.
  """
  lowest, highest = max(0, a + s - n), min(a, s)
  if theta <= lowest:
    return 0.0
  if theta > highest:
    return -math.inf
  upper = _log_sum(n, a, s, theta, highest)
  if upper < math.log(0.5):
    return upper
  return math.log1p(-math.exp(_log_sum(n, a, s, lowest, theta - 1)))


def probabilities(n: int, a: int, s: int) -> tuple[int, np.ndarray]:
  """Returns the lowest overlap, and P of it and of all others, float64.

  Built from ratios of neighbours, outwards from the likeliest, and scaled to
  sum to one: right to about fourteen digits wherever floats reach.
  """
  lowest, ratios, mode = _ratios(n, a, s)
  up = np.cumprod(ratios[mode:])
  down = np.cumprod(1 / ratios[:mode][::-1])[::-1]
  weights = np.concatenate([down, [1.0], up])
  return lowest, weights / math.fsum(weights)


def log_probabilities(n: int, a: int, s: int) -> tuple[int, np.ndarray]:
  """Returns the logarithms of `probabilities`, also where those underflow."""
  lowest, ratios, mode = _ratios(n, a, s)
  logs = np.log(ratios)
  up = np.cumsum(logs[mode:])
  down = -np.cumsum(logs[:mode][::-1])[::-1]
  weights = np.concatenate([down, [0.0], up])
  return lowest, weights - math.log(math.fsum(np.exp(weights)))


def _ratios(n: int, a: int, s: int) -> tuple[int, np.ndarray, int]:
  """Returns the lowest overlap b, P(b + 1) / P(b), and where P is largest."""
  lowest, highest = max(0, a + s - n), min(a, s)
  b = np.arange(lowest, highest, dtype=float)
  ratios = (a - b) * (s - b) / ((b + 1) * (n - a - s + b + 1))
  return lowest, ratios, int(np.sum(ratios > 1))  # they fall with b


def _sum(n: int, a: int, s: int, first: int, last: int) -> int:
  """Sums C(a, b) C(n - a, s - b) over b = first .. last."""
  term = math.comb(a, first) * math.comb(n - a, s - first)
  total = term
  for b in range(first, last):
    term = term * (a - b) * (s - b) // ((b + 1) * (n - a - s + b + 1))
    total += term
  return total


def _log_sum(n: int, a: int, s: int, first: int, last: int) -> float:
  """log of the sum over b = first .. last of the overlap's probabilities."""
  a, s = max(a, s), min(a, s)
  # P(first) = C(s, first) prod of the chances of each synapse in turn.
  term = math.fsum(
      [
          math.log(math.comb(s, first)),
          *(math.log((a - i) / (n - i)) for i in range(first)),
          *(math.log((n - a - j) / (n - first - j)) for j in range(s - first)),
      ]
  )
  terms = [term]
  for b in range(first, last):
    ratio = (a - b) * (s - b) / ((b + 1) * (n - a - s + b + 1))
    terms.append(terms[-1] + math.log(ratio))
  largest = max(terms)
  return largest + math.log(
      math.fsum(math.exp(t - largest) for t in sorted(terms, reverse=True))
  )
