"""Paths by every method, and what is lost and gained when they are edited."""

from collections.abc import Sequence
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.neuron_path import interventions
from nmlib.analysis.neuron_path import paths
from nmlib.analysis.neuron_path import scores
from nmlib.analysis.neuron_path import subjects

METHODS = (
    'neuron path', 'completeness form', 'integrated gradients', 'activation',
    'influence pattern', 'random',
)  # fmt: skip


class Comparison(NamedTuple):
  """Of one example, by the M `METHODS`; 'random' is the mean of its paths.

  Where several numbers of neurons are asked for, a path is of the first, but
  `kept` of the last.
  """

  score: jax.Array  # [M], joint attribution score
  completeness: jax.Array  # [M], the same in its completeness form
  removed: jax.Array  # [M, counts], probability without each number of neurons
  removed_right: jax.Array  # [M], 1 where the class is still the first
  enhanced: jax.Array  # [M], probability with the path doubled
  enhanced_right: jax.Array  # [M]
  kept: jax.Array  # [M], probability with all others removed
  probability: jax.Array  # [], of the plain network
  right: jax.Array  # []
  neurons: jax.Array  # int [L], the neuron path


def compare(
    subject: subjects.Subject,
    inputs: Any,
    label: jax.Array | int,
    key: jax.Array,
    *,
    counts: Sequence[int] = (1,),
    steps: int = 20,
    num_random: int = 20,
) -> Comparison:
  """Looks for paths by every method, scores and edits them.

  Both forms of the search are made anew for each number of neurons, of which
  all join the sums; the other methods rank once. Random paths are of neurons
  that are not 0.

  Args:
    subject: the network.
    inputs: of one example.
    label: its class.
    key: of random paths.
    counts: numbers of neurons a layer.
    steps: m, of integrals.
    num_random: random paths.

  Raises:
    ValueError: if there are not so many neurons, or the label is no class.
  """
  probe = subject.probe(inputs, label)
  is_first = lambda logits: (jnp.argmax(logits) == label).astype(logits.dtype)

  def after(neurons, operation):
    edit = interventions.edit_path(
        neurons, (len(neurons), 1, probe.clean.shape[1]), operation
    )
    logits = subject.edited(inputs, edit.scale[:, 0])
    return jax.nn.softmax(logits)[label], is_first(logits)

  def effects(several):  # [counts, L, most]
    first = several[0]
    score = functools.partial(
        scores.joint_attribution_score, probe, first, steps=steps
    )
    remove = functools.partial(after, operation='remove')
    removed, right = jax.lax.map(remove, several)
    enhanced, still = after(first, 'enhance')
    return {
        'score': score(), 'completeness': score(form='completeness'),
        'removed': removed, 'removed_right': right[0], 'enhanced': enhanced,
        'enhanced_right': still, 'kept': after(several[-1], 'prune')[0],
    }  # fmt: skip

  ranked = _ranked(
      subject, probe, inputs, label, key, counts, steps, num_random
  )
  named = len(METHODS) - 1  # the last is chance, the mean of its paths
  found = {
      name: jnp.concatenate([rows[:named], rows[named:].mean(0, keepdims=True)])
      for name, rows in jax.lax.map(effects, ranked).items()  # a row a path
  }
  plain = subject.edited(inputs, jnp.ones(probe.clean.shape))
  return Comparison(
      **found, probability=jax.nn.softmax(plain)[label],
      right=is_first(plain),
      neurons=ranked[0, 0, :, 0],
  )  # fmt: skip


def exact_search(
    probe: scores.Probe, *, steps: int = 20
) -> tuple[jax.Array, jax.Array]:
  """Scores all candidates of each layer as the search does, and exactly.

  Both above the path that the search found below; [L, D] each.
  """
  path = paths.locate(probe, steps=steps)
  chosen = scores.members(path.neurons, probe.clean.shape[1])
  number = jnp.arange(len(chosen))

  def exact(layer):
    below = chosen & (number < layer)[:, None]
    return scores.exact_scores(probe, below, layer, steps=steps)

  return path.scores, jax.lax.map(exact, number)


def _ranked(subject, probe, inputs, label, key, counts, steps, num_random):
  """Returns paths [R, counts, L, most]; beyond its count one repeats itself."""
  numbers, most = jnp.array(counts), max(counts)

  def searched(form):
    find = lambda count: paths.locate(
        probe, steps=steps, count=most, join=count, form=form
    ).neurons
    return jax.lax.map(find, numbers)

  drawn = jax.random.uniform(key, (num_random, *probe.clean.shape))
  drawn = jax.lax.top_k(jnp.where(probe.clean == 0, -1, drawn), most)[1]
  nested = [
      paths.integrated_gradients_path(probe, steps=steps, count=most),
      paths.activation_path(probe, most),
      paths.influence_pattern_path(
          lambda x: subject.probe(x, label), inputs, steps=steps, count=most
      ),
      *drawn,
  ]
  of_all = lambda one: jnp.broadcast_to(one, (len(counts), *one.shape))
  found = [searched('product_of_sums'), searched('completeness')]
  found = jnp.stack([*found, *map(of_all, nested)])
  within = jnp.arange(most)[None] < numbers[:, None]
  return jnp.where(within[None, :, None], found, found[..., :1])
