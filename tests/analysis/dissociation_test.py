"""Dissociation of tasks: closed forms, brute force, and what chance gives."""

import functools

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nmlib.analysis import patching
from nmlib.analysis.interpretability import dissociation
from nmlib.analysis.interpretability import probes
from nmlib.analysis.interpretability import task_circuits
from nmlib.analysis.interpretability import task_dissociation
from nmlib.analysis.interpretability import task_selectivity
from nmlib.networks import transformer
from nmlib.neurons import sites
from tests.networks import recorded_transformer


class TablesTest(parameterized.TestCase):

  def test_index_is_own_drops_less_the_others(self):
    intact = np.ones((2, 4))
    ablated = np.ones((2, 2, 4))
    ablated[0, 0] = 0  # the first circuit off: all of the first task
    ablated[1, 1, :2] = 0  # the second: half of the second
    ablated[1, 0, 0] = 0  # and a quarter of the first
    found = dissociation.double_dissociation(intact, ablated)
    np.testing.assert_array_equal(found.drops, [[1, 0], [0.25, 0.5]])
    self.assertEqual(found.index, 1.25)
    self.assertLess(found.low, 1.25)
    self.assertGreater(found.high, 1.25)

  def test_shuffled_task_labels_centre_the_index_at_0(self):
    rng = np.random.default_rng(0)
    size, found = 40, []
    # Drops of both circuits in examples of both tasks, a strong dissociation.
    drops = np.stack([np.r_[np.ones(size), np.zeros(size)]] * 2)
    drops[1] = 1 - drops[1]
    for _ in range(300):
      mixed = drops[:, rng.permutation(2 * size)].reshape(2, 2, size)
      found.append(
          dissociation.double_dissociation(
              np.ones((2, size)), 1 - mixed, resamples=100
          )
      )
    index = np.array([one.index for one in found])
    self.assertLess(abs(index.mean()), 3 * index.std() / np.sqrt(len(index)))
    above = np.mean([one.low > 0 for one in found])
    self.assertLess(above, 0.06)  # 2.5 % are expected

  def test_layers_are_classed_by_deviations_above_the_mean(self):
    first = np.array([0.0, 0, 0, 4, 0, 4])
    second = np.array([0.0, 4, 0, 0, 0, 4])
    found = dissociation.classify_layers(first, second)
    self.assertEqual(
        [dissociation.LAYER_CLASSES[i] for i in found],
        ['neither', 'second', 'neither', 'first', 'neither', 'both'],
    )
    none = dissociation.classify_layers(first, second, 9.0)
    np.testing.assert_array_equal(none, 0)

  def test_stability_is_full_for_constant_effects_and_falls_with_one(self):
    effects = np.tile(np.array([0.0, 0, 1])[:, None], (1, 10))
    stable = dissociation.class_stability(effects, 1 - effects, 5)
    np.testing.assert_array_equal(stable, 1)
    effects[1, 0] = 30  # one example makes the middle layer's class
    shaky = dissociation.class_stability(effects, effects, 5)
    np.testing.assert_allclose(shaky, [1, 0.8, 0.8])

  def test_random_circuits_have_the_sizes_of_every_layer(self):
    circuit = np.random.default_rng(0).random((3, 8)) < 0.4
    draw = lambda key: dissociation.matched_random_circuit(key, (circuit,))[0]
    found = jax.vmap(draw)(jax.random.split(jax.random.key(0), 400))
    np.testing.assert_array_equal(
        found.sum(-1), np.tile(circuit.sum(-1), (400, 1))
    )
    share = circuit.mean(-1, keepdims=True)
    np.testing.assert_allclose(found.mean(0), share + 0 * circuit, atol=0.1)

  def test_bad_tables_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'ablated must be'):
      dissociation.double_dissociation(np.ones((2, 3)), np.ones((2, 3)))
    with self.assertRaisesRegex(ValueError, 'confidence must be in'):
      dissociation.double_dissociation(
          np.ones((2, 3)), np.ones((2, 2, 3)), confidence=1.0
      )
    with self.assertRaisesRegex(ValueError, 'folds must be 2 to'):
      dissociation.class_stability(np.ones((2, 3)), np.ones((2, 4)), 4)
    with self.assertRaisesRegex(ValueError, 'the same components'):
      dissociation.classify_layers(np.ones(3), np.ones(4))
    with self.assertRaisesRegex(ValueError, r'must be bool \[L, N\]'):
      dissociation.matched_random_circuit(jax.random.key(0), np.ones((2, 2)))


