"""Changes of every method, and the choice of their strengths."""

import functools

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import expert_changes
from nmlib.analysis import experts

_STRENGTHS = expert_changes.Strengths(
    ((1, 0.5), (2, 0.0)), (0.1, 0.3), (1.0, 2.0), (0.5, 2.0)
)


def _seen():
  """Returns 8 texts, half of them marked, of 2 layers; V = 9, d = 4, m = 5."""
  keys = jax.random.split(jax.random.key(0), 6)
  draw = lambda i, *shape: jax.random.normal(keys[i], shape)
  seen = expert_changes.Seen(
      jnp.arange(8) % 2 == 0, draw(0, 8, 4), draw(1, 8, 2, 5), draw(2, 8, 2, 4),
      draw(3, 2, 24, 2, 5), draw(4, 2, 24, 3, 4),
  )  # fmt: skip
  labels = jnp.arange(48).reshape(2, 24) % 3 == 0
  return draw(5, 9, 4), seen, labels


@functools.cache
def _changes():
  readout, seen, labels = _seen()
  return expert_changes.all_changes(
      readout, seen, labels, _STRENGTHS, 3, jax.random.key(1)
  )


class ExpertChangesTest(absltest.TestCase):

  def test_each_method_changes_its_own_part(self):
    changes, parts, scores = _changes()
    names = (*expert_changes.NAMES, *(f'random {i}' for i in range(3)))
    self.assertEqual(changes.gains.shape, (1 + 2 * len(names), 4))
    one = lambda i: jax.tree.map(lambda x: np.asarray(x[i]), changes)
    plain = one(0)
    np.testing.assert_array_equal(plain.gains, 1)
    np.testing.assert_array_equal(plain.factors, 1)
    np.testing.assert_array_equal(plain.adds, 0)
    for i, name in enumerate(names):
      for e in range(2):
        change = one(1 + 2 * i + e)
        differ = [np.any(a != b) for a, b in zip(change, plain, strict=True)]
        kind = 0
        if name in ('AURA', 'Damp', 'Det-0', 'Det-0 of generators'):
          kind = 1
        elif name == 'steering':
          kind = 2
        self.assertEqual(differ, [j == kind for j in range(3)], name)
        if not kind:
          count, alpha = _STRENGTHS.components[e]
          self.assertEqual(np.sum(change.gains == alpha), count, name)
          self.assertEqual(np.sum(change.gains == 1), 4 - count, name)
        if name in expert_changes.SINGULAR:
          score = np.asarray(scores[f'score {name}'])
          changed, kept = score[change.gains != 1], score[change.gains == 1]
          self.assertGreater(changed.min(), kept.max(), name)
    top = one(1 + 2 * names.index('top components') + 1)
    np.testing.assert_array_equal(top.gains, [0, 0, 1, 1])
    np.testing.assert_array_equal(np.sort(parts.scales)[::-1], parts.scales)

  def test_factors_and_vectors_are_of_what_was_seen(self):
    _, seen, labels = _seen()
    changes, *_ = _changes()
    at = lambda name, e: 1 + 2 * expert_changes.NAMES.index(name) + e
    areas = experts.auroc(seen.highest.reshape(48, 2, 5), labels.ravel())
    said = experts.auroc(seen.neurons, seen.marked)
    for name, e, factors in (
        ('AURA', 1, experts.aura(areas) ** 2),
        ('Damp', 1, experts.damp(areas, 3, 0.5)),
        ('Det-0', 0, experts.det_zero(areas, 1)),
        ('Det-0 of generators', 1, experts.det_zero(said, 3)),
    ):
      np.testing.assert_allclose(changes.factors[at(name, e)], factors)
    away = seen.resid[1::2, 1].mean(0) - seen.resid[::2, 1].mean(0)
    adds = changes.adds[at('steering', 1)]
    np.testing.assert_allclose(adds[1], 2 * away, rtol=1e-5)
    np.testing.assert_array_equal(adds[0], 0)

  def test_texts_of_one_kind_are_refused(self):
    readout, seen, labels = _seen()
    with self.assertRaisesRegex(
        ValueError, '8 of 8 continuations say a marked'
    ):
      expert_changes.all_changes(
          readout, seen._replace(marked=jnp.ones(8, bool)), labels, _STRENGTHS,
          1, jax.random.key(0),
      )  # fmt: skip

  def test_the_lowest_rate_within_the_limit_is_chosen(self):
    # None; a method with both within; one with one; one with none that helps.
    perplexity = np.array([[10, 10.1, 10.2, 10.3, 99, 10.1, 10.1]])
    rate = np.array([[0.5, 0.4, 0.3, 0.4, 0.0, 0.6, 0.6]])
    found = expert_changes.within_limit(perplexity, rate, 2, 0.05)
    np.testing.assert_array_equal(found, [[0, 2, 3, 0]])

  def test_a_unit_that_is_the_label_detects_in_both_corpora(self):
    _, seen, labels = _seen()
    highest = seen.highest.at[:, :, 1, 2].set(labels.astype(float))
    means = seen.means.at[:, :, 0].set(
        10.0 * jnp.where(labels, 1, -1)[..., None]
    )
    found = jax.jit(expert_changes.stability, static_argnums=3)(
        seen._replace(highest=highest, means=means),
        labels,
        jax.random.key(0),
        4,
    )
    self.assertEqual(found['area neurons'].shape, (2, 10))
    np.testing.assert_allclose(found['area neurons'][:, 7], 1, rtol=1e-6)
    np.testing.assert_allclose(found['area layers'][:, 0], 1, rtol=1e-6)
    for name in ('neurons', 'layers'):
      self.assertBetween(float(found[f'rho {name}']), -1, 1)


if __name__ == '__main__':
  absltest.main()
