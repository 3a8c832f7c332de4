r"""Learners, which compose as layers do: the category Learn.

A learner from A to B has parameters P, `implement`: P x A -> B, `update`:
P x A x B -> P, and `request`: P x A x B -> A, the input that it would rather
have had, which is the target of the learner before it. Fong, Spivak & Tuyeras,
"Backprop as functor" (arXiv 1711.10455): gradient descent on the quadratic
error is a functor, so that composing learners is learning the composite.

One pair of input and target, no batch: who wants one lets `apply_fn` map over
it, with the sum of errors, not their mean.
"""

from collections.abc import Callable
import math
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

Error = Literal['quadratic', 'softmax_xent']


class Learner(NamedTuple):
  params: Any  # as they start; the functions are given theirs
  implement: Callable[[Any, Any], Any]  # (params, a) -> b
  update: Callable[[Any, Any, Any], Any]  # (params, a, b) -> params
  request: Callable[[Any, Any, Any], Any]  # (params, a, b) -> a
  # How it reads its target: all but the last of a chain must be 'quadratic',
  # the error by which requests are made.
  error: Error = 'quadratic'


def learner_id() -> Learner:
  """Returns the learner that passes all on and learns nothing."""
  return Learner((), lambda p, a: a, lambda p, a, b: p, lambda p, a, b: b)


def learner_swap() -> Learner:
  """Returns the learner that swaps a pair and learns nothing."""
  swap = lambda pair: (pair[1], pair[0])
  return Learner(
      (), lambda p, a: swap(a), lambda p, a, b: p, lambda p, a, b: swap(b)
  )


def learner_compose(*learners: Learner) -> Learner:
  """Returns the learner that goes through all in turn.

  Each learns towards the request of the one after it; everything, requests too,
  is of the parameters before the update.

  Args:
    *learners: the first acts first.

  Returns:
    A learner; its parameters are a tuple.

  Raises:
    ValueError: if one that is not the last is not of quadratic error.
  """
  for i, learner in enumerate(learners[:-1]):
    if learner.error != 'quadratic':
      raise ValueError(
          'A learner before another must have error quadratic, by which'
          f' requests are made, got {learner.error} at {i} of {len(learners)}.'
      )

  def inputs(params, a):
    found = []
    for learner, p in zip(learners, params, strict=True):
      found.append(a)
      a = learner.implement(p, a)
    return found, a

  def targets(params, values, b):
    found = [b]
    for learner, p, a in list(zip(learners, params, values, strict=True))[::-1]:
      found.append(learner.request(p, a, found[-1]))
    return found[::-1]  # the request of the whole, then a target a learner

  def update(params, a, b):
    values, _ = inputs(params, a)
    _, *wanted = targets(params, values, b)
    each = zip(learners, params, values, wanted, strict=True)
    return tuple(learner.update(*rest) for learner, *rest in each)

  return Learner(
      tuple(learner.params for learner in learners),
      lambda params, a: inputs(params, a)[1],
      update,
      lambda params, a, b: targets(params, inputs(params, a)[0], b)[0],
      learners[-1].error if learners else 'quadratic',
  )


def learner_tensor(*learners: Learner) -> Learner:
  """Returns the learner of tuples that has the learners side by side."""

  def each(name):
    return lambda *values: tuple(
        getattr(learner, name)(*rest)
        for learner, *rest in zip(learners, *values, strict=True)
    )

  errors = [one.error for one in learners if one.error != 'quadratic']
  return Learner(
      tuple(learner.params for learner in learners),
      each('implement'),
      each('update'),
      each('request'),
      errors[0] if errors else 'quadratic',
  )


def gradient_learner(
    apply_fn: Callable[[Any, Any], Any],
    params: Any,
    eps: float,
    error: Error = 'quadratic',
) -> Learner:
  r"""Returns the learner that descends the gradient of an error.

  .. math::
    E = \sum_j e(I(p, a)_j, b_j), \quad
    U(p, a, b) = p - \epsilon \nabla_p E, \quad
    r(p, a, b) = a - \nabla_a E

  with e(x, y) = (x - y)^2 / 2, or the cross-entropy of the softmax of x to
  probabilities y. The request is the input whose quadratic error has the
  gradient of E. Cross-entropy has no such inverse for all gradients: it is the
  error of a last learner only, before which quadratic ones descend it too.

  Args:
    apply_fn: (params, a) -> b, differentiable; pytrees of arrays.
    params: as they start.
    eps: step size; it is not in the request.
    error: e; cross-entropy is of the last axis.

  Returns:
    A learner; it refuses a target that has not the shape of the output.

  Raises:
    ValueError: if eps is not positive and finite, or the error unknown.
  """
  if not (isinstance(eps, int | float) and 0 < eps < math.inf):
    raise ValueError(f'eps must be a positive number, got {eps!r}.')
  if error not in _ERRORS:
    raise ValueError(f'error must be one of {list(_ERRORS)}, got {error!r}.')

  def loss(p, a, b):
    return sum_of_errors(apply_fn(p, a), b, error)

  def update(p, a, b):
    step = jax.grad(loss)(p, a, b)
    return jax.tree.map(lambda x, dx: x - eps * dx, p, step)

  def request(p, a, b):
    return jax.tree.map(jnp.subtract, a, jax.grad(loss, 1)(p, a, b))

  return Learner(params, apply_fn, update, request, error)


def sum_of_errors(
    outputs: Any, targets: Any, error: Error = 'quadratic'
) -> jax.Array:
  """Returns the sum of e over the leaves of outputs and targets.

  Raises:
    ValueError: if a target has not the shape of its output.
  """

  def each(output, target):
    if jnp.shape(output) != jnp.shape(target):
      raise ValueError(
          f'A target must have the shape of its output, {jnp.shape(output)},'
          f' got {jnp.shape(target)}.'
      )
    return _ERRORS[error](output, target)

  found = jax.tree.leaves(jax.tree.map(each, outputs, targets))
  return jnp.asarray(sum(found))


def learner_run(
    learner: Learner, params: Any, inputs: Any, targets: Any
) -> tuple[Any, Any]:
  """Learns from one pair after the other.

  Args:
    learner: what learns.
    params: as it starts, as `learner.params`.
    inputs: a pytree of [T, ...].
    targets: likewise.

  Returns:
    The last parameters, and outputs [T, ...], each before its update.
  """

  def step(p, pair):
    return learner.update(p, *pair), learner.implement(p, pair[0])

  return jax.lax.scan(step, params, (inputs, targets))


def _quadratic(output, target):
  return jnp.sum(jnp.square(output - target)) / 2


def _softmax_xent(logits, probabilities):
  return -jnp.sum(probabilities * jax.nn.log_softmax(logits))


_ERRORS = {'quadratic': _quadratic, 'softmax_xent': _softmax_xent}
