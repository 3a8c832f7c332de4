"""Other weights of the same function, in which parts are easier to tell apart.

What TransformerLens (Nanda & Bloom 2022) does to weights before they are looked
into, and Merullo et al. (arXiv 2310.08744) with it. Log-softmax stays; hidden
states do not: residuals lose their mean, norms their scale.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.networks.transformer.params import Config
from nmlib.networks.transformer.params import Linear
from nmlib.networks.transformer.params import Norm
from nmlib.networks.transformer.params import Params
from nmlib.networks.transformer.params import Readout
from nmlib.networks.transformer.params import check_params


def untie(params: Params, config: Config) -> tuple[Params, Config]:
  """Gives the output a kernel of its own, so that it can change alone.

  Returns:
    Params and the config that they are of; the same ones if none is tied.

  Raises:
    ValueError: if params are not of the config.
  """
  check_params(params, config)
  if config.output != 'tied' or params.embed is None:
    return params, config
  output = params.output._replace(kernel=params.embed.T)
  return (
      params._replace(output=output),
      dataclasses.replace(config, output='separate'),
  )


def simplified(params: Params, config: Config) -> tuple[Params, Config]:
  """Folds norms, and centres what writes to the residual and what reads it out.

  In this order, as TransformerLens does where it loads a model.

  Raises:
    ValueError: as of `fold_layer_norm` and `center_writing_weights`.
  """
  for process in (fold_layer_norm, center_writing_weights, center_unembedding):
    params, config = process(params, config)
  return params, config


def fold_layer_norm(params: Params, config: Config) -> tuple[Params, Config]:
  """Moves scales and biases of norms into the matrices that read from them.

  Exact for both kinds of norm where they come before (an RMS norm has no bias
  to move). Linear maps get biases and the output is untied where needed.

  Args:
    params: weights.
    config: theirs.

  Returns:
    Params whose norms have scale 1 and bias 0, and the config they are of.

  Raises:
    ValueError: if norms come after (BERT): what leaves such a norm is added
      to, too, and cannot be folded; or if params are not of the config.
  """
  _before(config, 'fold_layer_norm')
  params, config = untie(params, config)
  biased = config.norm == 'layer'
  layers, final = params.layers, params.final_norm
  fold = jax.vmap(_fold)  # over layers
  heads, hidden = layers.norm_1, layers.norm_2
  folded = layers._replace(
      norm_1=_plain(heads), norm_2=_plain(hidden),
      query=fold(layers.query, heads), key=fold(layers.key, heads),
      value=fold(layers.value, heads), mlp_in=fold(layers.mlp_in, hidden),
      gate=None if layers.gate is None else fold(layers.gate, hidden),
  )  # fmt: skip
  if biased and layers.mlp_out.bias is None:  # one option for both maps
    zeros = jnp.zeros_like(layers.mlp_out.kernel[:, 0])
    folded = folded._replace(mlp_out=layers.mlp_out._replace(bias=zeros))
  output = params.output
  if output.kernel is not None and final is not None:
    read = _fold(Linear(output.kernel, output.bias), final)
    output = Readout(read.kernel, read.bias)
    final = _plain(final)
  params = params._replace(layers=folded, final_norm=final, output=output)
  return params, dataclasses.replace(
      config, qkv_bias=biased or config.qkv_bias,
      mlp_bias=biased or config.mlp_bias,
      output_bias=output.bias is not None,
  )  # fmt: skip


def center_writing_weights(
    params: Params, config: Config
) -> tuple[Params, Config]:
  """Takes the mean over d from all that is added to the residual stream.

  Exact for LayerNorms that come before: they take the mean off themselves.

  Args:
    params: weights.
    config: theirs.

  Returns:
    Params whose residuals have mean 0, and the config they are of (untied).

  Raises:
    ValueError: of RMS norms, which see the mean; of norms that come after; or
      if params are not of the config.
  """
  _before(config, 'center_writing_weights')
  if config.norm != 'layer':
    raise ValueError(
        "center_writing_weights needs config.norm='layer', which does not see"
        f' the mean, got {config.norm!r}.'
    )
  params, config = untie(params, config)
  centred = lambda array: array - jnp.mean(array, -1, keepdims=True)
  writes = lambda linear: jax.tree.map(centred, linear)
  layers = params.layers
  return params._replace(
      embed=jax.tree.map(centred, params.embed),
      positions=jax.tree.map(centred, params.positions),
      token_types=jax.tree.map(centred, params.token_types),
      layers=layers._replace(
          out=writes(layers.out), mlp_out=writes(layers.mlp_out)
      ),
  ), config  # fmt: skip


def center_unembedding(params: Params, config: Config) -> tuple[Params, Config]:
  """Takes the mean over the vocabulary from the output, and from its bias.

  Exact for all norms: at each position all logits lose the same number.

  Args:
    params: weights.
    config: theirs.

  Returns:
    Params, and the config they are of (untied).

  Raises:
    ValueError: if there is no output; or if params are not of the config.
  """
  if config.output == 'none':
    raise ValueError(
        "center_unembedding needs an output, got config.output='none'."
    )
  params, config = untie(params, config)
  centred = lambda array: array - jnp.mean(array, -1, keepdims=True)
  output = jax.tree.map(centred, params.output)
  return params._replace(output=output), config


def _before(config: Config, what: str) -> None:
  if config.norm_place != 'pre':
    raise ValueError(
        f"{what} needs config.norm_place='pre', got {config.norm_place!r}: what"
        ' leaves a norm that comes after is added to, too.'
    )


def _fold(linear: Linear, norm: Norm) -> Linear:
  """Returns (scale x + bias) W + b as a map of x; kernel [d, ...]."""
  kernel, bias = linear
  if norm.bias is not None:
    added = jnp.tensordot(norm.bias, kernel, 1)
    bias = added if bias is None else bias + added
  shape = (-1,) + (1,) * (kernel.ndim - 1)
  return Linear(norm.scale.reshape(shape) * kernel, bias)


def _plain(norm: Norm) -> Norm:
  """Returns a norm that scales and shifts by nothing."""
  bias = None if norm.bias is None else jnp.zeros_like(norm.bias)
  return Norm(jnp.ones_like(norm.scale), bias)
