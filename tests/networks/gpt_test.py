"""The Transformer against flax, its equations, and its carried cache."""

import dataclasses
import functools
import re

from absl.testing import absltest
from absl.testing import parameterized
import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.sharding import AxisType
from jax.sharding import NamedSharding
import numpy as np

from launch.bdh.scaling import config as scaling
from nmlib.networks import gpt
from nmlib.neurons import bdh
from nmlib.neurons import sites
from nmlib.neurons.attention import alibi

_CONFIG = gpt.Config(
    11, 2, 12, 3, 20, dropout_rate=0.0, cache_length=9, param_dtype='float64'
)
_TOKENS = jax.random.randint(jax.random.key(1), (24,), 0, 11)
_apply = jax.jit(gpt.apply, static_argnames='config')


def _params(config, scale=8):
  """Weights large enough for attention to matter, scales of LN not all 1."""
  params = gpt.init(jax.random.key(0), config)
  return jax.tree.map(
      lambda a: scale * a + 0.1 * jnp.sin(jnp.arange(a.size)).reshape(a.shape),
      params,
  )


def _by_flax(params, tokens, config):
  """The same network of flax's LayerNorm and attention: [T, V]."""
  norm = lambda scale, z: nn.LayerNorm(use_bias=False, epsilon=1e-5).apply(
      {'params': {'scale': scale}}, z
  )
  bias = alibi.bias(config.num_heads, len(tokens), reach=config.cache_length)
  z = params.embed[tokens]
  for i in range(config.num_layers):
    w = jax.tree.map(lambda a, i=i: a[i], params.layers)
    q, k, v = jnp.einsum('td,dchk->cthk', norm(w.norm_1, z), w.qkv)
    mixed = nn.dot_product_attention(q, k, v, bias=bias)
    z = z + jnp.einsum('thk,hkd->td', mixed, w.out)
    hidden = nn.gelu(norm(w.norm_2, z) @ w.mlp_in, approximate=False)
    z = z + hidden @ w.mlp_out
  return norm(params.norm, z) @ params.embed.T


class GptTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))

  @parameterized.parameters(4, 40)
  def test_equals_the_layers_of_flax(self, cache_length):
    config = dataclasses.replace(_CONFIG, cache_length=cache_length)
    params = _params(config)
    found = _apply(params, _TOKENS, config).logits
    self.assertGreater(jnp.std(found), 0.5)
    expected = jax.jit(_by_flax, static_argnums=2)(params, _TOKENS, config)
    np.testing.assert_allclose(found, expected, atol=1e-12)

  @parameterized.product(
      dtype=(('float64', 1e-12), ('float32', 1e-5)),
      cuts=((8, 16), (8, 9), tuple(range(1, 24))),
  )
  def test_carried_windows_equal_one_long_window(self, dtype, cuts):
    config = dataclasses.replace(_CONFIG, param_dtype=dtype[0])
    params, parts = _params(config, 4), jnp.split(_TOKENS, cuts)
    whole = _apply(params, _TOKENS, config)
    state, logits = gpt.initial_state(config), []
    for part in parts:
      out = _apply(params, part, config, state)
      state = out.state
      logits.append(out.logits)
    close = functools.partial(chex.assert_trees_all_close, atol=dtype[1])
    close(jnp.concatenate(logits), whole.logits)
    close(state, whole.state)

  def test_a_token_reads_itself_and_the_cache_before_it(self):
    config = dataclasses.replace(_CONFIG, num_layers=1)
    params = _params(config)
    tokens = jnp.arange(24) % 11
    base = _apply(params, tokens, config).logits
    for s in (0, 7, 23):
      other = _apply(params, tokens.at[s].set((s + 5) % 11), config).logits
      changed = np.flatnonzero(np.abs(other - base).max(1) > 1e-13)
      np.testing.assert_array_equal(changed, np.arange(s, min(s + 10, 24)))

  def test_shifted_stream_gives_the_same_logits(self):
    params = _params(_CONFIG)
    state = _apply(params, _TOKENS, _CONFIG).state
    later = state._replace(position=state.position + 10**6)
    first, second = (
        _apply(params, _TOKENS[:8], _CONFIG, s).logits for s in (state, later)
    )
    np.testing.assert_array_equal(first, second)

  def test_gradient_is_that_of_finite_differences(self):
    params = _params(_CONFIG)
    state = _apply(params, _TOKENS, _CONFIG).state
    loss = jax.jit(
        lambda p, c=_CONFIG: gpt.stream_loss(
            p, state, _TOKENS[:6], _TOKENS[1:7], c
        )[0],
        static_argnums=1,
    )
    grads = jax.grad(loss)(params)
    way = jax.tree.map(
        lambda a: jnp.cos(jnp.arange(a.size)).reshape(a.shape), params
    )
    moved = lambda e: jax.tree.map(lambda a, b: a + e * b, params, way)
    slope = (loss(moved(1e-5)) - loss(moved(-1e-5))) / 2e-5
    dot = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, grads, way)))
    np.testing.assert_allclose(dot, slope, rtol=1e-6)
    remat = dataclasses.replace(_CONFIG, remat=True)
    chex.assert_trees_all_close(
        jax.grad(loss)(params, remat), grads, atol=1e-12
    )

  def test_loss_is_the_cross_entropy_and_about_that_of_chance_at_first(self):
    params = gpt.init(jax.random.key(0), _CONFIG)
    out = _apply(params, _TOKENS, _CONFIG)
    loss = jax.jit(gpt.loss, static_argnums=3)(
        params, _TOKENS, _TOKENS[::-1], _CONFIG
    )
    np.testing.assert_allclose(
        loss, bdh.cross_entropy(out.logits, _TOKENS[::-1]), rtol=1e-12
    )
    self.assertAlmostEqual(float(loss), np.log(11), delta=0.05)

  def test_dropout_needs_a_key_and_differs_by_it(self):
    config = dataclasses.replace(_CONFIG, dropout_rate=0.2)
    params = _params(config, 1)
    plain = _apply(params, _TOKENS, config).logits
    same = _apply(params, _TOKENS, _CONFIG).logits
    np.testing.assert_array_equal(plain, same)
    drawn = [
        _apply(params, _TOKENS, config, key=key).logits
        for key in jax.random.split(jax.random.key(0), 2)
    ]
    for one, other in (drawn, (plain, drawn[0])):
      self.assertGreater(jnp.abs(one - other).max(), 0.01)

  def test_sites_show_the_attention(self):
    _, seen = sites.run(
        gpt.apply, _params(_CONFIG), _TOKENS, _CONFIG,
        capture=('attention', 'mlp', 'residual/1'),
    )  # fmt: skip
    self.assertEqual(seen['attention'].shape, (2, 3, 24, 24))
    np.testing.assert_allclose(seen['attention'].sum(-1), 1.0, rtol=1e-12)
    self.assertEqual(seen['mlp'].shape, (2, 24, 20))
    self.assertEqual(seen['residual/1'].shape, (24, 12))

  @parameterized.parameters(
      (
          dict(width=13),
          'Config.width must be a multiple of num_heads=3, got 13',
      ),
      (dict(cache_length=0), 'Config.cache_length must be'),
      (dict(dtype='float64', param_dtype='float32'), 'no wider than'),
  )
  def test_bad_config_is_refused(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      dataclasses.replace(_CONFIG, **changes)

  def test_bad_input_is_refused_in_a_sentence(self):
    params, state = _params(_CONFIG), gpt.initial_state(_CONFIG)
    with self.assertRaisesRegex(ValueError, r'\[0, 11\), got 11 at \[0\]'):
      gpt.apply(params, jnp.array([11]), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'\[0, 11\), got -1 at \[\]'):
      gpt.step(params, state, jnp.array(-1), _CONFIG)
    with self.assertRaisesRegex(ValueError, 'must not be empty'):
      gpt.apply(params, _TOKENS[:0], _CONFIG)
    with self.assertRaisesRegex(ValueError, r'targets must be \[tokens=24\]'):
      gpt.loss(params, _TOKENS, _TOKENS[1:], _CONFIG)
    other = dataclasses.replace(_CONFIG, cache_length=7)
    with self.assertRaisesRegex(ValueError, 'state.keys must be .*h=7'):
      gpt.unroll(params, state, _TOKENS, other)

  def test_split_over_devices_it_is_the_same(self):
    config = dataclasses.replace(_CONFIG, width=16, num_heads=4)
    params = _params(config)
    mesh = jax.make_mesh((2, 4), ('data', 'model'), (AxisType.Auto,) * 2)

    def place(path, leaf):
      name = jax.tree_util.keystr(path, simple=True, separator='/')
      spec = next(s for r, s in gpt.PARTITION_RULES if re.fullmatch(r, name))
      return jax.device_put(leaf, NamedSharding(mesh, spec))

    loss = jax.jit(
        jax.grad(lambda p: gpt.loss(p, _TOKENS[:-1], _TOKENS[1:], config))
    )
    placed = jax.tree_util.tree_map_with_path(place, params)
    self.assertEqual(placed.layers.qkv.addressable_shards[0].data.shape[3], 1)
    chex.assert_trees_all_close(loss(placed), loss(params), atol=1e-12)


class SizesTest(parameterized.TestCase):

  def test_count_is_that_of_the_arrays(self):
    params = gpt.init(jax.random.key(0), gpt.Config(11, 3, 12, 3, 20))
    found = sum(a.size for a in jax.tree.leaves(params))
    self.assertEqual(gpt.num_params(gpt.Config(11, 3, 12, 3, 20)), found)
    decayed = gpt.decayed(params)
    chex.assert_trees_all_equal_structs(decayed, params)
    self.assertEqual(sum(jax.tree.leaves(decayed)), 5)

  def test_residual_weights_start_smaller(self):
    params = gpt.init(jax.random.key(0), gpt.Config(num_layers=8, width=240))
    layers = params.layers
    for array in (params.embed, layers.qkv, layers.mlp_in):
      self.assertAlmostEqual(float(array.std()), 0.02, delta=2e-4)
    for array in (layers.out, layers.mlp_out):
      self.assertAlmostEqual(float(array.std()), 0.005, delta=5e-5)

  def test_table_of_the_paper_has_the_sizes_it_says(self):
    config = scaling.PRESETS['paper']
    for size, millions in zip(
        config.sizes, (25, 50, 100, 200, 400, 800), strict=True
    ):
      _, model, _ = scaling.network(config, 'Transformer', size)
      self.assertEqual(model.head_dim, 96)
      self.assertAlmostEqual(
          gpt.num_params(model) / 1e6, millions, delta=0.07 * millions
      )


if __name__ == '__main__':
  absltest.main()
