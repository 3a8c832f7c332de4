"""What the circuit is made of: its options and its weights."""

import dataclasses
import math
from typing import Annotated
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import clamp
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Defaults are the authors': 4 weights, or 5 to 6 with controls."""

  num_joints: limits.Count = 5  # n; bodies are one more
  shared: bool = True  # one weight of a kind for all joints and both sides
  constrained: bool = True  # holds the signs of weights
  period: Annotated[int, limits.Range(2)] = 60  # P, control steps
  num_turn_joints: limits.Count = 1  # k
  speed: bool = False  # reads a speed
  turn: bool = False  # reads right and left
  constant: bool = True  # weights start at 1 and -1; False: uniform
  proprioception: bool = True  # False: joints do not sense the one before
  oscillator: bool = True  # False: nothing drives the first
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if self.num_turn_joints > self.num_joints:
      raise ValueError(
          'ncap.Config.num_turn_joints must be at most num_joints ='
          f' {self.num_joints}, got {self.num_turn_joints}.'
      )


class Params(NamedTuple):
  """Weights [] where shared; None where the config leaves a part out."""

  proprioception: jax.Array | None  # else [2, n - 1], dorsal and ventral
  oscillator: jax.Array | None  # else [2]
  ipsilateral: jax.Array  # else [2, n], onto the muscle of the same side
  contralateral: jax.Array  # else [2, n], onto it from the other side's neuron
  speed: jax.Array | None = None  # else [2, n]
  turn: jax.Array | None = None  # else [2, k]


_INHIBITORY = ('contralateral', 'speed')


def init(key: jax.Array, config: Config) -> Params:
  """Returns weights: +1 excites, -1 inhibits, unless the config says other.

  Without `constant` they are U(0, 1) and U(-1, 0). Without `constrained` their
  signs are drawn too: +-1 with equal odds, or U(-1, 1).
  """
  dtype = dtypes.named(config.param_dtype)

  def draw(index, name, shape):
    own = jax.random.fold_in(key, index)
    sign = -1.0 if name in _INHIBITORY else 1.0
    if config.constrained:
      if config.constant:
        return jnp.full(shape, sign, dtype)
      return sign * jax.random.uniform(own, shape, dtype)
    if config.constant:
      return jax.random.rademacher(own, shape, dtype)
    return jax.random.uniform(own, shape, dtype, -1, 1)

  wanted = shapes(config)
  drawn: Any = [
      None if wanted[name] is None else draw(i, name, wanted[name])
      for i, name in enumerate(Params._fields)
  ]
  return Params(*drawn)


def effective(params: Params, config: Config) -> Params:
  """Returns the weights as they act: with their signs held, if they are.

  Args:
    params: weights, or many of them [..., shape] at once.
    config: static.

  Raises:
    ValueError: if the config has other parts.
  """
  _check_parts(params, config)
  if not config.constrained:
    return params
  held: dict[str, Any] = {}
  for name, weight in params._asdict().items():
    ends = (None, 0) if name in _INHIBITORY else (0, None)
    held[name] = None if weight is None else clamp.clamp(weight, *ends)
  return Params(**held)


def check(params: Params, config: Config) -> None:
  """Refuses weights of another config.

  Raises:
    ValueError: naming the weight, what was expected and what came.
  """
  _check_parts(params, config)
  for name, shape in shapes(config).items():
    found = np.shape(getattr(params, name))
    if shape is not None and found != shape:
      sort = 'shared' if config.shared else f'num_joints={config.num_joints}'
      raise ValueError(
          f'params.{name} must be {list(shape)} ({sort}), got shape'
          f' {list(found)}.'
      )


def _check_parts(params, config):
  for name, shape in shapes(config).items():
    if (getattr(params, name) is None) != (shape is None):
      verb = 'be None' if shape is None else 'be given'
      raise ValueError(
          f'params.{name} must {verb}: ncap.Config.{name} is'
          f' {shape is not None}.'
      )


def num_params(config: Config) -> int:
  """Returns how many weights there are."""
  found = shapes(config).values()
  return sum(math.prod(shape) for shape in found if shape is not None)


def shapes(config: Config) -> dict[str, tuple[int, ...] | None]:
  """Returns the shape of each weight; None: there is none."""
  count = config.num_joints
  full = {
      'proprioception': (2, count - 1), 'oscillator': (2,),
      'ipsilateral': (2, count), 'contralateral': (2, count),
      'speed': (2, count), 'turn': (2, config.num_turn_joints),
  }  # fmt: skip
  parts = ('proprioception', 'oscillator', 'speed', 'turn')
  left_out = {name for name in parts if not getattr(config, name)}
  return {
      name: None if name in left_out else () if config.shared else shape
      for name, shape in full.items()
  }
