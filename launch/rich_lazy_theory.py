"""The linear network of launch.rich_lazy: closed form, flow, the exception."""

import functools

import jax
import jax.numpy as jnp
from matplotlib import figure
import numpy as np

from nmlib import train
from nmlib.analysis import laziness
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
  'scale' [scales, starts, seeds] by the norm of the start, at anisotropy 3;
  there the network's output at the start counts as 0, for a large one would
  have to be unlearnt first, which is never lazy.
  """

  def one(seed, anisotropy, scale, centred):
    key = jax.random.key(seed)
    keys = jax.random.split(key, 6)
    teacher = student_teacher.teacher(keys[0], _D, anisotropy)
    beta = teacher.beta / jnp.linalg.norm(teacher.beta)
    u = jax.random.normal(keys[1], (_D,))
    u /= jnp.linalg.norm(u)
    leading = teacher.leading / jnp.linalg.norm(teacher.leading)
    other = jax.random.normal(keys[2], (_D,))
    other /= jnp.linalg.norm(other)
    dense = jax.random.normal(keys[3], (_D, _D))
    dense /= jnp.linalg.norm(dense)
    starts = jnp.stack(
        [*(jnp.outer(u, b) for b in (beta, leading, other)), dense]
    )

    def measure(first):
      said = centred * scale**2 * first.T @ u
      end = linear_theory.gradient_flow(beta + said, scale * first, scale * u)
      kernels = (
          linear_theory.tangent_kernel(scale * first, scale * u),
          linear_theory.tangent_kernel(*end),
      )
      return (
          laziness.kernel_alignment(*kernels),
          linear_theory.kernel_alignment(beta, first, u),
      )

    return jax.vmap(measure)(starts)

  @functools.partial(jax.jit, static_argnums=0)
  def runs(anisotropy, scale, centred):
    each = lambda seed: one(seed, anisotropy, scale, centred)
    return jax.vmap(each, out_axes=1)(jnp.arange(_SEEDS))

  pairs = [runs(kappa, 1e-3, 0.0) for kappa in ANISOTROPIES]
  return {
      'flow': np.stack([np.asarray(flow) for flow, _ in pairs]),
      'closed': np.stack([np.asarray(closed) for _, closed in pairs]),
      'scale': np.stack([np.asarray(runs(3.0, s, 1.0)[0]) for s in SCALES]),
  }


def claims(found: dict[str, np.ndarray]) -> list[train.Claim]:
  """Holds the theory's statements against its simulation."""
  flow, closed = found['flow'], found['closed']
  rows = dict(zip(STARTS, flow.transpose(1, 0, 2), strict=True))
  ours = {
      f'kappa {kappa:g}, {name}': rows[name][i]
      for i, kappa in enumerate(ANISOTROPIES)
      for name in STARTS
  }
  error = np.abs(flow - closed).max((0, 1))
  large = dict(zip(STARTS, found['scale'][-1], strict=True))
  return [
      train.Claim(
          'Exception: rank 1 aligned with the task is lazy: kernel alignment'
          ' above 0.99 and above random rank 1, for every anisotropy',
          'theory; figure 3',
          '1 in closed form',
          ours,
          bool(
              (rows['aligned'] > 0.99).all()
              and (rows['aligned'] > rows['random rank 1']).all()
          ),
      ),
      train.Claim(
          'Without alignment, full rank is lazier than rank 1 in the linear'
          ' network, mean over seeds, for every anisotropy',
          'theory',
          '',
          {
              'full rank - rank 1': (
                  rows['random full rank'] - rows['random rank 1']
              ).mean(0)
          },
          bool(
              (
                  rows['random full rank'].mean(1)
                  > rows['random rank 1'].mean(1)
              ).all()
          ),
      ),
      train.Claim(
          'The closed form agrees with gradient flow from a norm of 0.001 to'
          ' 0.005',
          'theory',
          '',
          {'largest error': error},
          bool((error < 5e-3).all()),
      ),
      train.Claim(
          f'From a large start (norm {SCALES[-1]:.2g}) every rank is lazy:'
          ' kernel alignment above 0.99',
          'theory',
          '1 in the limit',
          large,
          all((values > 0.99).all() for values in large.values()),
      ),
  ]


def plot(found: dict[str, np.ndarray]) -> figure.Figure:
  """Alignment against anisotropy, and against the norm of the start."""
  drawn = figure.Figure(figsize=(9, 3.4))
  left, right = drawn.subplots(1, 2)
  for i, name in enumerate(STARTS):
    left.semilogx(
        ANISOTROPIES, found['flow'][:, i].mean(-1), 'o', color=f'C{i}'
    )
    left.semilogx(
        ANISOTROPIES, found['closed'][:, i].mean(-1), color=f'C{i}', label=name
    )
    right.semilogx(
        SCALES, found['scale'][:, i].mean(-1), 'o-', color=f'C{i}', label=name
    )
  left.set(
      xlabel='anisotropy kappa of the teacher',
      ylabel='tangent kernel alignment',
      title='closed form (lines) and flow (dots)',
  )
  right.set(xlabel='Frobenius norm at the start', title='flow, kappa = 3')
  right.legend(frameon=False, fontsize=7, loc=(0.02, 0.52))
  for axes in (left, right):
    axes.grid(alpha=0.3)
  drawn.tight_layout()
  return drawn
