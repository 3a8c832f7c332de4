"""Circuits against sets, closed forms and networks of known parts."""

import itertools

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import patching
from nmlib.networks import transformer
from nmlib.neurons import sites
from tests.networks import recorded_transformer

_EFFECTS = np.array([[0.1, -0.9, 0.0], [0.3, 0.2, -0.4]])


def _circuit(*heads, shape=(2, 3)):
  mask = np.zeros(shape, bool)
  for head in heads:
    mask[head] = True
  return mask


class DiscoveryTest(parameterized.TestCase):

  def test_the_top_heads_of_either_sign(self):
    found = patching.top_heads(_EFFECTS, top_k=2)
    np.testing.assert_array_equal(found, _circuit((0, 1), (1, 2)))
    found = patching.top_heads(_EFFECTS, top_fraction=0.5)
    np.testing.assert_array_equal(found, _circuit((0, 1), (1, 2), (1, 0)))
    # A head without any effect is no part, however many are asked for.
    self.assertEqual(int(patching.top_heads(_EFFECTS, top_k=6).sum()), 5)

  def test_a_circuit_is_the_union_of_its_stages(self):
    other = np.zeros((2, 3))
    other[0, 2] = 1e-3
    found = patching.discover_circuit([_EFFECTS, other], top_k=1)
    np.testing.assert_array_equal(found, _circuit((0, 1), (0, 2)))
    both = jax.jit(
        jax.vmap(lambda e: patching.discover_circuit([e, other], top_k=1))
    )(jnp.stack([_EFFECTS, _EFFECTS[::-1]]))
    np.testing.assert_array_equal(both[0], found)
    self.assertTrue(both[1, 1, 1])

  def test_whole_heads_of_the_papers_fraction(self):
    # 7.68 of GPT-2 medium's 384 heads are 7; 0.29 of 100 are 29, not 28.
    effects = np.arange(1.0, 385).reshape(24, 16)
    self.assertEqual(patching.top_heads(effects, top_fraction=0.02).sum(), 7)
    effects = np.arange(1.0, 101).reshape(10, 10)
    self.assertEqual(patching.top_heads(effects, top_fraction=0.29).sum(), 29)

  @parameterized.parameters(
      (dict(top_fraction=0.02), '0.02 of 16 heads is none: take 0.0625'),
      (dict(top_fraction=1.5), 'top_fraction must be in'),
      (dict(), 'either top_fraction or top_k'),
      (dict(top_k=2, top_fraction=0.5), 'either top_fraction or top_k'),
      (dict(top_k=0), 'top_k must be'),
      (dict(top_k=17), 'top_k must be at most 16, got 17'),
  )
  def test_bad_thresholds_are_refused(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      patching.discover_circuit([np.ones((4, 4))], **options)

  def test_bad_effects_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'a stage at least'):
      patching.discover_circuit([], top_k=1)
    with self.assertRaisesRegex(ValueError, 'all stages must be of the same'):
      patching.discover_circuit([np.ones((2, 3)), np.ones((3, 2))], top_k=1)
    with self.assertRaisesRegex(ValueError, 'effects must be in .*nan'):
      patching.top_heads(np.full((2, 2), np.nan), top_k=1)


class OverlapTest(parameterized.TestCase):

  def test_overlap_is_that_of_sets(self):
    rng = np.random.default_rng(0)
    drawn = rng.random((5, 2, 3)) < 0.5
    drawn[0] = True
    found = patching.circuit_overlap(drawn[:, None], drawn[None])
    sets = [set(np.flatnonzero(mask)) for mask in drawn]
    for i, j in itertools.product(range(5), repeat=2):
      expected = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
      self.assertAlmostEqual(float(found[i, j]), expected, 6)
    empty = np.zeros((2, 3), bool)
    self.assertTrue(np.isnan(patching.circuit_overlap(empty, empty)))
    self.assertEqual(patching.circuit_overlap(empty, drawn[0]), 0)
    with self.assertRaisesRegex(ValueError, 'must be bool'):
      patching.circuit_overlap(empty, empty.T)

  @parameterized.parameters((5, 2, 2), (6, 3, 3), (6, 4, 5), (5, 0, 2))
  def test_chance_is_the_mean_over_all_pairs_of_sets(self, size, a, b):
    pairs = itertools.product(
        *(itertools.combinations(range(size), k) for k in (a, b))
    )
    overlaps = [len({*x} & {*y}) / len({*x} | {*y}) for x, y in pairs]
    self.assertAlmostEqual(
        patching.chance_overlap(size, a, b), np.mean(overlaps)
    )

  def test_chance_of_whole_sets_and_none(self):
    self.assertEqual(patching.chance_overlap(7, 7, 7), 1)
    for sizes in ((4, 5, 1), (4, -1, 2), (4, 0, 0)):
      with self.assertRaisesRegex(ValueError, 'two circuits of 4 heads'):
        patching.chance_overlap(*sizes)

  def test_overlaps_stand_beside_their_chance(self):
    one, two = _circuit((0, 0), (0, 1)), _circuit((0, 1))
    rows = np.stack([one, two, two & False]), np.stack([two, one, two & False])
    shared, chance = patching.overlap_beside_chance(*rows)
    np.testing.assert_allclose(shared, [0.5, 0.5, np.nan])
    expected = patching.chance_overlap(6, 2, 1)
    np.testing.assert_allclose(chance, [expected, expected, np.nan])
    found = patching.overlap_beside_chance(rows[0][None], rows[1][None])
    np.testing.assert_array_equal(found[:, 0], [shared, chance])

  def test_stability_of_sure_and_of_random_effects(self):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(6, 40))
    clean, corrupt = jnp.ones(40), -jnp.ones(40)
    sure = clean[None] - 10.0 * np.arange(1, 7)[:, None] + 0.01 * noise
    of = lambda *stages: float(
        jax.jit(patching.bootstrap_stability, static_argnames=(
            'num_layers', 'top_k'
        ))(
            jax.random.key(0),
            [patching.Patched(jnp.asarray(s), clean, corrupt) for s in stages],
            num_layers=2, top_k=2,
        )
    )  # fmt: skip
    self.assertEqual(of(sure), 1)
    self.assertEqual(of(sure, sure[::-1]), 1)
    # Effects of mean 0 rank as chance has it, or a little better: the sample's
    # own means are resampled.
    alone = of(clean[None] + noise)
    self.assertBetween(alone, patching.chance_overlap(6, 2, 2), 0.8)
    with self.assertRaisesRegex(ValueError, 'resamples must be'):
      stage = patching.Patched(jnp.asarray(sure), clean, corrupt)
      patching.bootstrap_stability(
          jax.random.key(0), [stage], 2, top_k=1, resamples=1
      )


class FaithfulnessTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    self.stored, params, config = recorded_transformer.load()
    network = lambda tokens, site: transformer.apply(
        params, tokens, config, site=site
    )
    run = lambda tokens, edits, capture: sites.run(
        network, tokens, edits=edits, capture=capture
    )
    metric = lambda out, pair: patching.logit_difference(out.logits[-1], pair)
    # They differ widely from one another: one clean prompt, many references.
    clean, answers = (self.stored[n][:2] for n in ('clean', 'answers'))
    self.arguments = run, clean
    self.others = metric, answers
    self.shares = lambda measure, circuits, **options: jax.jit(
        lambda: measure(run, clean, circuits, metric, answers, **options)
    )()

  def test_all_and_nothing(self):
    everything = _circuit(*np.ndindex(2, 3))
    circuits = np.stack([everything, ~everything])
    kept = self.shares(patching.faithfulness, circuits)
    left = self.shares(patching.completeness, circuits)
    np.testing.assert_allclose([kept[0], left[1]], 1, rtol=1e-12)
    np.testing.assert_allclose(kept[1], left[0], rtol=1e-12)
    self.assertGreater(abs(float(kept[1]) - 1), 0.01)

  def test_a_head_put_out_is_the_recorded_mean_ablation(self):
    """The fixture's mean is over all four prompts, position by position."""
    stored = self.stored
    run, (metric, _) = self.arguments[0], self.others
    heads = np.stack([_circuit(head) for head in np.ndindex(2, 3)])
    arguments = run, stored['clean'], heads, metric, stored['answers']
    left = jax.jit(lambda: patching.completeness(*arguments))()
    expected = (stored['ablate_mean.z.ld'] / stored['ld_clean']).ravel()
    np.testing.assert_allclose(left, expected, rtol=1e-9)
    arguments = run, stored['clean'], ~heads, metric, stored['answers']
    kept = jax.jit(lambda: patching.faithfulness(*arguments, batch_size=4))()
    np.testing.assert_allclose(kept, left, rtol=1e-12)

  def test_stages_are_the_recorded_paths(self):
    stored, (run, _) = self.stored, self.arguments
    names = 'clean', 'corrupt'
    clean, corrupt = (stored[name] for name in names)
    options = dict(metric=self.others[0], targets=stored['answers'])
    stages = jax.jit(
        lambda: patching.patch_stages(
            run, clean, corrupt, (2, 3), top_k=1, batch_size=6, **options
        )
    )()
    first = patching.head_effects(stages[0], (2, 3))
    np.testing.assert_allclose(first, stored['path.logits.last'], atol=1e-10)
    # Receivers of later stages are the one mover, then it and what it reads.
    mover = np.abs(first) == np.abs(first).max()
    second = patching.head_effects(stages[1], (2, 3))
    reads = np.abs(second) == np.abs(second).max()
    both = (mover | (reads & (second != 0)))[:, None, :, None]
    expected = jax.jit(
        lambda: patching.path_patch(
            run, clean, corrupt,
            patching.one_at_a_time((2, 1, 3, 1), (0, 2)),
            {'k': both, 'v': both}, batch_size=6, **options,
        )
    )()  # fmt: skip
    np.testing.assert_allclose(stages[2].values, expected.values, rtol=1e-12)
    # No sender reaches the queries of a head that is not above it.
    top = np.flatnonzero(mover.any(1))[0]
    np.testing.assert_array_equal(second[top:], 0)

  def test_bad_circuits_are_refused(self):
    for circuits in (np.zeros((2, 3), bool), np.zeros((1, 2, 3))):
      with self.assertRaisesRegex(ValueError, r'bool \[E, L, H\]'):
        self.shares(patching.faithfulness, circuits)


if __name__ == '__main__':
  absltest.main()
