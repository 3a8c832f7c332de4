"""What the encoder of MILAN's captioner sees of a ResNet."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import pyramid_encoder
from nmlib.networks import resnet
from nmlib.neurons import sites

_SMALL = resnet.Config(
    5, depths=(1, 2), channels=(8, 16), block='bottleneck', stem=4
)


def test_depths_of_the_published_encoder():
  names = pyramid_encoder.levels(pyramid_encoder.RESNET_101)
  posts = [f'resid_post_{i}' for i in (2, 6, 29, 32)]
  assert names == ('conv_pre_stem', *posts)
  shapes = jax.eval_shape(
      lambda key: pyramid_encoder.look(
          resnet.init(key, pyramid_encoder.RESNET_101), jnp.zeros((64, 64, 3))
      ),
      jax.random.key(0),
  )
  assert sum(maps.shape[2] for maps in shapes.values()) == 3904


def test_maps_in_order_and_their_means_inside_the_masks():
  params = resnet.init(jax.random.key(0), _SMALL)
  draw = np.random.default_rng(0)
  images = jnp.asarray(draw.uniform(0, 255, (2, 16, 16, 3)), jnp.float32)
  maps = pyramid_encoder.look(params, images[0], _SMALL)
  assert tuple(maps) == pyramid_encoder.levels(_SMALL)
  run = lambda x, site: resnet.apply(params, x, _SMALL, site=site)
  last = sites.run(run, resnet.scaled(images[0]), capture=('resid_post_2',))
  np.testing.assert_array_equal(maps['resid_post_2'], last[1]['resid_post_2'])
  masks = jnp.stack([jnp.ones((16, 16), bool), jnp.zeros((16, 16), bool)])
  got = pyramid_encoder.features(params, images, masks, _SMALL)
  whole = np.concatenate([np.mean(level, (0, 1)) for level in maps.values()])
  np.testing.assert_allclose(got[0], whole, rtol=2e-5, atol=1e-6)
  np.testing.assert_array_equal(got[1], 0)
