r"""Circuits of excitation and inhibition that inhibition has made stable.

Hennequin, Vogels and Gerstner (Neuron 2014): in a strong random circuit the
inhibitory weights descend the smoothed spectral abscissa (Vanbiervliet et al.,
SIAM J. Optim. 2009) until the linear dynamics are stable; what is left answers
a push with large, multiphasic transients. From the literature as we recall it,
not from a program of its authors. Rows are targets; excitatory sources first.

The search runs once, on the host, by SciPy in 64 bits: Lyapunov equations near
instability are too much for 32.
"""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of a circuit and its search; defaults are of the literature.

  Small circuits are calmed sooner from a smaller radius, at a lower rate:
  N = 50, R = 5, eta = 4.
  """

  num_units: limits.Count = 200  # N
  num_excitatory: limits.Count = 100
  link_probability: limits.OpenUnitInterval = 0.1  # p
  radius: limits.Positive = 10.0  # R, of the spectrum before
  inhibition: limits.Positive = 3.0  # gamma, mean inhibition over excitation
  rate: limits.Positive = 10.0  # eta, of the descent
  inhibitory_density: limits.OpenUnitInterval = 0.4  # of links that are kept
  margins: tuple[limits.Positive, limits.Positive] = (1.5, 0.2)
  target: limits.Finite = 0.15  # of the abscissa, where the search ends
  max_iterations: limits.Natural = 1000

  def __post_init__(self):
    limits.check(self)
    if self.num_excitatory >= self.num_units:
      raise ValueError(
          'stability_optimised.Config.num_excitatory must be below'
          f' num_units={self.num_units}, which leaves inhibitory units, got'
          f' {self.num_excitatory}.'
      )


class Circuit(NamedTuple):
  """What the search found."""

  weights: np.ndarray  # W [N, N], float64, of the lowest abscissa
  start: np.ndarray  # [N, N], before
  abscissas: np.ndarray  # [iterations + 1], the largest real part on the way


def circuit(key: jax.Array, config: Config) -> Circuit:
  """Draws a random circuit and optimises it; the key must be concrete.

  Raises:
    ValueError: if the draw has no excitation, or no inhibition, on one kind of
      unit: a circuit so small or sparse has nothing to balance.
  """
  start = random_circuit(key, config)
  return optimise(start, config)


def random_circuit(key: jax.Array, config: Config) -> np.ndarray:
  r"""Returns W [N, N] of sparse links, without self links.

  .. math::
    w_0 = \frac{R}{\sqrt{N}} / \sqrt{p (1 - p) (1 + \gamma^2) / 2}

  is an excitatory weight, -gamma w_0 an inhibitory one; each link is there
  with probability p.
  """
  size, p = config.num_units, config.link_probability
  there = np.asarray(jax.random.bernoulli(key, p, (size, size)), float)
  np.fill_diagonal(there, 0)
  spread = np.sqrt(p * (1 - p) * (1 + config.inhibition**2) / 2)
  weight = config.radius / np.sqrt(size) / spread
  excitatory = np.arange(size) < config.num_excitatory
  return there * np.where(excitatory, weight, -config.inhibition * weight)


def optimise(weights: np.ndarray, config: Config) -> Circuit:
  r"""Descends the smoothed abscissa by inhibitory weights alone.

  With alpha the abscissa and s = max(1.5 alpha, alpha + 0.2), in this order:
  W_inh -= eta G_inh; none is positive, no self links; scaled so that mean
  inhibition is gamma times mean excitation, of either kind of target; only the
  strongest of them stay.

  Args:
    weights: W [N, N], excitatory columns first.
    config: with as many units.

  Returns:
    The circuit of the lowest abscissa, and the way there.

  Raises:
    ValueError: if there is not a column a unit, or a kind of target has no
      excitation.
  """
  size = config.num_units
  start = np.array(weights, float)
  if start.shape != (size, size):
    raise ValueError(
        f'weights must be [{size}, {size}], as stability_optimised.Config'
        f'.num_units says, got {list(start.shape)}.'
    )
  now = best = start
  abscissas = [abscissa(start)]
  for _ in range(config.max_iterations):
    alpha = abscissas[-1]
    if alpha <= config.target:
      break
    times, plus = config.margins
    slope = gradient(now, max(times * alpha, alpha + plus))
    now = _constrained(now, slope, config)
    abscissas.append(abscissa(now))
    if abscissas[-1] == min(abscissas):
      best = now
  return Circuit(best, start, np.array(abscissas))


def abscissa(weights: np.ndarray) -> float:
  """Returns the largest real part of the eigenvalues of W [N, N]."""
  return float(np.linalg.eigvals(weights).real.max())


def gradient(weights: np.ndarray, shift: float) -> np.ndarray:
  r"""Returns G = Q P / tr(Q P) [N, N], of the smoothed abscissa by W.

  .. math::
    (W - s)^T Q + Q (W - s) = -2, \quad (W - s) P + P (W - s)^T = -2

  The smoothed abscissa of W is the s at which tr P has a given value; G is its
  derivative where that value is the one at this s.

  Args:
    weights: W.
    shift: s, above the abscissa.

  Raises:
    ValueError: if it is not above.
  """
  if not shift > abscissa(weights):
    raise ValueError(
        f'shift must be above the abscissa {abscissa(weights):.6g}, got'
        f' {shift!r}.'
    )
  stable = weights - shift * np.eye(len(weights))
  both = -2.0 * np.eye(len(weights))
  q, p = lyapunov(stable.T, both), lyapunov(stable, both)
  slope = q @ p
  return slope / np.trace(slope)


def lyapunov(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
  """Returns X with A X + X A^T = C [N, N], by Bartels and Stewart in 64 bits.

  Args:
    matrix: A, no two of whose eigenvalues add up to 0.
    right: C.
  """
  from scipy import linalg  # here alone: neurons import JAX and NumPy

  given = np.asarray(matrix, float), np.asarray(right, float)
  return np.asarray(linalg.solve_continuous_lyapunov(*given))


def _constrained(weights, slope, config):
  """Returns weights after a step of descent, with inhibition as it must be."""
  first = config.num_excitatory
  inhibitory = weights[:, first:] - config.rate * slope[:, first:]
  inhibitory = np.minimum(inhibitory, 0)
  units = np.arange(first, config.num_units)
  inhibitory[units, units - first] = 0
  for rows in (slice(first), slice(first, None)):
    excitation = weights[rows, :first].mean()
    inhibition = -inhibitory[rows].mean()
    if not (excitation > 0 and inhibition > 0):
      raise ValueError(
          'a circuit must have excitation and inhibition on units of either'
          f' kind, got means {excitation:g} and {inhibition:g}; take more units'
          ' or a higher stability_optimised.Config.link_probability.'
      )
    inhibitory[rows] *= config.inhibition * excitation / inhibition
  kept = int(round(config.inhibitory_density * inhibitory.size))
  weakest = np.argsort(inhibitory, axis=None, kind='stable')[kept:]
  inhibitory.reshape(-1)[weakest] = 0
  return np.concatenate([weights[:, :first], inhibitory], axis=1)
