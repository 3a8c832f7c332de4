"""STDP of SpikingJelly 2.0.0, `learning.stdp_linear_single_step`.

Traces lose 1 / tau a step, and have the spikes of a step before they are read:
the pair of a coincidence depresses and potentiates. Both changes are made of
the old weight. Its weights are [post, pre]: transpose them.
"""

from collections.abc import Callable
from typing import Any

import jax

from nmlib.plasticity.stdp import pair


def stdp(
    *,
    tau_pre: float,
    tau_post: float,
    f_pre: Callable[[jax.Array], Any] = lambda w: w,
    f_post: Callable[[jax.Array], Any] = lambda w: w,
    w_min: float = 0.0,
    w_max: float = 1.0,
    clamped: bool = True,
) -> pair.Config:
  """Returns the rule, with a learning rate of 1, in steps.

  Args:
    tau_pre: steps.
    tau_post: steps.
    f_pre: size of a depression, of the weights.
    f_post: size of a potentiation.
    w_min: lower bound.
    w_max: upper bound.
    clamped: whether weights are held to the bounds after each step, which
      SpikingJelly leaves to its user.
  """
  return pair.Config(
      tau_pre,
      tau_post,
      w_min=w_min,
      w_max=w_max,
      zero_lag='both',
      order='together',
      bounds='event' if clamped else 'none',
      decay='euler',
      potentiation=f_post,
      depression=f_pre,
  )
