"""The small judge of hops: its convolutions, its range, what it can learn."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.progress_judges import progress_model

_CONFIG = progress_model.Config(
    size=8, channels=(3, 4), num_features=5, num_hidden=6
)


class ProgressModelTest(absltest.TestCase):

  def test_features_are_strided_convolutions(self):
    params = progress_model.init(jax.random.key(0), _CONFIG)
    picture = jax.random.normal(jax.random.key(1), (8, 8))
    x = picture[None, :, :, None]
    for layer, kernel in zip(params.convolutions, (4, 2), strict=True):
      weights = layer.kernel.reshape(kernel, kernel, x.shape[-1], -1)
      x = jax.nn.relu(
          jax.lax.conv_general_dilated(
              x, weights, (kernel, kernel), 'VALID',
              dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
          )
      )  # fmt: skip
    wanted = jax.nn.relu(x.reshape(-1) @ params.dense[0].kernel)
    np.testing.assert_allclose(
        progress_model.features(params, picture, _CONFIG), wanted, atol=1e-5
    )

  def test_hops_are_in_range_and_depend_on_the_order(self):
    params = progress_model.init(jax.random.key(0), _CONFIG)
    moments = progress_model.Moments(
        *(10 * jax.random.normal(jax.random.key(2), (3, 2, 8, 8)))
    )
    found = progress_model.apply(params, moments, _CONFIG)
    self.assertBetween(float(jnp.abs(found)), 0, 1)
    turned = moments._replace(before=moments.after, after=moments.before)
    self.assertNotAlmostEqual(
        float(found), float(progress_model.apply(params, turned, _CONFIG))
    )

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'multiple of 8, the kernels'):
      progress_model.Config(size=12)
    params = progress_model.init(jax.random.key(0), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'picture must be \[size=8'):
      progress_model.features(params, jnp.ones((4, 8)), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'after must be \[num_views=2'):
      progress_model.judge(
          params,
          progress_model.Moments(
              jnp.ones((2, 5)), jnp.ones((2, 5)), jnp.ones((1, 5))
          ),
          _CONFIG,
      )


if __name__ == '__main__':
  absltest.main()
