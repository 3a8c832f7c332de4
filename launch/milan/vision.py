"""The networks of `launch.milan`: training, exemplars, deletions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.milan.config import HEADS
from launch.milan.config import Config
from nmlib import train
from nmlib.analysis import deletion
from nmlib.analysis import dissection
from nmlib.analysis import exemplars
from nmlib.data import lettered_shapes
from nmlib.data import region_descriptions as regions
from nmlib.networks.vision import cnn
from nmlib.neurons import sites


def stage(config: Config, name: str = 'networks') -> train.Stage:
  """Returns the training of the networks, or of the 'encoder'.

  Networks tell shape and colour, beside letters that tell the shape; the
  encoder tells all factors, beside any letters.
  """
  encoder = name == 'encoder'
  heads = list(HEADS) if encoder else ['shape', 'colour']
  letters: lettered_shapes.Letters = 'any' if encoder else 'telling'
  draw = lambda key: lettered_shapes.draw(key, letters, config.lettered)

  def loss(params, shown, key):
    del key
    logits = cnn.apply(params, shown.picture.image - 0.5, config.network).logits
    parts = jnp.split(logits, np.cumsum(list(HEADS.values()))[:-1])
    costs = {
        head: train.cross_entropy(part, getattr(shown.factors, head))
        for head, part in zip(HEADS, parts, strict=True)
    }
    return sum((costs[head] for head in heads), jnp.zeros(())), {}

  steps = config.num_updates
  at_once = 50 if steps % 50 == 0 else 1
  return train.Stage(
      name=name, init=lambda key: cnn.init(key, config.network), loss=loss,
      optimizer=optax.adam(
          optax.cosine_decay_schedule(config.learning_rate, steps)
      ),
      data=train.fresh(draw, config.batch_size),
      loop=train.Loop(steps, steps_per_call=at_once, log_every=at_once),
      seeds=(0,) if encoder else tuple(range(config.num_seeds)),
  )  # fmt: skip


def images(
    config: Config,
    seed: int,
    count: int,
    letters: lettered_shapes.Letters = 'telling',
) -> lettered_shapes.Shown:
  """Draws images [N], apart from those of training."""
  key = jax.random.key(10_000 + seed)
  return lettered_shapes.many(key, count, letters, config.lettered)


def layers(config: Config) -> dict[str, int]:
  """Returns the units of each site that is dissected."""
  channels = config.network.channels
  return {f'conv_post_{i}': units for i, units in enumerate(channels)}


def _look(params, image, config, **options):
  network = lambda p, x, site: cnn.apply(p, x, config.network, site=site).logits
  return sites.run(network, params, image - 0.5, **options)


@functools.partial(jax.jit, static_argnames='config')
def accuracy(
    params: cnn.Params,
    shown: lettered_shapes.Shown,
    deleted: jax.Array,
    config: Config,
) -> jax.Array:
  """Returns the share of shapes told right with units [U] deleted, []."""
  edits = deletion.edits(deleted, layers(config))
  shape = lambda x: jnp.argmax(
      _look(params, x, config, edits=edits)[0][: HEADS['shape']]
  )
  told = jax.vmap(shape)(shown.picture.image)
  return jnp.mean(told == shown.factors.shape)


@functools.partial(jax.jit, static_argnames='config')
def dissect(
    params: cnn.Params,
    encoder: cnn.Params,
    shown: lettered_shapes.Shown,
    config: Config,
) -> dict[str, jax.Array]:
  """Finds the exemplars of all U units of a network, and what they show.

  Returns:
    `images` int [U, k], `masks` bool [U, k, S, S], `features` [U, k, F] that
    the encoder has inside the masks, and `facts` bool [U, FACTS].
  """
  seen = lambda p, x: _look(p, x, config, capture=tuple(layers(config)))[1]
  found = exemplars.joined(
      exemplars.find(
          functools.partial(seen, params), shown.picture.image,
          k=config.exemplars, q=config.quantile,
      )
  )  # fmt: skip

  def of_unit(given):
    chosen, masks = given
    few = jax.tree.map(lambda a: a[chosen], shown)
    maps = jax.vmap(functools.partial(seen, encoder))(few.picture.image)
    inside = regions.regions(
        few.factors, masks, few.picture.object_mask, few.picture.glyph_mask
    )
    features = jax.vmap(dissection.masked_pyramid_pool)(
        list(maps.values()), masks
    )
    return features, regions.facts(inside)

  features, facts = jax.lax.map(of_unit, (found.images, found.masks))
  return dict(
      images=found.images, masks=found.masks, features=features, facts=facts
  )
