"""What parts of a network do in two tasks, and what it loses without them.

The protocol is ours, in the spirit of Fartale et al. (arXiv 2510.03366): parts
are ranked on some prompts of two matched tasks, circuits chosen, and put out
on other prompts, beside matched random ones and on unrelated text.
"""

from collections.abc import Callable
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import patching
from nmlib.analysis.interpretability import dissociation
from nmlib.analysis.interpretability import probes
from nmlib.analysis.interpretability import task_circuits
from nmlib.analysis.interpretability import task_selectivity
from nmlib.neurons import sites

KINDS = ('mean', 'zero', 'resample')  # what stands in for what is put out
LEVELS = task_circuits.LEVELS

# (params, tokens [T], positions [P] or None, site) -> what has logits [P, V].
Network = Callable[[Any, jax.Array, jax.Array | None, sites.Sites], Any]


class Prompts(NamedTuple):
  """Prompts of two tasks, [2, B, ...] each, with their twins."""

  clean: Any  # int [T]
  corrupt: Any  # int [T], with another answer
  answers: Any  # int [2], of the clean prompt and of its twin
  groups: Any  # bool [G, T], groups of positions


def study(
    network: Network,
    params: Any,
    key: jax.Array,
    discovery: Prompts,
    test: Prompts,
    text: Any,
    counts: task_circuits.Counts,
    *,
    num_random: int = 20,
    permutations: int = 999,
) -> dict[str, np.ndarray]:
  """Chooses a circuit for each of two tasks, and puts them out.

  Args:
    network: with sites 'z', 'mlp_post', 'pattern', 'resid_pre'. Give the same
      function for every set of weights, and it is compiled once.
    params: weights.
    key: of the random circuits.
    discovery: prompts to choose by.
    test: others, to judge by.
    text: int [B, n], the control.
    counts: how many heads and neurons a circuit has.
    num_random: N, pairs of random circuits of as many parts in every layer.
    permutations: as of `task_selectivity.neuron_selectivity`.

  Returns:
    By name, scores being (right or not, logit difference):

    - intact [2, B, 2]: scores of the test prompts of each task.
    - KIND [3, 2, 2, B, 2]: scores without a circuit: at each of LEVELS, the
      circuit of each task put out by each of KINDS, on each task.
    - random [3, N, 2, 2, B]: whether right, without random circuits, 'mean'.
    - text [3]: loss of the text, whole and without the circuit of each task.
    - own_heads [2, L, H], own_neurons [2, L, m]: the circuits.
    - layers [2, 3, L, B]: effects of layers (`task_circuits.Effects`).
    - grid [2, L, G]: what one clean 'resid_pre' of a group brings back.
    - entropy [2, L, H], mass [2, L, H, G]: of attention at the last token.
    - d_prime, auroc, told [L, m]: how neurons tell the tasks apart there, and
      which do at a false discovery rate of 5 %.

  Raises:
    ValueError: as of `task_circuits.effects` and `choose`.
  """
  each = lambda one, i: jax.tree.map(lambda leaf: leaf[i], one)
  pairs = [_discovered(params, each(discovery, i), network) for i in range(2)]
  effects = [task_circuits.Effects(*map(jnp.asarray, p[0])) for p in pairs]
  own = task_circuits.choose(effects[0], effects[1], counts)
  draw = jax.vmap(dissociation.matched_random_circuit)
  random = [
      draw(jax.random.split(jax.random.fold_in(key, i), 2), own)
      for i in range(num_random)
  ]
  whole = {name: jnp.stack([p[1][name] for p in pairs]) for name in pairs[0][1]}
  found = whole | {
      'layers': jnp.stack([one.layers for one in effects]),
      'own_heads': own.heads, 'own_neurons': own.neurons,
  }  # fmt: skip
  none = jax.tree.map(lambda leaf: jnp.zeros_like(leaf[:1]), own)
  put_out = [none, *map(task_circuits.levels, [own, *random])]
  every = jax.tree.map(lambda *a: jnp.concatenate(a), *put_out)
  few = jax.tree.map(lambda leaf: leaf[: 1 + 2 * len(LEVELS)], every)
  for kind in KINDS:
    some = every if kind == KINDS[0] else few
    scores = jnp.stack([
        _lesioned(params, each(test, i), some, network, kind) for i in range(2)
    ], 1)  # [E, 2, B, 2]  # fmt: skip
    found['intact'] = scores[0]
    shape = -1, len(LEVELS), 2, *scores.shape[1:]
    own_first = scores[1:].reshape(shape)
    found[kind] = own_first[0]
    if kind == KINDS[0]:
      found['random'] = own_first[1:, ..., 0].swapaxes(0, 1)
  three = jax.tree.map(lambda leaf: leaf[jnp.array([0, 5, 6])], every)
  found['text'] = _text_loss(params, text, three, network)
  told = task_selectivity.neuron_selectivity(
      *np.asarray(found.pop('activity')), permutations=permutations
  )
  found |= {
      'd_prime': told.d_prime, 'auroc': told.auroc,
      'told': probes.false_discoveries(told.p_values),
  }  # fmt: skip
  return {name: np.asarray(value) for name, value in found.items()}


