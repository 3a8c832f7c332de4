"""The linear network of `launch.rich_lazy`: closed form, flow, exception."""

import numpy as np

from nmlib import train
from nmlib.analysis import linear_theory
from nmlib.data.tasks import student_teacher

ANISOTROPIES = (1.0, 3.0, 10.0, 30.0)
SCALES = tuple(10.0**x for x in np.arange(-3, 0.75, 0.5))
_SEEDS = 8


def study() -> dict[str, np.ndarray]:
  """Returns alignments of tangent kernels before and after gradient flow.

  'flow', 'closed' [anisotropies, starts, seeds] from balanced small starts;
  'scale' [scales, starts, seeds] by the norm of the start, at anisotropy 3.
  """

  def alignments(anisotropy, scales, **options):
    def draw(key):
      teacher = student_teacher.teacher(key, 20, anisotropy)
      return teacher.beta, teacher.leading

    return linear_theory.alignments_of_seeds(draw, _SEEDS, scales, **options)

  small = [alignments(kappa, [1e-3]) for kappa in ANISOTROPIES]
  flow, closed = map(np.concatenate, zip(*small, strict=True))
  large, _ = alignments(3.0, SCALES, forgets_start=True)
  return {'flow': flow, 'closed': closed, 'scale': large}


def claims(found: dict[str, np.ndarray]) -> list[train.Claim]:
  """Holds the theory's statements against its simulation."""
  flow = found['flow']
  aligned, _, low, full = flow.transpose(1, 0, 2)
  error = np.abs(flow - found['closed']).max((0, 1))
  large = dict(zip(linear_theory.STARTS, found['scale'][-1], strict=True))
  ours = {
      f'kappa {kappa:g}, {name}': flow[i, j]
      for i, kappa in enumerate(ANISOTROPIES)
      for j, name in enumerate(linear_theory.STARTS)
  }
  return [
      train.Claim(
          'Exception: rank 1 aligned with the task is lazy: kernel alignment'
          ' above 0.99 and above random rank 1, for every anisotropy',
          'theory; figure 3', '1 in closed form', ours,
          bool((aligned > np.maximum(low, 0.99)).all()),
      ),
      train.Claim(
          'Without alignment, full rank is lazier than rank 1 in the linear'
          ' network, mean over seeds, for every anisotropy',
          'theory', '', {'full rank - rank 1': (full - low).mean(0)},
          bool((full.mean(1) > low.mean(1)).all()),
      ),
      train.lower(
          'The closed form agrees with gradient flow from a norm of 0.001 to'
          ' 0.005',
          {'largest error': error}, 5e-3, by='seed', source='theory',
      ),
      train.Claim(
          f'From a large start (norm {SCALES[-1]:.2g}) every rank is lazy:'
          ' kernel alignment above 0.99',
          'theory', '1 in the limit', large,
          bool((found['scale'][-1] > 0.99).all()),
      ),
  ]  # fmt: skip
