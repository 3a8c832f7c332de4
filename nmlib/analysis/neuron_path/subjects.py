"""What is searched: the neurons of a token, or the channels of some sites."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.analysis.neuron_path import scores
from nmlib.neurons import sites as sites_lib
from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization


class Subject(NamedTuple):
  """A network of one example, as search and edits want it."""

  probe: Callable[..., scores.Probe]  # (inputs, label)
  edited: Callable[..., jax.Array]  # (inputs, factors [L, D]) -> logits


def token_neurons(
    run: scores.Run, *, site: str = 'mlp_post', token: int = 0
) -> Subject:
  """Returns the neurons of one token in all layers of a site [L, T, D]."""

  def probe(inputs, label):
    return scores.probe(run, inputs, label, site=site, token=token)

  def edited(inputs, factors):
    length = jax.eval_shape(lambda: run(inputs, {}, (site,))[1][site]).shape[1]
    scores.check_token(token, length)
    here = (jnp.arange(length) == token)[None, :, None]
    scale = jnp.where(here, factors[:, None], 1)
    return run(inputs, {site: sites_lib.Edit(scale=scale)}, ())[0]

  return Subject(probe, edited)


def channels(run: scores.Run, names: Sequence[str]) -> Subject:
  """Returns the channels of sites [H, W, C_i], each a layer, C_i <= D.

  A channel's value is the root mean square of its map, which is scaled whole:
  value times gradient is what integrated gradients of the map would sum.

  Raises:
    ValueError: if no site is named.
  """
  if not names:
    raise ValueError('names must be one site or more, got none.')

  def factors_of(name, row, seen):
    return row[: seen[name].shape[-1]][None, None]

  def strength(values, widest):
    root = jnp.sqrt(jnp.mean(jnp.square(values), (0, 1)))
    return jnp.pad(root, (0, widest - len(root)))

  def probe(inputs, label):
    logits, seen = run(inputs, {}, tuple(names))
    checks.indices('label', jnp.asarray(label), logits.shape[-1])
    sizes = tuple(seen[name].shape[-1] for name in names)
    clean = jnp.stack([strength(seen[name], max(sizes)) for name in names])

    def probability(values, layers):
      factors = normalization.safe_ratio(values, clean)
      edits = {
          name: sites_lib.Edit(
              mask=layers[i],
              value=factors_of(name, factors[i], seen) * seen[name],
          )
          for i, name in enumerate(names)
      }
      return jax.nn.softmax(run(inputs, edits, ())[0])[label]

    return scores.Probe(probability, clean, sizes)

  def edited(inputs, factors):
    _, seen = run(inputs, {}, tuple(names))
    edits = {
        name: sites_lib.Edit(scale=factors_of(name, factors[i], seen))
        for i, name in enumerate(names)
    }
    return run(inputs, edits, ())[0]

  return Subject(probe, edited)