def summarize(
    found: dict[str, np.ndarray], threshold: float = 1.0
) -> dict[str, np.ndarray]:
  """Returns what `study` found in numbers that claims can be held to.

  Args:
    found: of `study`.
    threshold: as of `dissociation.classify_layers`.

  Returns:
    By name:

    - accuracy [2]: of the whole network on each task.
    - lost KIND [3, 2, 2]: accuracy lost without a circuit, on each task.
    - index KIND [3, 3]: double dissociation at each level, low and high.
    - random [3, N]: the same index of random circuits.
    - text [2]: change of the text's loss without each circuit, relative.
    - depth [2]: mean layer of each task, weighted by what its loss costs.
    - classes [L], stability [L]: of layers.
    - read [2, 1 + G]: entropy, and mass of groups, mean of a circuit's heads.
    - apart [3, 3]: of neurons of each circuit, and of all, the share that is
      told apart, mean abs d', and mean AUROC in whichever direction is above
      0.5.
  """
  right = found['intact'][..., 0]
  measured = {'accuracy': right.mean(-1)}
  for kind in KINDS:
    rows = [
        dissociation.double_dissociation(right, level[..., 0])
        for level in found[kind]
    ]
    measured[f'lost {kind}'] = np.array([row.drops for row in rows])
    measured[f'index {kind}'] = np.array(
        [(row.index, row.low, row.high) for row in rows]
    )
  lost = right.mean(-1) - found['random'].mean(-1)  # [3, N, 2, 2]
  own, other = lost[..., [0, 1], [0, 1]], lost[..., [0, 1], [1, 0]]
  layers = found['layers'][:, 2]  # [2, L, B], of heads and neurons
  weight = np.maximum(layers.mean(-1), 0)
  total = np.maximum(weight.sum(-1), np.finfo(weight.dtype).tiny)
  of_tasks = layers.mean(-1)
  read = np.concatenate([found['entropy'][..., None], found['mass']], -1)
  directed = np.abs(found['auroc'] - 0.5) + 0.5
  apart = np.stack([found['told'], np.abs(found['d_prime']), directed], -1)
  some = [*found['own_neurons'], np.ones_like(found['told'])]
  return measured | {
      'read': np.stack([
          values[heads].mean(0)
          for values, heads in zip(read, found['own_heads'], strict=True)
      ]),
      'apart': np.stack([apart[neurons].mean(0) for neurons in some]),
      'random': (own - other).sum(-1),
      'text': found['text'][1:] / found['text'][0] - 1,
      'depth': weight @ np.arange(weight.shape[1]) / total,
      'classes': np.asarray(
          dissociation.classify_layers(of_tasks[0], of_tasks[1], threshold)
      ),
      'stability': np.asarray(
          dissociation.class_stability(*layers, threshold=threshold)
      ),
  }  # fmt: skip


def _runner(network, params, positions):
  """Returns `run` of one example; see `nmlib.analysis.patching`."""
  return sites.runner(
      lambda tokens, site: network(params, tokens, positions, site)
  )


def _answering(network, params):
  return _runner(network, params, jnp.array([-1]))


@functools.partial(jax.jit, static_argnames=('network', 'kind'))
def _lesioned(params, one, circuits, network, kind):
  """Returns whether answers are right, and logit differences [E, B, 2]."""
  return task_circuits.lesions(
      _answering(network, params), one.clean, circuits, task_circuits.scores,
      one.answers, kind=kind,
  )  # fmt: skip


@functools.partial(jax.jit, static_argnames='network')
def _text_loss(params, text, circuits, network):
  """Returns the mean loss of texts without each circuit, [E]."""

  def nats(outputs, tokens):
    logs = jax.nn.log_softmax(outputs.logits[:-1])
    return -jnp.mean(jnp.take_along_axis(logs, tokens[1:, None], 1))

  read = _runner(network, params, None)
  return task_circuits.lesions(read, text, circuits, nats, text).mean(1)


@functools.partial(jax.jit, static_argnames='network')
def _discovered(params, one, network):
  """Returns effects of all parts on a task; patches, attention, activity."""
  run = _answering(network, params)
  capture = 'pattern', 'mlp_post'
  seen = jax.vmap(lambda x: run(x, {}, capture)[1])(one.clean)
  count = seen['pattern'].shape[1]
  layers = patching.one_at_a_time((count, 1, 1), (0,))

  def grid(clean, corrupt, answers, groups):
    masks = layers[:, None] & groups[None, :, None, :, None]  # [L, G, L, T, 1]
    return patching.activation_patch(
        run, clean[None], corrupt[None], 'resid_pre',
        masks.reshape(-1, *masks.shape[2:]), task_circuits.difference,
        answers[None],
    )  # fmt: skip

  moved = jax.vmap(grid)(*one)
  effect = patching.normalized_effect(
      moved.values[..., 0].T, moved.corrupt[:, 0], moved.clean[:, 0]
  )
  spread = lambda pattern, groups: task_selectivity.attention_statistics(
      pattern[..., -1, :], {str(i): group for i, group in enumerate(groups)}
  )
  entropy, mass = jax.vmap(spread)(seen['pattern'], one.groups)
  return task_circuits.effects(run, one.clean, one.answers), {
      'grid': effect.reshape(count, -1),
      'entropy': entropy.mean(0),
      'mass': jnp.stack(list(mass.values()), -1).mean(0),  # [L, H, G]
      'activity': seen['mlp_post'][:, :, -1],  # [B, L, m]
  }
