r"""Systems whose state chooses their wiring: the category-like Org.

A system from p to q is a coalgebra of the internal hom [p, q]: its state emits
a lens p -> q, a wiring, and is updated by what flows through that: i, what the
inner side puts out, and d, what comes in from outside. One that never changes
is a static wiring diagram; a learner is a system too, from A y^A to B y^B.
Spivak & Hosgood (arXiv 2111.01297) hold that deep networks and interacting
dynamical systems are both of this kind; the experts are ours, the paper has no
experiment.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks.wiring import learner as learn
from nmlib.networks.wiring import lens as lenses
from nmlib.networks.wiring import moore as machines


class OrgSystem(NamedTuple):
  state: Any  # as it starts; the functions are given theirs
  lens_of_state: Callable[[Any], lenses.Lens]  # the wiring
  update: Callable[[Any, Any, Any], Any]  # (state, i, d) -> state


class Gate(NamedTuple):
  """State of experts of which one is wired."""

  params: tuple[Any, ...]  # an expert
  logits: jax.Array  # [K]: the largest is wired


def wiring_of(system: OrgSystem, state: Any) -> lenses.Lens:
  """Returns the wiring in a state.

  Raises:
    ValueError: if it is no lens, or its `get` reads the outer input.
  """
  wiring = system.lens_of_state(state)
  lenses.check(wiring)
  return wiring


def org_static(wiring: lenses.Lens) -> OrgSystem:
  """Returns a wiring diagram as a system: the state is ().

  Raises:
    ValueError: if it is no lens.
  """
  lenses.check(wiring)
  return OrgSystem((), lambda state: wiring, lambda state, i, d: state)


def org_from_learner(learner: learn.Learner) -> OrgSystem:
  """Returns a learner as a system: inputs flow in, targets flow back."""

  def lens_of_state(params):
    return lenses.Lens(
        lambda a: learner.implement(params, a),
        lambda a, b: learner.request(params, a, b),
    )

  return OrgSystem(learner.params, lens_of_state, learner.update)


def org_compose(*systems: OrgSystem) -> OrgSystem:
  """Returns the system whose wiring goes through all in turn.

  Each is updated by what flows through it, in the wiring before the update.

  Args:
    *systems: the innermost first.

  Returns:
    A system; its state is a tuple.
  """

  def each(state):
    return [
        wiring_of(system, s) for system, s in zip(systems, state, strict=True)
    ]

  def update(state, i, d):
    wirings, outputs = each(state), []
    for wiring in wirings:
      outputs.append(i)
      i = wiring.get(i)
    following = []
    for k in reversed(range(len(systems))):
      following.append(systems[k].update(state[k], outputs[k], d))
      d = wirings[k].put(outputs[k], d)
    return tuple(reversed(following))

  return OrgSystem(
      tuple(system.state for system in systems),
      lambda state: lenses.lens_compose(*each(state)),
      update,
  )


def org_tensor(*systems: OrgSystem) -> OrgSystem:
  """Returns the system of tuples that has the systems side by side."""

  def lens_of_state(state):
    pairs = zip(systems, state, strict=True)
    return lenses.lens_tensor(*(wiring_of(system, s) for system, s in pairs))

  def update(state, i, d):
    each = zip(systems, state, i, d, strict=True)
    return tuple(system.update(*rest) for system, *rest in each)

  return OrgSystem(
      tuple(system.state for system in systems), lens_of_state, update
  )


def org_wrap(moore: machines.Moore, system: OrgSystem) -> machines.Moore:
  """Returns a machine in a wiring that changes: `moore_wrap` by a system.

  Args:
    moore: the inner machine; several are one by `moore.moore_tensor`.
    system: i is what the machine puts out, d the input of the whole.

  Returns:
    A machine whose state is the pair of the inner one and the system's.

  Raises:
    ValueError: if it is no Moore machine.
  """
  machines.check(moore)

  def readout(state):
    inner, outer = state
    return wiring_of(system, outer).get(moore.readout(inner))

  def update(state, x):
    inner, outer = state
    output = moore.readout(inner)
    inward = wiring_of(system, outer).put(output, x)
    return moore.update(inner, inward), system.update(outer, output, x)

  return machines.Moore(
      readout, update, lambda key: (moore.init(key), system.state)
  )


def org_experts(learners: tuple[learn.Learner, ...], rate: float) -> OrgSystem:
  """Returns learners of which the one with the largest logit is wired.

  The wired one alone learns. Each logit moves towards minus the error that its
  expert would have made, sum of (output - target)^2 / 2, before the update:
  where the wired one no longer fits, one that would do better is wired next.

  Args:
    learners: K experts, of the same inputs and outputs.
    rate: part of the way, in [0, 1]; with 0 the wiring is static.

  Returns:
    A system of state `Gate`; logits start at 0, in the dtype of the parameters.

  Raises:
    ValueError: if there is no expert, or the rate is out of range.
  """
  if not learners:
    raise ValueError('learners must be one or more experts, got none.')
  if not 0 <= rate <= 1:
    raise ValueError(f'rate must be in [0, 1], got {rate}.')
  dtype = jnp.result_type(*jax.tree.leaves([one.params for one in learners]))
  start = Gate(
      tuple(one.params for one in learners), jnp.zeros(len(learners), dtype)
  )

  def wired(state, name, *values):
    branches = [
        lambda params, *rest, k=k, one=one: getattr(one, name)(params[k], *rest)
        for k, one in enumerate(learners)
    ]
    chosen = jnp.argmax(state.logits)
    return jax.lax.switch(chosen, branches, state.params, *values)

  def lens_of_state(state):
    return lenses.Lens(
        lambda a: wired(state, 'implement', a),
        lambda a, b: wired(state, 'request', a, b),
    )

  def update(state, a, b):
    chosen = jnp.argmax(state.logits)
    branches = [
        lambda params, k=k, one=one: (
            *params[:k],
            one.update(params[k], a, b),
            *params[k + 1 :],
        )
        for k, one in enumerate(learners)
    ]
    errors = jnp.stack(
        [
            learn.sum_of_errors(one.implement(params, a), b)
            for one, params in zip(learners, state.params, strict=True)
        ]
    )
    logits = state.logits + rate * (-errors - state.logits)
    return Gate(
        jax.lax.switch(chosen, branches, state.params),
        logits.astype(state.logits.dtype),
    )

  return OrgSystem(start, lens_of_state, update)


def org_run(
    system: OrgSystem, state: Any, outputs: Any, inputs: Any
) -> tuple[Any, tuple[Any, Any]]:
  """Lets values flow through a system.

  Args:
    system: what runs.
    state: as it starts, as `system.state`.
    outputs: i, of the inner side, a pytree of [T, ...].
    inputs: d, of the outer side, likewise.

  Returns:
    The last state; what each step got and put, [T, ...], before its update.
  """

  def step(s, pair):
    i, d = pair
    wiring = wiring_of(system, s)
    return system.update(s, i, d), (wiring.get(i), wiring.put(i, d))

  return jax.lax.scan(step, state, (outputs, inputs))
