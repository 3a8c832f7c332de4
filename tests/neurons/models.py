"""Every model of the library at a tiny size: the rows of the contract table."""

from collections.abc import Callable
import dataclasses
import functools
import importlib
import pkgutil
import types
from typing import Any

import jax
import jax.numpy as jnp

from nmlib import networks
from nmlib import neurons
from nmlib.networks import active_dendrites
from nmlib.networks import astrocyte_language_model
from nmlib.networks import clique_network
from nmlib.networks import content_addressable_memory
from nmlib.networks import cortico_cerebellar
from nmlib.networks import elm_network
from nmlib.networks import gpt
from nmlib.networks import ncap
from nmlib.networks import predictive_agent
from nmlib.networks import sequence_classifier
from nmlib.networks import transformer
from nmlib.networks import vit
from nmlib.networks.captioning import captioner
from nmlib.networks.captioning import lstm_language_model
from nmlib.networks.oscillatory import sequence_buffer
from nmlib.networks.oscillatory import sequence_gru
from nmlib.networks.progress_judges import progress_model
from nmlib.networks.spiking import spatial_detector
from nmlib.networks.spiking import spiking_mlp
from nmlib.networks.vision import cnn
from nmlib.networks.vision import efficientnet
from nmlib.networks.vision import resnet
from nmlib.neurons import bdh
from nmlib.neurons import elm
from nmlib.neurons.bdh.graph import normfree
from nmlib.neurons.biophysical import cable
from nmlib.neurons.biophysical import pyramidal
from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import learnable
from nmlib.neurons.delays import motifs
from nmlib.neurons.dendrites import active
from nmlib.neurons.dendrites import coincidence
from nmlib.neurons.elm import population
from nmlib.neurons.gates import mode_gate
from nmlib.neurons.oscillators import kuramoto
from nmlib.neurons.oscillators import lotka_volterra
from nmlib.neurons.oscillators import phase_gate
from nmlib.neurons.oscillators import swarmalator
from nmlib.neurons.oscillators import theta_gamma
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import lstm
from nmlib.neurons.rate import rnn
from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import alpha_lif
from nmlib.neurons.spiking import astrocyte
from nmlib.neurons.spiking import convolution
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import escape_lif
from nmlib.neurons.spiking import if_curr_exp
from nmlib.neurons.spiking import izhikevich
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import recurrent
from nmlib.neurons.spiking import refractory
from nmlib.neurons.spiking import resonate_and_fire
from nmlib.neurons.spiking import spike_response

STEPS = 8


@dataclasses.dataclass(frozen=True)
class Model:
  """A row: what is common to models with time and without."""

  module: Any
  config: Any
  inputs: Callable[[jax.Array], Any]  # key -> those of one trial, a pytree
  init: Callable[..., Any] | None = None  # (key, config); None: the module's
  apply: Callable[..., Any] | None = None  # (params, inputs, config); likewise
  kept: str = r'\.fixed'  # what has no gradient, as the model says

  @property
  def has_time(self) -> bool:
    """Whether there is a state that evolves."""
    return hasattr(self.module, 'initial_state')

  def params(self, config: Any) -> Any:
    """Returns initial parameters."""
    return (self.init or self.module.init)(jax.random.key(0), config)

  def run(self, params: Any, inputs: Any, config: Any) -> Any:
    """Returns all that one trial gives; (last state, outputs) with time."""
    if self.has_time:
      state = self.module.initial_state(config)
      return self.module.unroll(params, state, inputs, config)
    return (self.apply or self.module.apply)(params, inputs, config)


def found() -> set[str]:
  """Returns the modules that are models: with Config, init, and what runs."""
  names = set()
  for package in (neurons, networks):
    for info in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):
      module = importlib.import_module(info.name)
      runs = any(hasattr(module, name) for name in ('step', 'unroll', 'apply'))
      if runs and hasattr(module, 'Config') and hasattr(module, 'init'):
        names.add(info.name)
  return names


def in_dtype(config: Any, dtype: str) -> Any:
  """Returns the config with `param_dtype` replaced, also further inside."""
  if isinstance(config, tuple) and not hasattr(config, '_fields'):
    return tuple(in_dtype(one, dtype) for one in config)
  if not dataclasses.is_dataclass(config) or isinstance(config, type):
    return config
  changes = {
      field.name: dtype
      if field.name == 'param_dtype'
      else in_dtype(getattr(config, field.name), dtype)
      for field in dataclasses.fields(config)
      if field.init
  }
  return dataclasses.replace(config, **changes)


def _normal(*shape: int, scale: float = 1.0, offset: float = 0.0):
  return lambda key: offset + scale * jax.random.normal(key, shape)


