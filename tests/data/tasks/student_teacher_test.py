"""Teachers of the linear theory."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import student_teacher


class StudentTeacherTest(parameterized.TestCase):

  @parameterized.parameters(1.0, 10.0)
  def test_features_have_their_spectrum(self, anisotropy):
    found = student_teacher.teacher(jax.random.key(0), 8, anisotropy)
    values = jnp.linalg.svd(found.features, compute_uv=False)
    expected = [anisotropy] * 4 + [1.0] * 4
    np.testing.assert_allclose(values, expected, rtol=1e-5)

  def test_leading_part_is_most_of_an_anisotropic_teacher(self):
    cosine = lambda a, b: float(
        a @ b / (jnp.linalg.norm(a) * jnp.linalg.norm(b))
    )
    found = [
        student_teacher.teacher(jax.random.key(seed), 20, 30.0)
        for seed in range(5)
    ]
    for one in found:
      self.assertGreater(cosine(one.beta, one.leading), 0.99)

  def test_trials_are_white_and_labelled(self):
    beta = jnp.array([1.0, -2.0, 0.5])
    x, y = student_teacher.trials(jax.random.key(0), beta, 20_000)
    # Entries of the covariance have standard errors of 1 %.
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(3), atol=0.05)
    np.testing.assert_allclose(jnp.linalg.lstsq(x, y)[0], beta, atol=1e-5)

  def test_bad_values(self):
    with self.assertRaisesRegex(ValueError, 'dimension must be .* got 1'):
      student_teacher.teacher(jax.random.key(0), 1, 2.0)
    with self.assertRaisesRegex(ValueError, 'anisotropy must be .* got 0.5'):
      student_teacher.teacher(jax.random.key(0), 4, 0.5)


if __name__ == '__main__':
  absltest.main()
