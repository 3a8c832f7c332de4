"""Examples of a data set: drawn by (seed, step), and measured on."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import itertools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy.typing as npt
import optax


class Examples(NamedTuple):
  """N inputs with their labels."""

  inputs: Any  # [N, ...], or a pytree of such
  labels: Any  # [N]


class Split(NamedTuple):
  """Examples to learn from, to choose by, to report."""

  train: Examples
  validation: Examples
  test: Examples


def split(
    parts: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]],
    of: Callable[[Any], npt.ArrayLike] = jnp.asarray,
) -> Split:
  """Returns the parts of a data set as JAX arrays.

  Args:
    parts: inputs [N, ...] and labels [N] of three parts, in the order of
      `Split`.
    of: changes the inputs of a part, as by flattening images.
  """
  return Split(
      *(Examples(jnp.asarray(of(x)), jnp.asarray(y)) for x, y in parts)
  )


def step_key(key: jax.Array, step: jax.Array) -> jax.Array:
  """Returns the key of a step's data, apart from that of its loss.

  Args:
    key: of the seed, as `Stage.data` is given it.
    step: int [].
  """
  return jax.random.fold_in(jax.random.fold_in(key, step), 1)


def fresh(
    draw: Callable[[jax.Array], Any], size: int
) -> Callable[[jax.Array, jax.Array], Any]:
  """Returns the `data` of a `Stage` whose examples never come again.

  Args:
    draw: an example, a pytree of arrays, from its key.
    size: examples a batch.
  """
  return lambda key, step: jax.vmap(draw)(
      jax.random.split(step_key(key, step), size)
  )


def sample(key: jax.Array, examples: Any, size: int) -> Any:
  """Draws rows of a pytree of arrays [N, ...] with replacement, [size, ...].

  Args:
    key: a step's own, `fold_in(key of the seed, step)`.
    examples: such as `Examples`.
    size: how many.
  """
  count = jax.tree.leaves(examples)[0].shape[0]
  rows = jax.random.randint(key, (size,), 0, count)
  return jax.tree.map(lambda leaf: leaf[rows], examples)


def shuffled(key: jax.Array, step: jax.Array, examples: Any, size: int) -> Any:
  """Takes the next rows of an order that is new every epoch, [size, ...].

  The last rows of an epoch that do not fill a batch are left out.

  Args:
    key: of the seed.
    step: int [], batches drawn so far.
    examples: a pytree of arrays [N, ...].
    size: how many, at most N.
  """
  count = jax.tree.leaves(examples)[0].shape[0]
  per_epoch = count // size
  epoch, place = step // per_epoch, step % per_epoch
  order = jax.random.permutation(jax.random.fold_in(key, epoch), count)
  rows = jax.lax.dynamic_slice(order, (place * size,), (size,))
  return jax.tree.map(lambda leaf: leaf[rows], examples)


def in_epochs(
    examples: Any, size: int
) -> Callable[[jax.Array, jax.Array], Any]:
  """Returns the `data` of a `Stage` that shows every row once an epoch.

  Orders are new every epoch, as those of `shuffled`, and not drawn with the
  keys of the loss, `fold_in(key, step)`.

  Args:
    examples: a pytree of arrays [N, ...].
    size: examples a batch; N, if it is more.
  """
  examples = jax.tree.map(jnp.asarray, examples)
  size = min(size, len(jax.tree.leaves(examples)[0]))
  return lambda key, step: shuffled(
      jax.random.fold_in(key, 2**31 + 1), step, examples, size
  )


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
  """Mean cross-entropy of logits [..., K] and labels int [...], nats."""
  return jnp.mean(
      optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels)
  )


def heads_cross_entropy(
    logits: jax.Array, sizes: Mapping[str, int], labels: Mapping[str, jax.Array]
) -> jax.Array:
  """Sums the cross-entropies of several questions to one network, nats, [].

  Args:
    logits: [K], those of one question after those of another.
    sizes: how many of each question, in their order; their sum is K.
    labels: int [], of the questions that are asked.

  Raises:
    ValueError: if the sizes do not add up.
  """
  if logits.shape[-1] != sum(sizes.values()):
    raise ValueError(
        f'logits must be {sum(sizes.values())}, as many as {dict(sizes)}, got'
        f' {logits.shape[-1]}.'
    )
  ends = list(itertools.accumulate(sizes.values()))
  parts = dict(zip(sizes, jnp.split(logits, ends[:-1], -1), strict=True))
  costs = [cross_entropy(parts[head], labels[head]) for head in labels]
  return sum(costs, jnp.zeros(()))


def accuracy(
    apply: Callable[[Any], jax.Array],
    examples: Examples,
    *,
    batch_size: int | None = None,
) -> jax.Array:
  """Share of examples whose largest logit is that of the label, [].

  Args:
    apply: logits [K] of one input.
    examples: N of them.
    batch_size: how many at a time; None: all at once.
  """
  if batch_size is None:
    logits = jax.vmap(apply)(examples.inputs)
  else:
    logits = jax.lax.map(apply, examples.inputs, batch_size=batch_size)
  return jnp.mean(jnp.argmax(logits, -1) == examples.labels, dtype=float)


def means(
    measure: Callable[[Any, jax.Array], Any],
    examples: Any,
    key: jax.Array,
    *,
    batch_size: int = 250,
) -> Any:
  """Averages what is measured of examples, each with a key of its own.

  Args:
    measure: `(example, key) -> pytree of scalars`, of one example.
    examples: a pytree of arrays [N, ...].
    key: split to N.
    batch_size: how many at a time.

  Returns:
    The pytree, of means [].
  """
  count = len(jax.tree.leaves(examples)[0])
  rows = examples, jax.random.split(key, count)
  every = jax.lax.map(lambda row: measure(*row), rows, batch_size=batch_size)
  return jax.tree.map(jnp.mean, every)
