"""Configs say their own limits."""

import dataclasses
import math
from typing import Annotated
from typing import Any
from typing import Literal

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  count: limits.Count = 1
  natural: limits.Natural = 0
  finite: limits.Finite = 0.0
  positive: limits.Positive = 1.0
  decay: limits.Fraction = 0.5
  chance: limits.Probability = 0.5
  ceiling: Annotated[float, limits.Range(high=0, infinite=True)] = -1.0
  kind: Literal['a', 'b'] = 'a'
  size: limits.Count | None = None
  widths: Annotated[tuple[limits.Count, ...], limits.Some(distinct=True)] = (1,)
  steps: Annotated[tuple[int, ...], limits.Some(rising=True)] = (0, 1)
  pair: tuple[limits.Positive, limits.Finite] = (1.0, 0.0)
  name: str = ''
  flag: bool = False
  anything: float = math.inf
  whatever: Any = None
  layers: tuple[tuple[Any, Any], ...] = ()

  __post_init__ = limits.check


class LimitsTest(parameterized.TestCase):

  @parameterized.parameters(
      dict(count=3),
      dict(count=np.int64(3)),
      dict(finite=-2),
      dict(positive=np.float32(0.5)),
      dict(decay=0),
      dict(chance=1),
      dict(ceiling=-math.inf),
      dict(size=4),
      dict(widths=(3, 1)),
      dict(steps=(-1, 0, 7)),
      dict(pair=(2, -1)),
      dict(flag=True),
      dict(whatever=print),
      dict(layers=((math, 3),)),
  )
  def test_values_within_limits_pass(self, **kwargs):
    self.assertEqual({k: getattr(Config(**kwargs), k) for k in kwargs}, kwargs)

  @parameterized.parameters(
      (dict(count=0), 'count must be a whole number, at least 1, got 0.'),
      (dict(count=1.5), 'count must be a whole number, at least 1, got 1.5.'),
      (dict(count=True), 'count must be a whole number'),
      (dict(natural=-1), 'natural must be a whole number, at least 0, got -1.'),
      (dict(finite=math.inf), 'finite must be finite, got inf.'),
      (dict(finite=math.nan), 'finite must be finite, got nan.'),
      (dict(finite='1'), "finite must be finite, got '1'."),
      (dict(positive=0.0), 'positive must be positive, got 0.0.'),
      (dict(decay=1.0), r'decay must be in \[0, 1\), got 1.0.'),
      (dict(chance=1.1), r'chance must be in \[0, 1\], got 1.1.'),
      (dict(ceiling=1.0), 'ceiling must be at most 0, got 1.0.'),
      (dict(kind='c'), "kind must be one of 'a', 'b', got 'c'."),
      (dict(size=0), 'size must be a whole number, at least 1 or None, got 0.'),
      (dict(widths=()), r'widths must be .*one or more, each once, got \(\).'),
      (dict(widths=(2, 2)), r'each once, got \(2, 2\).'),
      (dict(widths=(2, 0)), r'at least 1.*, got \(2, 0\).'),
      (dict(widths=3), 'widths must be .*, got 3.'),
      (dict(steps=(1,)), r'steps must be .*two or more, rising, got \(1,\).'),
      (dict(steps=(0, 2, 1)), r'rising, got \(0, 2, 1\).'),
      (dict(steps=(0, 1, 1)), r'rising, got \(0, 1, 1\).'),
      (dict(pair=(1.0,)), r'pair must be a tuple of 2, got \(1.0,\).'),
      (dict(pair=(0.0, 0.0)), r'pair must be .*positive, got \(0.0, 0.0\).'),
      (dict(name=3), 'name must be a str, got 3.'),
      (dict(flag=2), 'flag must be a bool, got 2.'),
      (dict(anything=math.nan), 'anything must be a number, got nan.'),
  )
  def test_value_out_of_limits_is_named(self, kwargs, message):
    with self.assertRaisesRegex(ValueError, message):
      Config(**kwargs)

  def test_name_is_that_of_the_module_or_of_a_launcher(self):
    inside = type('Config', (), {'__module__': 'nmlib.neurons.spiking.lif'})
    package = type('Config', (), {'__module__': 'nmlib.neurons.bdh.config'})
    self.assertEqual(limits.full_name(inside, 'tau'), 'lif.Config.tau')
    self.assertEqual(limits.full_name(package, 'tau'), 'bdh.Config.tau')
    self.assertEqual(limits.full_name(Config, 'tau'), 'config.tau')

  def test_limits_in_words(self):
    words = limits.described(Config)
    self.assertEqual(words['positive'], 'positive')
    self.assertEqual(words['kind'], "one of 'a', 'b'")
    self.assertEqual(words['size'], 'a whole number, at least 1 or None')
    self.assertEqual(words['count'], 'a whole number, at least 1')
    self.assertEqual(words['name'], '')


if __name__ == '__main__':
  absltest.main()
