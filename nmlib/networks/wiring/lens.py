r"""Lenses: how outputs go forth and inputs come back.

A lens from A y^B to C y^D is a map of polynomial functors with one set of
directions each: `get`: A -> C takes an output outwards, `put`: A x D -> B
brings an input inwards, given what is put out. A wiring diagram is a lens from
what all inner systems put out, a tuple, to what the outer one does.

Spivak & Hosgood, "Deep neural networks as nested dynamical systems" (arXiv
2111.01297), is an essay: the definitions are the literature's (Spivak, "Poly";
Fong, Spivak & Tuyeras, arXiv 1711.10455). These lenses are bare: no law relates
`get` and `put`. All values are pytrees of arrays.
"""

from collections.abc import Callable
import inspect
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Lens(NamedTuple):
  get: Callable[[Any], Any]  # a -> c
  put: Callable[[Any, Any], Any]  # (a, d) -> b


def lens_id() -> Lens:
  """Returns the lens that passes all on."""
  return Lens(lambda a: a, lambda a, d: d)


def lens_compose(*lenses: Lens) -> Lens:
  """Returns the lens that goes through all in turn, the innermost first.

  Of two, `get` is get'(get(a)), `put` is put(a, put'(get(a), d)).

  Raises:
    ValueError: if one is no lens.
  """
  for lens in lenses:
    check(lens)

  def get(a):
    for lens in lenses:
      a = lens.get(a)
    return a

  def put(a, d):
    inner = []
    for lens in lenses:
      inner.append(a)
      a = lens.get(a)
    for lens, value in zip(reversed(lenses), reversed(inner), strict=True):
      d = lens.put(value, d)
    return d

  return Lens(get, put)


def lens_tensor(*lenses: Lens) -> Lens:
  """Returns the lens of tuples that has the lenses side by side.

  Raises:
    ValueError: if one is no lens.
  """
  for lens in lenses:
    check(lens)

  def put(a, d):
    return tuple(
        lens.put(*pair) for lens, *pair in zip(lenses, a, d, strict=True)
    )

  return Lens(
      lambda a: tuple(
          lens.get(each) for lens, each in zip(lenses, a, strict=True)
      ),
      put,
  )


def para_lens(apply_fn: Callable[[Any, Any], Any]) -> Lens:
  """Returns a differentiable map as lens: value, and vector-Jacobian product.

  Composing such lenses is the chain rule.

  Args:
    apply_fn: (params, a) -> b.

  Returns:
    `get`: (params, a) -> b, of a pair; `put`: a cotangent of b -> the pair of
    those of params and a.
  """

  def put(pair, cotangent):
    _, pullback = jax.vjp(apply_fn, *pair)
    return pullback(cotangent)

  return Lens(lambda pair: apply_fn(*pair), put)


def is_lawful(lens: Lens, a: Any, d: Any, other: Any) -> jax.Array:
  """Whether a lens from A y^A to D y^D keeps the three laws at these values.

  get(put(a, d)) = d; put(a, get(a)) = a; put(put(a, d), d') = put(a, d'). None
  of them is asked of the lenses here.

  Args:
    lens: of a state and a part of it.
    a: a state.
    d: a value of the part.
    other: another, d'.

  Returns:
    A boolean, exact: no tolerance.
  """
  same = [
      (lens.get(lens.put(a, d)), d),
      (lens.put(a, lens.get(a)), a),
      (lens.put(lens.put(a, d), other), lens.put(a, other)),
  ]
  equal = jax.tree.map(
      lambda x, y: jnp.all(jnp.asarray(x) == jnp.asarray(y)),
      *zip(*same, strict=True),
  )
  return jnp.all(jnp.stack(jax.tree.leaves(equal)))


def check(lens: Lens) -> None:
  """Refuses what is no lens, and a `get` that reads the outer input.

  Raises:
    ValueError: saying what was expected.
  """
  if not isinstance(lens, Lens):
    raise ValueError(f'A wiring must be a Lens, got a {type(lens).__name__}.')
  check_arguments('Lens.get', lens.get, 'outputs', why=FEED_THROUGH)
  check_arguments('Lens.put', lens.put, 'outputs', 'input')


# Why an output reads no input: said wherever one does.
FEED_THROUGH = (
    ' An output that depends on the input of the same instant makes loops'
    ' without a solution: keep it in the state for one step, as'
    ' moore.as_moore does.'
)


def check_arguments(
    name: str, function: Callable[..., Any], *arguments: str, why: str = ''
) -> None:
  """Refuses a function that cannot be called with these arguments alone.

  Args:
    name: of the function.
    function: what is looked at and not called.
    *arguments: names of positional ones.
    why: sentences to add.

  Raises:
    ValueError: naming both lists of arguments.
  """
  wanted = ', '.join(arguments)
  if not callable(function):
    kind = type(function).__name__
    raise ValueError(f'{name} must be a function of ({wanted}), got a {kind}.')
  try:
    signature = inspect.signature(function)
  except ValueError:  # some built-in functions have none
    return
  try:
    signature.bind(*arguments)
  except TypeError:
    raise ValueError(
        f'{name} must be a function of ({wanted}), got one of {signature}.'
        + why
    ) from None