class SummaryTest(absltest.TestCase):

  def test_what_circuits_read_and_which_neurons_tell_tasks_apart(self):
    rng = np.random.default_rng(0)
    layers, heads, neurons, examples, groups = 3, 2, 5, 20, 4
    own_heads = np.zeros((2, layers, heads), bool)
    own_heads[0, 1, 0] = own_heads[0, 2, 1] = own_heads[1, 0, 1] = True
    own_neurons = rng.random((2, layers, neurons)) < 0.5
    kinds = {
        kind: rng.random((3, 2, 2, examples, 2))
        for kind in task_dissociation.KINDS
    }
    found = kinds | {
        'intact': rng.random((2, examples, 2)),
        'random': rng.random((3, 6, 2, 2, examples)),
        'text': np.array([2.0, 2.5, 1.0]),
        'layers': rng.random((2, 3, layers, examples)),
        'entropy': rng.random((2, layers, heads)),
        'mass': rng.random((2, layers, heads, groups)),
        'own_heads': own_heads, 'own_neurons': own_neurons,
        'd_prime': rng.normal(size=(layers, neurons)),
        'auroc': rng.random((layers, neurons)),
        'told': rng.random((layers, neurons)) < 0.3,
    }  # fmt: skip
    read = task_dissociation.summarize(found)
    np.testing.assert_allclose(
        read['read'][0, 0],
        (found['entropy'][0, 1, 0] + found['entropy'][0, 2, 1]) / 2,
    )
    np.testing.assert_allclose(read['read'][1, 1:], found['mass'][1, 0, 1])
    self.assertEqual(read['apart'].shape, (3, 3))
    for i, chosen in enumerate([*own_neurons, own_neurons[0] | True]):
      auroc = found['auroc'][chosen]
      expected = (
          found['told'][chosen].mean(), np.abs(found['d_prime'])[chosen].mean(),
          np.maximum(auroc, 1 - auroc).mean(),
      )  # fmt: skip
      np.testing.assert_allclose(read['apart'][i], expected)
    np.testing.assert_allclose(read['text'], [0.25, -0.5])
    lost = found['intact'][1, :, 0] - found['zero'][2, 0, 1, :, 0]
    np.testing.assert_allclose(read['lost zero'][2, 0, 1], lost.mean())

  def test_circuits_are_split_into_levels(self):
    rng = np.random.default_rng(0)
    both = task_circuits.Circuit(
        jnp.asarray(rng.random((2, 3, 4)) < 0.5),
        jnp.asarray(rng.random((2, 3, 6)) < 0.5),
    )
    found = task_circuits.levels(both)
    none = jax.tree.map(jnp.zeros_like, both)
    np.testing.assert_array_equal(
        found.heads, np.concatenate([both.heads, none.heads, both.heads])
    )
    np.testing.assert_array_equal(
        found.neurons,
        np.concatenate([none.neurons, both.neurons, both.neurons]),
    )


class SelectivityTest(parameterized.TestCase):

  def test_z_scores_are_subtracted(self):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 4))
    found = task_selectivity.selectivity(a, b)
    expected = (stats.zscore(a, None) - stats.zscore(b, None)) / 2**0.5
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(
        task_selectivity.selectivity(5 * a + 1, a), 0, atol=1e-5
    )
    still = task_selectivity.selectivity(np.ones(3), np.ones(3))
    np.testing.assert_array_equal(still, 0)

  def test_entropy_and_mass(self):
    pattern = np.array([[0.25, 0.25, 0.25, 0.25], [0, 1, 0, 0]])
    groups = {'start': np.array([1, 1, 0, 0], bool)}
    entropy, mass = task_selectivity.attention_statistics(pattern, groups)
    np.testing.assert_allclose(entropy, [np.log(4), 0], atol=1e-6)
    np.testing.assert_allclose(mass['start'], [0.5, 1])
    slope = jax.grad(
        lambda p: task_selectivity.attention_statistics(p, groups)[0].sum()
    )(jnp.asarray(pattern))
    self.assertTrue(np.isfinite(slope).all())
    with self.assertRaisesRegex(ValueError, "group 'start' must be"):
      task_selectivity.attention_statistics(np.full((2, 2), 0.5), groups)

  def test_neurons_beside_scipy(self):
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(12, 5)), rng.normal(size=(9, 5))
    a[:, 0] += 3
    found = task_selectivity.neuron_selectivity(a, b, permutations=2000)
    expected = stats.permutation_test(
        (a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), axis=0,
        vectorized=True, n_resamples=2000, rng=np.random.default_rng(5),
    )  # fmt: skip
    np.testing.assert_allclose(found.p_values, expected.pvalue, atol=0.05)
    area = stats.mannwhitneyu(a, b).statistic / (12 * 9)
    np.testing.assert_allclose(found.auroc, area, rtol=1e-5)
    np.testing.assert_allclose(found.d_prime, probes.sensitivity(a, b))
    with self.assertRaisesRegex(ValueError, 'the same neurons'):
      task_selectivity.neuron_selectivity(a, b[:, :2])

  def test_p_values_of_equal_tasks_are_uniform(self):
    both = np.random.default_rng(3).normal(size=(2, 20, 300))
    found = task_selectivity.neuron_selectivity(*both, permutations=199)
    self.assertGreater(stats.kstest(found.p_values, 'uniform').pvalue, 0.01)
    self.assertFalse(probes.false_discoveries(found.p_values).any())


class CircuitsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    stored, params, config = recorded_transformer.load()
    network = functools.partial(transformer.apply, params, config=config)
    self.run_edited = lambda tokens, edits, capture: sites.run(
        lambda tokens, site: network(tokens, site=site), tokens, edits=edits,
        capture=capture,
    )  # fmt: skip
    self.clean, self.answers = stored['clean'], stored['answers']
    self.stored = stored

  def test_effects_of_heads_are_those_of_the_fixture(self):
    found = jax.jit(
        lambda x: task_circuits.effects(self.run_edited, x, self.answers)
    )(self.clean)
    expected = self.stored['ld_clean'] - self.stored['ablate_mean.z.ld']
    np.testing.assert_allclose(found.heads, expected, atol=1e-10)
    out = jax.vmap(lambda x: self.run_edited(x, {}, ('mlp_post',)))(self.clean)
    mean = out[1]['mlp_post'].mean(0)[1]
    edit = {'mlp_post/1': sites.Edit(value=mean)}
    after = jax.vmap(lambda x: self.run_edited(x, edit, ())[0])(self.clean)
    score = jax.vmap(task_circuits.difference)
    expected = score(out[0], self.answers) - score(after, self.answers)
    np.testing.assert_allclose(found.layers[1, 1], expected, atol=1e-10)

  @parameterized.parameters('zero', 'mean', 'resample')
  def test_a_set_of_heads_and_neurons_is_put_out_at_once(self, kind):
    heads, neurons = np.zeros((1, 2, 3), bool), np.zeros((1, 2, 48), bool)
    seen = jax.vmap(lambda x: self.run_edited(x, {}, ('z', 'mlp_post'))[1])(
        self.clean
    )
    neurons = neurons[..., : seen['mlp_post'].shape[-1]]
    heads[0, 0, 1] = heads[0, 1, 2] = neurons[0, 1, 3] = True
    found = jax.jit(
        lambda x: task_circuits.lesions(
            self.run_edited, x, task_circuits.Circuit(heads, neurons),
            task_circuits.difference, self.answers, kind=kind,
        )
    )(self.clean)  # fmt: skip
    put = {
        'zero': lambda x: 0 * x,
        'mean': lambda x: jnp.broadcast_to(x.mean(0), x.shape),
        'resample': lambda x: jnp.roll(x, 1, 0),
    }[kind]
    for i, (tokens, answers) in enumerate(
        zip(self.clean, self.answers, strict=True)
    ):
      edits = {
          'z': sites.Edit(
              mask=heads[0][:, None, :, None], value=put(seen['z'])[i]
          ),
          'mlp_post': sites.Edit(
              mask=neurons[0][:, None], value=put(seen['mlp_post'])[i]
          ),
      }
      out, _ = self.run_edited(tokens, edits, ())
      np.testing.assert_allclose(
          found[0, i], task_circuits.difference(out, answers), atol=1e-10
      )

  def test_circuits_hold_what_serves_their_task_alone(self):
    rng = np.random.default_rng(0)
    first, second = (
        task_circuits.Effects(
            rng.random((2, 4)) / 9, rng.random((2, 9)) / 9, np.zeros(0)
        )
        for _ in range(2)
    )  # fmt: skip
    first.heads[0, 1] = second.heads[1, 3] = 1
    first.heads[1, 0] = second.heads[1, 0] = 2  # serves both
    found = task_circuits.choose(first, second, task_circuits.Counts(1, 2))
    self.assertTrue(found.heads[0, 0, 1] and found.heads[1, 1, 3])
    np.testing.assert_array_equal(found.heads.sum((1, 2)), 1)
    np.testing.assert_array_equal(found.neurons.sum((1, 2)), 2)
    with self.assertRaisesRegex(ValueError, 'two circuits of 5 heads need 10'):
      task_circuits.choose(first, second, task_circuits.Counts(5, 2))

  def test_bad_sets_are_refused(self):
    run = functools.partial(
        patching.ablate_sets, self.run_edited, self.clean,
        metric=task_circuits.difference, targets=self.answers,
    )  # fmt: skip
    with self.assertRaisesRegex(ValueError, 'as many at each'):
      run(masks={'z': np.ones((2, 2, 1, 3, 1), bool), 'q': np.ones((1, 1))})
    with self.assertRaisesRegex(ValueError, 'as many at each'):
      run(masks={})


if __name__ == '__main__':
  absltest.main()
