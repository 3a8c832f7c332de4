"""The circuit as an agent's actor."""

from collections.abc import Callable
from typing import Any

import jax

from nmlib.networks.agents import agent
from nmlib.networks.agents import distributions
from nmlib.networks.ncap import circuit as circuit_lib
from nmlib.networks.ncap import params as params_lib
from nmlib.neurons.core import checks


def policy(
    config: params_lib.Config,
    read: Callable[[Any], tuple[jax.Array, jax.Array]],
    deviation: float | None = None,
) -> agent.Network:
  """Returns the circuit as a network of `networks.agents`.

  It is given observations as they are, for a normaliser breaks its oscillator.

  Args:
    config: of a circuit without controls.
    read: of an observation, the joints' angles [n] and the time step [].
    deviation: of actions about the torques, a fixed one (the authors' is 0.1);
      None: the network's output is the torques themselves.

  Raises:
    ValueError: if the deviation is not positive.
  """
  if deviation is not None:
    checks.within('deviation', deviation, 1e-6, 1e6)

  def apply(params, observation):
    torques = circuit_lib.apply(params, *read(observation), config)
    if deviation is None:
      return torques
    return distributions.Normal(torques, deviation)

  init = lambda key, unused_observation: params_lib.init(key, config)
  return agent.Network(init, apply)
