"""The linear network of `launch.rich_lazy`: closed form, flow, exception."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train
from nmlib.analysis import linear_theory
from nmlib.data.tasks import student_teacher

ANISOTROPIES = (1.0, 3.0, 10.0, 30.0)
SCALES = tuple(10.0**x for x in np.arange(-3, 0.75, 0.5))
STARTS = ('aligned', 'partly aligned', 'random rank 1', 'random full rank')
_D = 20
_SEEDS = 8


def study() -> dict[str, np.ndarray]:
  """Returns alignments of tangent kernels before and after gradient flow.

  'flow', 'closed' [anisotropies, starts, seeds] from balanced small starts;
  'scale' [scales, starts, seeds] by the norm of the start, at anisotropy 3.
  """
  unit = lambda x: x / jnp.linalg.norm(x)

  def of_seed(seed, anisotropy, scale, forgets_start):
    keys = jax.random.split(jax.random.key(seed), 6)
    teacher = student_teacher.teacher(keys[0], _D, anisotropy)
    beta, leading = unit(teacher.beta), unit(teacher.leading)
    u, other = (unit(jax.random.normal(key, (_D,))) for key in keys[1:3])
    dense = unit(jax.random.normal(keys[3], (_D, _D)))
    rows = [*(jnp.outer(u, b) for b in (beta, leading, other)), dense]

    def measure(first):
      flow = linear_theory.alignment_after_flow(
          beta, scale * first, scale * u, forgets_start=forgets_start
      )
      return flow, linear_theory.kernel_alignment(beta, first, u)

    return jax.vmap(measure)(jnp.stack(rows))

  @functools.partial(jax.jit, static_argnums=(0, 2))
  def of_all(anisotropy, scale, forgets_start):
    one = lambda seed: of_seed(seed, anisotropy, scale, forgets_start)
    return jax.vmap(one, out_axes=1)(jnp.arange(_SEEDS))

  flow, closed = zip(
      *(of_all(kappa, 1e-3, False) for kappa in ANISOTROPIES), strict=True
  )
  large = [of_all(3.0, scale, True)[0] for scale in SCALES]
  return {
      'flow': np.stack(flow),
      'closed': np.stack(closed),
      'scale': np.stack(large),
  }


def claims(found: dict[str, np.ndarray]) -> list[train.Claim]:
  """Holds the theory's statements against its simulation."""
  flow = found['flow']
  aligned, _, low, full = flow.transpose(1, 0, 2)
  error = np.abs(flow - found['closed']).max((0, 1))
  large = dict(zip(STARTS, found['scale'][-1], strict=True))
  ours = {
      f'kappa {kappa:g}, {name}': flow[i, j]
      for i, kappa in enumerate(ANISOTROPIES)
      for j, name in enumerate(STARTS)
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
