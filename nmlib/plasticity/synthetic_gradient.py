r"""Synthetic gradients: a predictor stands for the feedback of later windows.

Jaderberg et al. (arXiv 1608.05343, 2017), as Pemberton et al. (arXiv
2110.11501, NeurIPS 2021) use them for a recurrent network that learns window
by window. A window starts from the state s_k, ends in s_{k+1} and has the loss
l_k; the predictor C says how the losses after it depend on its end:

.. math::
  J_k = l_k + \lambda \langle s_{k+1}, C(s_{k+1}) \rangle, \quad
  g_k = \partial J_k / \partial s_k, \quad
  E_k = |C(s_k) - g_k|^2 / n,

where C(s_{k+1}) in J_k and g_k in E_k are constants. The window's start state
is an explicit argument here, so that g_k is an ordinary gradient. g_k holds the
bootstrapped term: without it credit would reach one window back only.

States are any pytrees of arrays. All windows' start states may be known before
(they do not depend on C): then they come stacked, with a window function that
maps over them, and all are differentiated at once.
"""

from collections.abc import Callable
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks

Tree = Any


class Gradients(NamedTuple):
  """What a window says to its parameters, and to the window before it."""

  params: Tree  # dJ / dparams
  start: Tree  # g = dJ / dstart, of the start state's shapes
  end: Tree  # the state after the window
  loss: jax.Array  # as the window gave it, without the synthetic term


def window_gradients(
    window: Callable[[Tree, Tree], tuple[Tree, jax.Array]],
    params: Tree,
    start: Tree,
    future: Tree,
    scale: float | jax.Array = 1.0,
) -> Gradients:
  """Differentiates a window's loss and what is predicted to come after it.

  Args:
    window: (params, start) -> (end, loss): the window, its inputs within; a
      loss of any shape counts as its sum.
    params: of what is trained.
    start: state before the window; only its values count.
    future: predicted gradient of later losses by the end state, of its shapes.
    scale: lambda, of the prediction.

  Returns:
    The gradients, of parameters and of the start state.

  Raises:
    ValueError: if the prediction has not the shapes of the end state.
  """
  future = jax.lax.stop_gradient(future)

  def objective(params, start):
    end, loss = window(params, start)
    _check_alike('future', future, end)
    later = jax.tree.map(lambda s, c: jnp.sum(s * c), end, future)
    later = functools.reduce(jnp.add, jax.tree.leaves(later))
    return jnp.sum(loss) + scale * later, (end, loss)

  (of_params, of_start), (end, loss) = jax.grad(
      objective, argnums=(0, 1), has_aux=True
  )(params, jax.lax.stop_gradient(start))
  return Gradients(of_params, of_start, end, loss)


def prediction_loss(
    predicted: Tree, target: Tree, normaliser: float = 1.0
) -> jax.Array:
  """Returns the squared distance [] of C(s) and g, over n.

  Args:
    predicted: C(s), arrays.
    target: g, arrays of the same shapes; nothing flows into them.
    normaliser: n. The authors' program divides by the number of recurrent
      layers, 1, so that the error is a sum over states and batch.

  Raises:
    ValueError: if shapes differ, or the normaliser is not positive.
  """
  _check_alike('target', target, predicted)
  if checks.is_concrete(normaliser) and not normaliser > 0:
    raise ValueError(f'normaliser must be positive, got {normaliser}.')
  target = jax.lax.stop_gradient(target)
  squares = jax.tree.map(
      lambda c, g: jnp.sum(jnp.square(c - g)), predicted, target
  )
  return functools.reduce(jnp.add, jax.tree.leaves(squares)) / normaliser


def prediction_gradients(
    predict: Callable[[Tree, Tree], Tree],
    params: Tree,
    states: Tree,
    targets: Tree,
    normaliser: float = 1.0,
) -> Tree:
  """Returns the gradient of `prediction_loss` by the predictor's parameters.

  Args:
    predict: (params, states) -> predicted gradients, C.
    params: of the predictor.
    states: s_k; nothing flows into them.
    targets: g_k, as from `window_gradients`.
    normaliser: n.
  """
  states = jax.lax.stop_gradient(states)
  error = lambda p: prediction_loss(predict(p, states), targets, normaliser)
  return jax.grad(error)(params)


def _check_alike(name: str, given: Tree, like: Tree) -> None:
  """Refuses a tree of other arrays; numbers would stretch to any shape."""
  shapes = [
      [list(jnp.shape(leaf)) for leaf in jax.tree.leaves(tree)]
      for tree in (given, like)
  ]
  same = jax.tree.structure(given) == jax.tree.structure(like)
  if not same or shapes[0] != shapes[1]:
    raise ValueError(
        f'{name} must be arrays of the shapes {shapes[1]}, as what it stands'
        f' beside, got {shapes[0]}.'
    )
