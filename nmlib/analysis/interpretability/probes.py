"""Linear probes, what they would find by chance, and tests of many units."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from nmlib.neurons.core import checks


class Probe(NamedTuple):
  """How well a linear read-out tells classes on held-out states."""

  accuracy: jax.Array  # []
  control: jax.Array  # [R], of probes of shuffled labels
  selectivity: jax.Array  # [], accuracy less the mean of the control


class Weights(NamedTuple):
  kernel: jax.Array  # [d, C]
  bias: jax.Array  # [C]


def logistic_regression(
    states: jax.Array,
    labels: jax.Array,
    num_classes: int,
    *,
    penalty: float = 1.0,
    steps: int = 100,
) -> Weights:
  """Returns the minimum of summed cross-entropy + penalty |W|^2 / 2.

  By L-BFGS, without a stop: composes with `vmap` over labels or sites.

  Args:
    states: [n, d], standardised.
    labels: int [n], in [0, C).
    num_classes: C.
    penalty: as 1 / C of scikit-learn's LogisticRegression.
    steps: of L-BFGS.

  Raises:
    ValueError: if shapes do not fit, there are no states, a label is none, or
      C is below 2.
  """
  checks.shape('states', states, 'n', 'd')
  checks.count('the number of states', len(states))
  checks.shape('labels', labels, n=len(states))
  checks.indices('labels', labels, num_classes)
  checks.count('num_classes', num_classes, 2)
  checks.within('states', states, -np.inf, np.inf)  # no NaN
  states = jnp.asarray(states, jnp.result_type(states, jnp.float32))

  def loss(weights):
    logits = states @ weights.kernel + weights.bias[None]
    nats = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return jnp.sum(nats) + penalty / 2 * jnp.sum(weights.kernel**2)

  solver = optax.lbfgs()
  value_and_grad = optax.value_and_grad_from_state(loss)

  def step(_, carry):
    weights, state = carry
    value, slope = value_and_grad(weights, state=state)
    moved, state = solver.update(
        slope, state, weights, value=value, grad=slope, value_fn=loss
    )
    return optax.apply_updates(weights, moved), state

  start = Weights(
      jnp.zeros((states.shape[1], num_classes), states.dtype),
      jnp.zeros(num_classes, states.dtype),
  )
  found = jax.lax.fori_loop(0, steps, step, (start, solver.init(start)))
  return found[0]


def linear_probe(
    key: jax.Array,
    states: jax.Array,
    labels: jax.Array,
    held_out_states: jax.Array,
    held_out_labels: jax.Array,
    num_classes: int = 2,
    *,
    penalty: float = 1.0,
    shuffles: int = 20,
) -> Probe:
  """Fits a probe on standardised states, and ones of shuffled labels.

  Hewitt & Liang 2019 (arXiv 1909.03368): a probe says something of the states
  only by how much better it is than one of labels that they cannot know.

  Args:
    key: of the shuffles.
    states: [n, d].
    labels: int [n].
    held_out_states: [m, d].
    held_out_labels: int [m].
    num_classes: C.
    penalty: as of `logistic_regression`.
    shuffles: R, at least 1.

  Raises:
    ValueError: as of `logistic_regression`; or if there is no shuffle, or
      nothing is held out.
  """
  checks.count('shuffles', shuffles)
  checks.shape('states', states, 'n', 'd')
  checks.count('the number of states', len(states))
  checks.shape('held_out_states', held_out_states, 'm', d=states.shape[1])
  checks.count('the number of held-out states', len(held_out_states))
  checks.shape('held_out_labels', held_out_labels, m=len(held_out_states))
  checks.indices('held_out_labels', held_out_labels, num_classes)
  checks.within('states', states, -np.inf, np.inf)
  checks.within('held_out_states', held_out_states, -np.inf, np.inf)
  wide = jnp.result_type(states, jnp.float32)
  states, held_out_states = states.astype(wide), held_out_states.astype(wide)
  shown, later = _standardised(states, held_out_states)

  def score(labels, wanted):
    found = logistic_regression(shown, labels, num_classes, penalty=penalty)
    said = jnp.argmax(later @ found.kernel + found.bias[None], -1)
    return jnp.mean(said == wanted, dtype=wide)

  def shuffled(key):
    keys = jax.random.split(key)
    mixed = jax.random.permutation
    return score(mixed(keys[0], labels), mixed(keys[1], held_out_labels))

  accuracy = score(labels, held_out_labels)
  control = jax.lax.map(shuffled, jax.random.split(key, shuffles))
  return Probe(accuracy, control, accuracy - jnp.mean(control))


def detector(
    states: jax.Array,
    labels: jax.Array,
    later: jax.Array,
    *,
    penalty: float = 1.0,
    steps: int = 100,
) -> jax.Array:
  """Returns scores [m] of later states by a classifier of two classes.

  Args:
    states: [n, d], to fit; they are standardised.
    labels: bool [n].
    later: [m, d], to score, such as for an AUROC.
    penalty: as of `logistic_regression`.
    steps: likewise.

  Raises:
    ValueError: as of `logistic_regression`, or if later states do not fit.
  """
  checks.shape('states', states, 'n', 'd')
  checks.count('the number of states', len(states))
  checks.shape('later', later, 'm', d=states.shape[1])
  shown, later = _standardised(states, later)
  labels = jnp.asarray(labels).astype(int)
  found = logistic_regression(shown, labels, 2, penalty=penalty, steps=steps)
  return later @ (found.kernel[:, 1] - found.kernel[:, 0])


def _standardised(
    states: jax.Array, later: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """Scales both by mean and deviation of the first, [n, d] and [m, d]."""
  mean = jnp.mean(states, 0, keepdims=True)
  spread = jnp.std(states, 0, keepdims=True)
  scaled = lambda x: (x - mean) / jnp.where(spread > 0, spread, 1)
  return scaled(states), scaled(later)


def sensitivity(positive: npt.ArrayLike, negative: npt.ArrayLike) -> np.ndarray:
  """Returns d' [...]: difference of means over the mean standard deviation.

  Args:
    positive: [n, ...].
    negative: [m, ...].

  Returns:
    (mean+ - mean-) / sqrt((var+ + var-) / 2); 0 where nothing varies and the
    means are equal, infinite where they are not.
  """
  positive, negative = np.asarray(positive), np.asarray(negative)
  apart = positive.mean(0) - negative.mean(0)
  spread = np.sqrt((positive.var(0) + negative.var(0)) / 2)
  with np.errstate(divide='ignore', invalid='ignore'):
    return np.where(apart == 0, 0.0, apart / spread)


def false_discoveries(
    p_values: npt.ArrayLike, rate: float = 0.05
) -> np.ndarray:
  """Returns which hypotheses [...] are rejected at a false discovery rate.

  Benjamini & Hochberg (1995), through SciPy.

  Raises:
    ValueError: if the rate is not in (0, 1), or a p-value not in [0, 1].
  """
  from scipy import stats  # slow to load: where it is used

  if not 0 < rate < 1:
    raise ValueError(f'rate must be in (0, 1), got {rate}.')
  p_values = np.asarray(p_values, float)
  adjusted = stats.false_discovery_control(p_values.ravel())
  return (adjusted <= rate).reshape(p_values.shape)
