"""Paths of images, and what is lost and gained when they are edited."""

from collections.abc import Callable
import functools
from typing import Any

import jax
import jax.numpy as jnp

from launch.neuron_path.config import Config
from nmlib.analysis import neuron_path

METHODS = (
    'neuron path', 'completeness form', 'integrated gradients', 'activation',
    'influence pattern', 'random',
)  # fmt: skip


# [N, M] of each method's path, `removed` [N, M, K] of each number of neurons.
OF_METHODS = (
    'score', 'completeness', 'removed', 'removed_right', 'enhanced',
    'enhanced_right', 'kept',
)  # fmt: skip


def programs(subject_of: Callable[[Any], neuron_path.Subject], config: Config):
  """Returns two compiled functions, of parameters and images.

  `paths(params, images, labels, keys)` gives arrays [N, ...] by name: those of
  `OF_METHODS`, `probability` and `right` of the plain network, and `neurons`
  [N, L] of the neuron path. `exact(params, images, labels)` gives `fast` and
  `exact`, scores of all candidates [N, L, D].
  """

  def paths(params, *rows):
    one = functools.partial(_one, subject_of(params), config)
    return jax.lax.map(lambda row: one(*row), rows)

  def exact(params, *rows):
    subject = subject_of(params)

    def one(row):
      probe = subject.probe(*row)
      path = neuron_path.locate(probe, steps=config.steps)
      layers, size = probe.clean.shape
      chosen = jax.nn.one_hot(path.neurons[:, 0], size, dtype=bool)

      def score(layer):
        below = (jnp.arange(layers) < layer)[:, None]
        return neuron_path.exact_scores(
            probe, chosen & below, layer, steps=config.steps
        )

      slow = jax.lax.map(score, jnp.arange(layers))
      return {'fast': path.scores, 'exact': slow}

    return jax.lax.map(one, rows)

  return jax.jit(paths), jax.jit(exact)


def _one(subject, config, image, label, key):
  probe = subject.probe(image, label)
  ranked = _ranked(subject, config, probe, image, label, key)
  effects = functools.partial(_effects, subject, config, probe, image, label)
  found = jax.lax.map(effects, ranked)  # a row a path
  named = len(METHODS) - 1  # the last is chance, the mean of its paths
  found = {
      name: jnp.concatenate([rows[:named], rows[named:].mean(0, keepdims=True)])
      for name, rows in found.items()
  }
  plain = subject.edited(image, jnp.ones(probe.clean.shape))
  return found | {
      'probability': jax.nn.softmax(plain)[label],
      'right': jnp.float32(jnp.argmax(plain) == label),
      'neurons': ranked[0, 0, :, 0],
  }


def _ranked(subject, config, probe, image, label, key):
  """Returns paths [R, K's, L, max K]; beyond its K each repeats the first."""
  counts, most = jnp.array(config.counts), max(config.counts)
  steps = dict(steps=config.steps)

  def search(form, count):
    return neuron_path.locate(
        probe, count=most, join=count, form=form, **steps
    ).neurons

  several = lambda form: jax.lax.map(functools.partial(search, form), counts)
  drawn = jax.random.uniform(key, (config.num_random, *probe.clean.shape))
  drawn = jax.lax.top_k(jnp.where(probe.clean == 0, -1, drawn), most)[1]
  nested = [
      neuron_path.integrated_gradients_path(probe, count=most, **steps),
      neuron_path.activation_path(probe, most),
      neuron_path.influence_pattern_path(
          lambda x: subject.probe(x, label), image, count=most, **steps
      ),
      *drawn,
  ]
  of_all = lambda one: jnp.broadcast_to(one, (len(counts), *one.shape))
  found = [several('product_of_sums'), several('completeness')]
  found = jnp.stack([*found, *map(of_all, nested)])
  within = jnp.arange(most)[None] < counts[:, None]
  return jnp.where(within[None, :, None], found, found[..., :1])


def _effects(subject, config, probe, image, label, neurons):
  """Scores and edits of one path for each K, [K's, L, max K]."""
  layers, size = probe.clean.shape
  score = functools.partial(
      neuron_path.joint_attribution_score, probe, neurons[0], steps=config.steps
  )

  def after(operation, path):
    edit = neuron_path.edit_path(path, (layers, 1, size), operation)
    logits = subject.edited(image, edit.scale[:, 0])
    return jax.nn.softmax(logits)[label], jnp.float32(logits.argmax() == label)

  removed, right = jax.lax.map(functools.partial(after, 'remove'), neurons)
  enhanced, still = after('enhance', neurons[0])
  return {
      'score': score(), 'completeness': score(form='completeness'),
      'removed': removed, 'removed_right': right[0], 'enhanced': enhanced,
      'enhanced_right': still, 'kept': after('prune', neurons[-1])[0],
  }  # fmt: skip
