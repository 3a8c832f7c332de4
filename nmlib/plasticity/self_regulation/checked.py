"""What a learner refuses in a sentence: other shapes, labels that are none."""

from typing import Any

from nmlib.neurons.core import checks
from nmlib.plasticity.self_regulation.config import Config


def batch(given: Any, config: Config) -> None:
  """Refuses a minibatch that does not fit, or names a class there is not."""
  checks.shape(
      'images',
      given.images,
      batch_size=config.batch_size,
      num_inputs=config.num_inputs,
  )
  checks.shape('labels', given.labels, batch_size=config.batch_size)
  checks.shape('swap', given.swap, classes=2)
  checks.shape('coin', given.coin, num_rates=config.num_rates)
  checks.indices('labels', given.labels, config.num_classes)
  checks.indices('swap', given.swap, config.num_classes)


def images(given: Any, labels: Any, config: Config) -> None:
  """Refuses images that are not [T, D], or labels that are not theirs."""
  checks.shape('images', given, 'T', num_inputs=config.num_inputs)
  checks.shape('labels', labels, images=len(given))
  checks.indices('labels', labels, config.num_classes)
  if not len(given):
    raise ValueError('a stream needs at least one image, got none.')


def start(rate: Any, step_ratio: Any) -> None:
  """Refuses a rate that is not positive, or a negative ratio, where seen."""
  if rate is not None and checks.is_concrete(rate) and not rate > 0:
    raise ValueError(f'rate must be positive, got {rate}.')
  seen = step_ratio is not None and checks.is_concrete(step_ratio)
  if seen and not step_ratio >= 0:
    raise ValueError(f'step_ratio must be at least 0, got {step_ratio}.')


def tested(given: Any, labels: Any, num_inputs: int, num_classes: int) -> None:
  """As `images`, of given sizes; refuses none, too."""
  checks.shape('images', given, 'N', num_inputs=num_inputs)
  checks.shape('labels', labels, images=len(given))
  checks.indices('labels', labels, num_classes)
  if not len(given):
    raise ValueError('accuracy needs at least one image, got none.')


def stream(
    num_images: int, order: Any, swaps: Any, coins: Any, config: Config
) -> None:
  """Refuses minibatches of other shapes, or of rows and classes there are not.

  Args:
    num_images: rows that there are.
    order: rows of each minibatch, [B, m].
    swaps: [B, 2].
    coins: [B, R].
    config: of the sizes.
  """
  checks.shape('order', order, 'B', batch_size=config.batch_size)
  count = len(order)
  checks.shape('swaps', swaps, minibatches=count, classes=2)
  checks.shape('coins', coins, minibatches=count, num_rates=config.num_rates)
  checks.indices('order', order, num_images)
  checks.indices('swaps', swaps, config.num_classes)
