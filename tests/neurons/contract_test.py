"""What every model of the library keeps to; adding a paper adds a row."""

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import bdh
from nmlib.neurons import elm
from nmlib.neurons.elm import population as elm_population
from nmlib.neurons.rate import gru
from nmlib.neurons.rate import lstm
from nmlib.neurons.rate import rnn
from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import alpha_lif
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import izhikevich
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import recurrent
from nmlib.neurons.spiking import resonate_and_fire
from nmlib.neurons.spiking import spike_response


def _tokens(key, config, length):
  return jax.random.randint(key, (length,), 0, config.vocab_size)


def _currents(key, config, length):
  return jax.random.normal(key, (length, config.num_inputs))


def _synaptic(key, config, length):
  return 1 + jax.random.normal(key, (length, config.num_units))


def _strong(scale):
  # Enough current for a spike within ten short steps.
  return lambda *args: scale * _synaptic(*args)


# module, config, function (key, config, T) -> inputs of one trial [T, ...]
_MODELS = (
    ('bdh', bdh, bdh.Config(11, 8, 2, 48, 2, chunk_size=4), _tokens),
    (
        'bdh_as_in_the_paper',
        bdh,
        bdh.Config(11, 8, 2, 48, 2, residual='neuron', decay=0.1),
        _tokens,
    ),
    *(
        (
            f'elm_{version}',
            elm,
            elm.version(
                version,
                num_inputs=6,
                num_outputs=2,
                num_memory=5,
                learn_tau=True,
            ),
            _currents,
        )
        for version in (1, 2)
    ),
    ('rnn', rnn, rnn.Config(3, 7), _currents),
    ('rnn_of_the_paper', rnn, rnn.Config(3, 7, form='current'), _currents),
    ('gru', gru, gru.Config(3, 7), _currents),
    ('lstm', lstm, lstm.Config(3, 5, 2, chrono=9.0), _currents),
    *(
        (
            f'elm_population_{share}',
            elm_population,
            elm_population.Config(
                4,
                3,
                elm.version(
                    3,
                    num_inputs=6,
                    num_outputs=1,
                    num_memory=2,
                    num_branches=2,
                    synapses_per_branch=3,
                    learn_tau=True,
                ),
                share,
            ),
            _currents,
        )
        for share in (0.0, 0.5)
    ),
    ('lif', lif, lif.Config(5), _synaptic),
    ('lif_spyx', lif, lif.spyx(5), _synaptic),
    ('current_lif', current_lif, current_lif.Config(5), _synaptic),
    ('adaptive_lif', adaptive_lif, adaptive_lif.Config(5), _synaptic),
    ('alpha_lif', alpha_lif, alpha_lif.Config(5), _synaptic),
    ('adex', adex, adex.Config(5), _strong(2e4)),
    ('izhikevich', izhikevich, izhikevich.Config(5), _strong(20.0)),
    ('leaky_readout', leaky_readout, leaky_readout.Config(5), _synaptic),
    ('spike_response', spike_response, spike_response.Config(5), _strong(4.0)),
    (
        'resonate_and_fire',
        resonate_and_fire,
        resonate_and_fire.Config(5),
        _synaptic,
    ),
    (
        'recurrent_lif',
        recurrent,
        recurrent.Config(lif, lif.Config(5), bias=True),
        _synaptic,
    ),
)
# Batched products add in another order than single ones, in float32.
_CLOSE = dict(rtol=1e-4, atol=1e-4)


