"""Any network that has sites, with dendrites on the neurons of its layers.

A network is a function `(params, x, site) -> outputs` of one example that runs
each layer as a site (see `nmlib.neurons.sites`), `site(name, layer,
layer_params, x)`, where `layer(layer_params, x)` gives pre-activations with
neurons on the last axis: dense layers, convolutions (channels last) and
recurrent cells alike; `mlp.apply` and `image_classifiers` are such networks.
Dendrites are an edit of the site. A name used several times (a cell in a loop)
is one layer with one set of dendrites; errors of all its uses count.
"""

from collections.abc import Callable
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons import sites
from nmlib.neurons.dendrites import perforated as dendrite_nodes

Network = Callable[..., jax.Array]  # (params, x, site)


class Params(NamedTuple):
  """A network and what has grown on it; K dendrites a neuron so far."""

  base: Any
  to_neuron: dict[str, tuple[jax.Array, ...]]  # K times [N]
  dendrites: dict[str, tuple[dendrite_nodes.Dendrite, ...]]


class Layer(NamedTuple):
  """What is known of a layer without running it."""

  params: Any  # shapes of its own parameters
  num_neurons: int
  shape: tuple[int, ...]  # of its pre-activations, uses in front if several
  dtype: Any


def layers(network: Network, base: Any, x: Any) -> dict[str, Layer]:
  """Returns what can carry dendrites, in order of first use.

  Those are the sites whose functions take parameters and inputs.

  Raises:
    ValueError: if a layer is used inside `lax.scan` or the like.
  """
  found = {}
  for name, site in sites.find(network, base, x).items():
    if len(site.inputs) == 2:
      uses = () if site.uses is None else (site.uses,)
      found[name] = Layer(
          site.inputs[0], site.shape[-1], (*uses, *site.shape), site.dtype
      )
  return found


def bare(network: Network, base: Any, x: Any, names=None) -> Params:
  """Returns a network with no dendrites yet.

  Args:
    network: the network.
    base: its parameters.
    x: one example, for shapes.
    names: of the layers that will carry dendrites; None takes all.

  Raises:
    ValueError: if the network has no layer of a given name.
  """
  known = layers(network, base, x)
  names = tuple(known) if names is None else tuple(names)
  for name in names:
    if name not in known:
      raise ValueError(
          f'the network has no layer {name!r} to grow dendrites on; it has'
          f' {", ".join(known)}.'
      )
  return Params(base, {n: () for n in names}, {n: () for n in names})


def init_candidates(
    key: jax.Array,
    network: Network,
    params: Params,
    x: Any,
    scale: float,
    *,
    relative: bool = False,
) -> dict[str, dendrite_nodes.Dendrite]:
  """Draws one candidate dendrite for each neuron that carries dendrites.

  Args:
    key: of the weights.
    network: the network.
    params: with the dendrites that it has.
    x: one example, for shapes.
    scale: standard deviation of the weights.
    relative: in units of the mean magnitude of each layer's own weights.
  """
  known = layers(network, params.base, x)
  own = {name: layer.params for name, layer in known.items()}
  if relative:
    tell = lambda layer, theta, x: sites.Edited(
        layer(theta, x), {'params': theta}
    )
    _, seen = sites.run(
        network, params.base, x, edits=dict.fromkeys(known, tell),
        capture=tuple(f'{name}/0/params' for name in known),
    )  # fmt: skip
    own = {name: seen[f'{name}/0/params'] for name in known}
  keys = jax.random.split(key, len(params.dendrites))
  return {
      name: dendrite_nodes.init(
          k, own[name], known[name].num_neurons, len(params.dendrites[name]),
          scale, relative=relative,
      )  # fmt: skip
      for k, name in zip(keys, params.dendrites, strict=True)
  }


def accept(
    params: Params, candidates: dict[str, dendrite_nodes.Dendrite]
) -> Params:
  """Adds the candidates, each with a weight of zero: nothing changes yet."""
  to_neuron, dendrites = {}, {}
  for name, weights in params.to_neuron.items():
    leaf = jax.tree.leaves(candidates[name].layer)[0]  # [..., N]
    to_neuron[name] = (*weights, jnp.zeros(leaf.shape[-1], leaf.dtype))
    dendrites[name] = (*params.dendrites[name], candidates[name])
  return Params(params.base, to_neuron, dendrites)


def edits(
    params: Params,
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
    perforated: bool = True,
) -> dict[str, sites.Function]:
  """Returns the edits of the network's layers that put dendrites on them.

  Args:
    params: with its dendrites.
    activation: of dendrites.
    perforated: send no error through dendrites to earlier layers.
  """

  def grown(name, layer, theta, x):
    return dendrite_nodes.apply(
        theta, params.dendrites[name], params.to_neuron[name], layer, x,
        activation=activation, perforated=perforated,
    )  # fmt: skip

  return {name: functools.partial(grown, name) for name in params.dendrites}


def apply(
    network: Network,
    params: Params,
    x: Any,
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
    perforated: bool = True,
) -> jax.Array:
  """Runs one example x; options as of `edits`."""
  changes = edits(params, activation=activation, perforated=perforated)
  return sites.run(network, params.base, x, edits=changes)[0]


def errors(
    network: Network,
    params: Params,
    x: Any,
    loss: Callable[[jax.Array], jax.Array],
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
) -> dict[str, jax.Array]:
  """Returns the error that arrives at each neuron's pre-activation.

  Args:
    network: the network.
    params: with its dendrites.
    x: one example.
    loss: of the outputs.
    activation: of dendrites.

  Returns:
    dL/da, [P, N] for each layer: uses and positions are samples.
  """
  known = layers(network, params.base, x)
  grown = edits(params, activation=activation)

  def of_probes(probes):
    probed = {
        name: (edit, sites.Edit(add=probes[name]))
        for name, edit in grown.items()
    }
    return loss(sites.run(network, params.base, x, edits=probed)[0])

  probes = {
      name: jnp.zeros(known[name].shape, known[name].dtype)
      for name in params.dendrites
  }
  return jax.tree.map(_samples, dendrite_nodes.errors_at(of_probes, probes))


def candidate_values(
    network: Network,
    params: Params,
    candidates: dict[str, dendrite_nodes.Dendrite],
    x: Any,
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
) -> dict[str, jax.Array]:
  """Returns what candidates answer, [P, N] for each layer, as `errors`.

  The network runs as it is: candidates listen and say nothing yet.
  """

  def listening(name, layer, theta, x):
    both = (*params.dendrites[name], candidates[name])
    *answers, value = dendrite_nodes.forward(
        both, layer, x, activation=activation
    )
    own = layer(theta, x)
    a = dendrite_nodes.combine(own, answers, params.to_neuron[name])
    return sites.Edited(a, {'candidate': value})

  changes = edits(params, activation=activation) | {
      name: functools.partial(listening, name) for name in candidates
  }
  keys = {name: f'{name}/candidate' for name in candidates}
  _, seen = sites.run(
      network, params.base, x, edits=changes, capture=tuple(keys.values())
  )
  return {name: _samples(seen[key]) for name, key in keys.items()}


def count(params: Any) -> int:
  """Returns the number of parameters, dendrites included."""
  return sum(leaf.size for leaf in jax.tree.leaves(params))


def _samples(values: jax.Array) -> jax.Array:
  """[..., N] to [P, N]."""
  return values.reshape(-1, values.shape[-1])