def _tokens(size: int):
  return lambda key: jax.random.randint(key, (STEPS,), 0, size)


def _spikes(*shape: int):
  return lambda key: 1.0 * jax.random.bernoulli(key, shape=shape)


def _pair(first: int, second: int):
  return lambda key: tuple(
      jax.random.normal(k, (n,))
      for k, n in zip(jax.random.split(key), (first, second), strict=True)
  )


def _large(key, config, module=bdh, factor=5):
  # The small initial weights of BDH would hide differences.
  return jax.tree.map(lambda a: factor * a, module.init(key, config))


def _with_context(module, params, inputs, config):
  return module.apply(params, *inputs, config)


def _caption(params, inputs, config):
  features, tokens = inputs
  state = captioner.initial_state(params, features, config)
  return captioner.unroll(params, state, tokens, features, config)[1]


def _drawn_state(config):
  return escape_lif.initial_state(config), jnp.int32(0)


def _drawn_step(params, state, x_t, config):
  state, t = state
  key = jax.random.split(jax.random.key(5), STEPS)[t]
  state, out = escape_lif.step(params, state, x_t, config, key=key)
  return (state, t + 1), out


def _drawn_unroll(params, state, xs, config):
  state, t = state
  key = jax.random.key(5)
  state, out = escape_lif.unroll(params, state, xs, config, key=key)
  return (state, t + len(xs)), out.spikes


# `escape_lif`, whose state also counts the keys that it has used.
_seeded = types.SimpleNamespace(
    __name__=escape_lif.__name__,
    init=escape_lif.init,
    initial_state=_drawn_state,
    step=_drawn_step,
    unroll=_drawn_unroll,
)

_SYNAPTIC = _normal(STEPS, 5, offset=1.0)
# Enough current for a spike within few short steps.
_strong = lambda scale: _normal(STEPS, 5, scale=scale, offset=scale)
_ELM = dict(num_inputs=6, num_outputs=2, num_memory=5, learn_tau=True)
_NEURON = elm.version(
    3,
    **_ELM | dict(num_outputs=1, num_memory=2),
    num_branches=2,
    synapses_per_branch=3,
)
_BDH = functools.partial(bdh.Config, 11, 8, 2, 48, 2)