class ContractTest(parameterized.TestCase):

  def _setup(self, model, config, inputs, batch=4):
    params = model.init(jax.random.key(0), config)
    if model is bdh:  # its small initial weights would hide differences
      params = jax.tree.map(lambda a: 5 * a, params)
    state = model.initial_state(config)
    keys = jax.random.split(jax.random.key(1), batch)
    xs = jnp.stack([inputs(key, config, 10) for key in keys])
    return params, state, xs

  @parameterized.named_parameters(*_MODELS)
  def test_vmap_equals_loop_and_compiles_once(self, model, config, inputs):
    params, state, xs = self._setup(model, config, inputs)
    traced = []

    def run(x):
      traced.append(x)
      return model.unroll(params, state, x, config)

    batched = jax.jit(jax.vmap(run))
    batched(xs)
    out = batched(xs[::-1])  # same shapes: must not trace again
    self.assertLen(traced, 1)
    for i, x in enumerate(xs[::-1]):
      chex.assert_trees_all_close(
          jax.tree.map(lambda a, i=i: a[i], out),
          model.unroll(params, state, x, config),
          **_CLOSE,
      )

  @parameterized.named_parameters(*_MODELS)
  def test_state_keeps_shape_and_dtype(self, model, config, inputs):
    params, state, xs = self._setup(model, config, inputs)
    once, _ = model.step(params, state, xs[0, 0], config)
    last, _ = model.unroll(params, state, xs[0], config)
    chex.assert_trees_all_equal_shapes_and_dtypes(state, once, last)

  @parameterized.named_parameters(*_MODELS)
  def test_no_dtype_is_weak(self, model, config, inputs):
    # After one update it would be strong, and all compile again.
    params, state, _ = self._setup(model, config, inputs)
    weak = [
        jax.tree_util.keystr(path)
        for path, leaf in jax.tree_util.tree_leaves_with_path((params, state))
        if leaf.aval.weak_type
    ]
    self.assertEqual(weak, [])

  @parameterized.named_parameters(*_MODELS)
  def test_scan_of_step_equals_unroll(self, model, config, inputs):
    params, state, xs = self._setup(model, config, inputs)
    step = lambda s, x: model.step(params, s, x, config)
    chex.assert_trees_all_close(
        jax.lax.scan(step, state, xs[0]),
        model.unroll(params, state, xs[0], config),
        **_CLOSE,
    )

  @parameterized.named_parameters(*_MODELS)
  def test_jit_changes_nothing(self, model, config, inputs):
    params, state, xs = self._setup(model, config, inputs)
    with jax.disable_jit():
      expected = model.step(params, state, xs[0, 0], config)
    step = jax.jit(model.step, static_argnums=3)
    chex.assert_trees_all_close(
        step(params, state, xs[0, 0], config), expected, **_CLOSE
    )

  @parameterized.named_parameters(*_MODELS)
  def test_gradient_of_vmap_is_mean_of_gradients(self, model, config, inputs):
    params, state, xs = self._setup(model, config, inputs)

    def loss(params, x):
      _, out = model.unroll(params, state, x, config)
      # Shifted: a spike that did not happen has a gradient, its square not.
      return sum(jnp.mean(jnp.square(a + 1)) for a in jax.tree.leaves(out))

    batched = lambda p: jnp.mean(jax.vmap(loss, in_axes=(None, 0))(p, xs))
    grads = jax.jit(jax.grad(batched))(params)
    per_example = jax.vmap(jax.grad(loss), in_axes=(None, 0))(params, xs)
    chex.assert_trees_all_close(
        grads,
        jax.tree.map(lambda a: jnp.mean(a, axis=0), per_example),
        **_CLOSE,
    )
    chex.assert_trees_all_equal_shapes_and_dtypes(grads, params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(grads):
      name = jax.tree_util.keystr(path)
      self.assertTrue(np.isfinite(leaf).all(), name)
      if '.fixed' not in name:  # what a model keeps, it says so
        self.assertGreater(np.abs(leaf).max(), 0, name)

  @parameterized.named_parameters(*_MODELS)
  def test_pmap_equals_vmap(self, model, config, inputs):
    count = jax.device_count()
    self.assertEqual(count, 8)
    params, state, xs = self._setup(model, config, inputs, batch=count)
    run = lambda x: model.unroll(params, state, x, config)
    chex.assert_trees_all_close(jax.pmap(run)(xs), jax.vmap(run)(xs), **_CLOSE)

  @parameterized.named_parameters(*_MODELS)
  def test_config_is_a_static_argument(self, model, config, inputs):
    del model, inputs
    self.assertIsInstance(hash(config), int)


if __name__ == '__main__':
  absltest.main()
