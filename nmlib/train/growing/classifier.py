"""What grows: a network that can carry dendrites, and examples for it."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax

from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic
from nmlib.neurons.dendrites import perforated as dendrite_nodes
from nmlib.train import examples


class Classifier(NamedTuple):
  """A network, its dendrites, and the examples that it learns to tell apart.

  Parameters are those of ONE seed, `dendritic.Params`.
  """

  network: dendritic.Network  # whose outputs are logits
  activation: dendrite_nodes.Activation  # of dendrites
  data: examples.Split

  def bare(self, base: Any) -> dendritic.Params:
    """Returns the network with no dendrites yet; base: its parameters."""
    return dendritic.bare(self.network, base, self.data.train.inputs[0])

  def draw(
      self, key: jax.Array, params: dendritic.Params, scale: float,
      *, relative: bool = False,
  ) -> dendrite_candidates.Dendrites:  # fmt: skip
    """Draws a dendrite a neuron, as `dendritic.init_candidates` does."""
    own = self.network, params, self.data.train.inputs[0]
    return dendritic.init_candidates(key, *own, scale, relative=relative)

  def answer(
      self, params: dendritic.Params, x: Any, *, perforated: bool = True
  ) -> jax.Array:
    """Returns the logits [K] of one input, as `dendritic.apply` does."""
    return dendritic.apply(
        self.network, params, x, activation=self.activation,
        perforated=perforated,
    )  # fmt: skip

  def accuracy(
      self, params: dendritic.Params, part: examples.Examples
  ) -> jax.Array:
    """Returns the share of examples that are told right, []."""
    return examples.accuracy(lambda x: self.answer(params, x), part)

  def samples(self, params: dendritic.Params, part: examples.Examples) -> tuple[
      Callable[[dendrite_candidates.Dendrites], dendrite_candidates.Layers],
      dendrite_candidates.Layers,
  ]:
    """Returns what `dendrite_candidates.improve` learns from examples."""
    return dendrite_candidates.samples(
        self.network, params, examples.cross_entropy, *part,
        activation=self.activation,
    )  # fmt: skip

  def correlation(
      self, params: dendritic.Params, new: dendrite_candidates.Dendrites
  ) -> jax.Array:
    """Mean |r| of new dendrites with the errors of training examples, []."""
    values, errors = self.samples(params, self.data.train)
    return dendrite_candidates.mean_correlation(values(new), errors)