MODELS = {
    'bdh': Model(bdh, _BDH(chunk_size=4), _tokens(11), _large),
    'bdh_as_in_the_paper': Model(
        bdh, _BDH(residual='neuron', decay=0.1), _tokens(11), _large
    ),
    'bdh_normfree': Model(
        normfree,
        normfree.Config(12, 4, 2, decay=0.1, theta=64.0, chunk_size=3),
        _spikes(STEPS, 12),
        functools.partial(_large, module=normfree, factor=10),
    ),
    'elm_1': Model(elm, elm.version(1, **_ELM), _normal(STEPS, 6)),
    'elm_2': Model(elm, elm.version(2, **_ELM), _normal(STEPS, 6)),
    'elm_population': Model(
        population, population.Config(4, 3, _NEURON), _normal(STEPS, 4)
    ),
    'elm_population_recurrent': Model(
        population, population.Config(4, 3, _NEURON, 0.5), _normal(STEPS, 4)
    ),
    'rnn': Model(rnn, rnn.Config(3, 7), _normal(STEPS, 3)),
    'rnn_of_the_paper': Model(
        rnn, rnn.Config(3, 7, form='current'), _normal(STEPS, 3)
    ),
    'gru': Model(gru, gru.Config(3, 7), _normal(STEPS, 3)),
    'lstm': Model(lstm, lstm.Config(3, 5, 2, chrono=9.0), _normal(STEPS, 3)),
    'delay_layer': Model(
        delay_layer,
        delay_layer.Config(4, 5, 2, 3, 3, 3, noise=0.5),
        _spikes(STEPS, 2, 4, 5),
    ),
    'cable': Model(
        cable, cable.Config(2, 2, 2, 3, substeps=4), _spikes(STEPS, 2, 5)
    ),
    'pyramidal': Model(
        pyramidal, pyramidal.Config(2, 2, 3), _spikes(STEPS, 2, 5)
    ),
    'learnable_delays': Model(
        learnable, learnable.Config(3, 2, 4), _spikes(STEPS, 3)
    ),
    'motifs': Model(motifs, motifs.Config(3, 2, 4, 1.0), _spikes(STEPS, 3)),
    'active_dendrites': Model(
        active,
        active.Config(4, 3, 2, 5),
        _pair(4, 5),
        apply=functools.partial(_with_context, active),
    ),
    'coincidence': Model(
        coincidence, coincidence.Config(30, 3, 2, 6, 3), _spikes(30)
    ),
    'mode_gate': Model(
        mode_gate,
        mode_gate.Config(),
        _normal(5),
        init=lambda key, config: mode_gate.init(5, config),
        apply=lambda params, z, config: mode_gate.apply(
            params, z, config=config
        ),
    ),
    'kuramoto': Model(kuramoto, kuramoto.Config(5, lag=0.1), _normal(STEPS, 5)),
    'kuramoto_sparse': Model(
        kuramoto, kuramoto.Config(5, lag=0.1, degree=2), _normal(STEPS, 5)
    ),
    'lotka_volterra': Model(
        lotka_volterra, lotka_volterra.Config(5), _normal(STEPS, 5)
    ),
    'phase_gate': Model(
        phase_gate,
        phase_gate.Config(5, 2, dt=0.1),
        lambda key: phase_gate.Input(
            *jnp.split(_normal(STEPS, 12)(key), [5, 10], -1)
        ),
    ),
    'swarmalator': Model(swarmalator, swarmalator.Config(5), _normal(STEPS, 5)),
    'theta_gamma': Model(theta_gamma, theta_gamma.Config(5), _strong(10.0)),
    'lif': Model(lif, lif.Config(5), _SYNAPTIC),
    'lif_heterogeneous': Model(
        lif,
        lif.Config(5, heterogeneous=True, spread=0.3, logit_decay=True),
        _SYNAPTIC,
    ),
    'current_lif': Model(current_lif, current_lif.Config(5), _SYNAPTIC),
    'adaptive_lif': Model(adaptive_lif, adaptive_lif.Config(5), _SYNAPTIC),
    'alpha_lif': Model(alpha_lif, alpha_lif.Config(5), _SYNAPTIC),
    'astrocyte': Model(astrocyte, astrocyte.Config(5), _strong(2.0)),
    'astrocyte_parallel': Model(
        astrocyte, astrocyte.Config(6, 'parallel', block=3), _normal(STEPS, 6)
    ),
    'adex': Model(adex, adex.Config(5), _strong(2e4)),
    'if_curr_exp': Model(
        if_curr_exp,
        if_curr_exp.Config(5, v_thresh=-62.0),
        _normal(STEPS, 2, 5, offset=1.0),
    ),
    'izhikevich': Model(izhikevich, izhikevich.Config(5), _strong(20.0)),
    'leaky_readout': Model(leaky_readout, leaky_readout.Config(5), _SYNAPTIC),
    'spike_response': Model(
        spike_response, spike_response.Config(5), _strong(4.0)
    ),
    'escape_lif': Model(_seeded, escape_lif.Config(lif.Config(5)), _SYNAPTIC),
    'resonate_and_fire': Model(
        resonate_and_fire, resonate_and_fire.Config(5), _SYNAPTIC
    ),
    'recurrent_lif': Model(
        recurrent, recurrent.Config(lif, lif.Config(5), bias=True), _SYNAPTIC
    ),
    'refractory_lif': Model(
        refractory, refractory.Config(lif, lif.Config(5), 2), _SYNAPTIC
    ),
    'spiking_convolution': Model(
        convolution,
        convolution.Config((3, 3), 2, 2, (2, 2), gain=4.0),
        _spikes(STEPS, 3, 3, 2),
    ),
    'active_dendrites_network': Model(
        active_dendrites,
        active_dendrites.Config(4, 3, (6, 5), 2, 0.5),
        _pair(4, 4),
        apply=functools.partial(_with_context, active_dendrites),
    ),
    'content_addressable_memory': Model(
        content_addressable_memory,
        content_addressable_memory.Config(3, 4),
        lambda key: tuple(jnp.split(_spikes(STEPS, 7)(key), [3], -1)),
    ),
    'captioner': Model(
        types.SimpleNamespace(
            __name__=captioner.__name__, init=captioner.init
        ),
        captioner.Config(4, 11, 6, 3),
        lambda key: (
            _normal(3, 4)(jax.random.fold_in(key, 0)),
            _tokens(11)(jax.random.fold_in(key, 1)),
        ),
        apply=_caption,
        kept=r'\.score\.bias',  # common to all regions
    ),
    'lstm_language_model': Model(
        lstm_language_model, lstm_language_model.Config(11, 6, 3), _tokens(11)
    ),
    'predictive_agent': Model(
        predictive_agent,
        predictive_agent.Config((6, 5), 3, channels=(2, 4), hidden=(6,)),
        _normal(6, 5),
        kept=r'\.transition',  # values do not hang on it
    ),
    'astrocyte_language_model': Model(
        astrocyte_language_model,
        astrocyte_language_model.Config(11, 6, 2, 2),
        _tokens(11),
    ),
    'cortico_cerebellar': Model(
        cortico_cerebellar,
        cortico_cerebellar.Config(3, 5, 2, granule_units=4),
        _normal(STEPS, 3),
        kept=r'\.cerebellum',
    ),
    'elm_network': Model(
        elm_network,
        elm_network.Config(
            4, 2, (3,), 2, 2, 3, output_neurons=3, high_pass_tau=2.0
        ),
        _normal(STEPS, 4),
        kept=r'\.fixed|\.tau_logit',
    ),
    'progress_model': Model(
        progress_model,
        progress_model.Config(
            size=8, channels=(3, 4), num_features=5, num_hidden=6
        ),
        lambda key: progress_model.Moments(
            *jax.random.uniform(key, (3, 2, 8, 8))
        ),
    ),
    'clique_network': Model(
        clique_network,
        clique_network.Config(4, 3, afferent_scale=0.5, rule=None),
        _spikes(STEPS, 3),
    ),
    'clique_network_learning': Model(
        clique_network,
        clique_network.Config(4, 3, afferent_scale=0.5),
        _spikes(STEPS, 3),
    ),
    'gpt': Model(gpt, gpt.Config(11, 2, 6, 3, 8, 0.0, 5), _tokens(11)),
    'ncap': Model(
        types.SimpleNamespace(
            __name__=ncap.__name__,
            init=ncap.init,
            apply=lambda params, x, config: ncap.apply(
                params, x, 7, config, right=0.4, left=0.2, speed=0.8
            ),
        ),
        ncap.Config(5, shared=False, constant=False, speed=True, turn=True),
        _normal(5, scale=0.5),
    ),
    'sequence_buffer': Model(
        sequence_buffer,
        sequence_buffer.Config(theta_gamma.Config(4, dt=0.002), 3, 6, 1),
        lambda key: jax.random.permutation(key, 4)[:3],
        lambda key, config: sequence_buffer.init(key, config)._replace(
            readout=jax.random.normal(
                key, (3, 4, 4, 6), config.buffer.param_dtype
            )
        ),
    ),
    'sequence_gru': Model(
        sequence_gru,
        sequence_gru.Config(4, 3, 5, 4, 2),
        lambda key: jax.random.permutation(key, 4)[:3],
    ),
    'sequence_classifier': Model(
        sequence_classifier,
        sequence_classifier.Config(
            3, ((lstm, lstm.Config(4, 5, 2)),), num_tokens=7, width=4
        ),
        _tokens(7),
    ),
    'spatial_detector': Model(
        spatial_detector,
        spatial_detector.Config(5, 2),
        _spikes(STEPS, 5),
        lambda key, config: spatial_detector.init(key, config)._replace(
            weights=8 * jax.random.normal(key, (5, 2), config.param_dtype)
        ),
    ),
    'spiking_mlp': Model(
        spiking_mlp,
        spiking_mlp.Config(4, (5,), 3, weight_gain=3.0),
        _spikes(STEPS, 4),
    ),
    'cnn': Model(cnn, cnn.Config(5, (4, 6), (1, 2)), _normal(8, 6, 3)),
    'efficientnet': Model(
        efficientnet,
        efficientnet.Config(
            3,
            (
                efficientnet.Stage(1, 3, 1, 1, 4),
                efficientnet.Stage(2, 3, 1, 2, 4),
            ),
            4,
            6,
        ),
        _normal(6, 6, 3),
    ),
    'resnet': Model(
        resnet,
        resnet.Config(3, (1, 1), (4, 8), stem=4),
        _normal(9, 8, 3),
    ),
    'vit': Model(
        vit,
        vit.Config(3, (2, 3), 2, 1, 2, 8, 2, 6, layer_scale=True),
        _normal(6, 4),
        functools.partial(_large, module=vit),
    ),
    'transformer': Model(
        transformer,
        transformer.Config(7, 2, 8, 4, num_kv_heads=2, mlp_dim=6, max_length=9),
        _tokens(7),
        functools.partial(_large, module=transformer),
    ),
    'transformer_rotary': Model(
        transformer,
        transformer.Config(
            7, 2, 8, 4, norm='rms', positions='rotary', gated=True, mlp_dim=6,
            qkv_bias=False, out_bias=False, mlp_bias=False, max_length=9,
            output='separate',
        ),
        _tokens(7),
        functools.partial(_large, module=transformer),
    ),  # fmt: skip
}
