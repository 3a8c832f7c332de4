"""Convolutions of one image, and the small network made of them."""

import jax
from jax import test_util
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.networks import cnn
from nmlib.networks.vision import convolution
from nmlib.neurons import sites


def _draw(seed, *shape):
  return jax.random.normal(jax.random.key(seed), shape)


@pytest.mark.parametrize(
    'size,stride,padding,alone',
    (
        (3, 1, 'SAME', False), (3, 2, 'SAME', True), (5, 2, 'SAME', False),
        (7, 2, 3, False), (3, 1, 1, True), (1, 2, 0, False),
        (2, 3, 'SAME', False),
    ),
)  # fmt: skip
def test_equals_the_convolution_of_xla(size, stride, padding, alone):
  with jax.enable_x64(True):
    x = _draw(0, 9, 12, 4)
    kernel = _draw(1, size, size, 1 if alone else 4, 4 if alone else 3)
    found = convolution.convolve(x, kernel, stride=stride, padding=padding)
    around = padding if padding == 'SAME' else [(padding, padding)] * 2
    wanted = jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), around,
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
        feature_group_count=4 if alone else 1,
    )[0]  # fmt: skip
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-13)


def test_gradient_and_batches_of_networks():
  with jax.enable_x64(True):
    x, kernels = _draw(0, 3, 6, 5, 2), _draw(1, 3, 3, 3, 2, 4)
    many = jax.jit(jax.vmap(convolution.convolve))(x, kernels)
    one = [convolution.convolve(*pair) for pair in zip(x, kernels, strict=True)]
    np.testing.assert_allclose(many, jnp.stack(one), rtol=0, atol=1e-13)
    f = lambda x, k: jnp.sum(jnp.sin(convolution.convolve(x, k, stride=2)))
    test_util.check_grads(f, (x[0], kernels[0]), 1, modes=['rev'])


def test_norm_takes_the_statistics_it_is_given():
  x = 3 + 2 * _draw(0, 50, 60, 2)
  norm = convolution.Norm(
      jnp.array([1.0, 2.0]), jnp.array([0.0, 5.0]), x.mean((0, 1)),
      x.var((0, 1)),
  )  # fmt: skip
  y = convolution.normalize(x, norm, 0.0)
  np.testing.assert_allclose(y.mean((0, 1)), [0, 5], atol=1e-4)
  np.testing.assert_allclose(y.std((0, 1)), [1, 2], rtol=1e-4)


def test_sites_of_the_small_network():
  config = cnn.Config(5, (4, 6), (1, 2), kernel_size=5)
  params = cnn.init(jax.random.key(0), config)
  image = _draw(0, 9, 7, 3)
  run = lambda **more: sites.run(
      lambda p, x, site: cnn.apply(p, x, config, site=site), params, image,
      **more,
  )  # fmt: skip
  out, seen = run(capture=('conv_pre_0', 'conv_post_1', 'final'))
  assert seen['conv_pre_0'].shape == (9, 7, 4)
  assert seen['conv_post_1'].shape == (5, 4, 6)
  np.testing.assert_array_equal(seen['final'], seen['conv_post_1'].mean((0, 1)))
  np.testing.assert_array_equal(
      out.logits, cnn.apply(params, image, config).logits
  )
  off = sites.Edit(scale=jnp.ones(6).at[2].set(0))
  edited, _ = run(edits={'conv_post_1': off})
  np.testing.assert_allclose(
      edited.final, out.final.at[2].set(0), rtol=1e-6, atol=0
  )


def test_bad_input_is_refused():
  config = cnn.Config(5)
  params = cnn.init(jax.random.key(0), config)
  with pytest.raises(ValueError, match=r'image must be \[H, W, C=3\], got'):
    cnn.apply(params, jnp.zeros((8, 8, 1)), config)
  with pytest.raises(ValueError, match='image must be finite'):
    cnn.apply(params, jnp.full((8, 8, 3), jnp.nan), config)
  with pytest.raises(ValueError, match='number of pixels of image must be at'):
    cnn.apply(params, jnp.zeros((0, 8, 3)), config)
  with pytest.raises(ValueError, match=r'params must be of config.channels='):
    cnn.apply(params, jnp.zeros((8, 8, 3)), cnn.Config(5, (4, 4), (1, 1)))
  with pytest.raises(ValueError, match='strides be as many'):
    cnn.Config(5, (4, 4), (1,))
  with pytest.raises(ValueError, match=r'kernel must be \[K, K, D=3, C\]'):
    convolution.convolve(jnp.zeros((8, 8, 3)), jnp.zeros((3, 3, 2, 4)))
