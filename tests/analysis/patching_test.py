"""Patching against effects that brute force has found, and against laws."""

import functools
import typing
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import patching
from nmlib.networks import transformer
from nmlib.neurons import sites
from tests.networks import recorded_transformer

_HEADS = patching.one_at_a_time((2, 6, 3, 4), (0, 2))  # layer, head


def _metric(out, answers):
  return patching.logit_difference(out.logits[-1], answers)


def _receivers(name: str) -> dict[str, Any]:
  """Returns what a name of the fixture stands for."""
  if name == 'logits':
    return {'resid_post': np.arange(2).reshape(2, 1, 1) == 1}
  mask = np.zeros((2, 1, 3, 1), bool)
  for head in name[len('head1_') :].partition('.')[0].split('_'):
    mask[1, 0, int(head)] = True
  return {name[-1]: mask}


class FixtureTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    self.stored, params, config = recorded_transformer.load()
    self.network = functools.partial(transformer.apply, params, config=config)
    names = 'clean', 'corrupt', 'answers'
    self.clean, self.corrupt, self.answers = (self.stored[n] for n in names)

  def run_edited(self, tokens, edits, capture):
    network = lambda tokens, site: self.network(tokens, site=site)
    return sites.run(network, tokens, edits=edits, capture=capture)

  @parameterized.parameters(
      ('resid_pre', (2, 6, 12), (0, 1)),
      ('mlp_out', (2, 6, 12), (0, 1)),
      ('z', (2, 6, 3, 4), (0, 2, 1)),
  )
  def test_activation_patching(self, site, shape, axes):
    masks = patching.one_at_a_time(shape, axes)

    @jax.jit
    def run(clean, corrupt, answers):
      return patching.activation_patch(
          self.run_edited, clean, corrupt, site, masks, _metric, answers,
          batch_size=12,
      )  # fmt: skip

    found = run(self.clean, self.corrupt, self.answers)
    effect = patching.normalized_effect(*found._replace(
        clean=found.corrupt, corrupt=found.clean
    ))  # fmt: skip
    expected = self.stored[f'act_patch.{site}']
    np.testing.assert_allclose(effect, expected.ravel(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.clean.mean(), self.stored['ld_clean'])

  def test_a_sweep_that_begins_at_each_layer_is_the_sweep(self):
    def run_above(layer):
      def network(resid, site):
        start = transformer.Start(layer, resid)
        return self.network(jnp.zeros(6, int), start=start, site=site)

      return lambda resid, edits, capture: sites.run(
          network, resid, edits=edits, capture=capture
      )

    @jax.jit
    def run(clean, corrupt, answers):
      seen = jax.vmap(lambda x: self.run_edited(x, {}, ('resid_pre', 'z'))[1])
      below, values = seen(clean)['resid_pre'], seen(corrupt)['z']
      heads = patching.one_at_a_time((6, 3, 4), (1,))
      layered = patching.layer_sweep(
          run_above, below, 'z', heads, values, _metric, answers
      )
      whole = patching.sweep(
          self.run_edited, clean, 'z', _HEADS, values, _metric, answers
      )
      return layered, whole

    layered, whole = run(self.clean, self.corrupt, self.answers)
    self.assertEqual(layered.shape[:2], (2, 3))
    np.testing.assert_allclose(
        layered.reshape(whole.shape), whole, rtol=0, atol=1e-12
    )
    with self.assertRaisesRegex(ValueError, r'values must be \[B=1, L=2'):
      patching.layer_sweep(
          run_above, jnp.zeros((1, 2, 6, 12)), 'z', _HEADS,
          jnp.zeros((1, 3, 6, 3, 4)), _metric, self.answers,
      )  # fmt: skip

  @parameterized.parameters('zero', 'mean', 'resample')
  def test_ablation(self, kind):
    run = jax.jit(
        lambda clean, others: patching.ablate(
            self.run_edited, clean, 'z', _HEADS, _metric, self.answers,
            kind=kind, others=others, batch_size=6,
        )
    )  # fmt: skip
    found = run(self.clean, self.corrupt if kind == 'resample' else None)
    expected = self.stored[f'ablate_{kind}.z.ld']
    np.testing.assert_allclose(found.mean(1), expected.ravel(), atol=1e-10)

  @parameterized.parameters(
      ('logits', 'last', False), ('logits', 'all_pos', True),
      ('head1_1.q', 'last', False), ('head1_1.k', 'all_pos', False),
      ('head1_1.k', 'last', False), ('heads1_0_2.v', 'all_pos', False),
  )  # fmt: skip
  def test_path_patching(self, receivers, where, freeze):
    positions = np.arange(6) == 5 if where == 'last' else None

    @jax.jit
    def run(clean, corrupt, answers):
      return patching.path_patch(
          self.run_edited, clean, corrupt, _HEADS,
          _receivers(receivers.replace('heads', 'head')), _metric, answers,
          positions=positions, freeze_mlps=freeze, batch_size=6,
      )  # fmt: skip

    found = run(self.clean, self.corrupt, self.answers)
    effect = patching.normalized_effect(*found)
    name = f'path.{receivers}.{where}' + ('.freeze_mlps' if freeze else '')
    expected = self.stored[name]
    np.testing.assert_allclose(effect, expected.ravel(), rtol=0, atol=1e-10)
    if receivers != 'logits':  # senders that are not below their receiver
      np.testing.assert_array_equal(
          found.values[3:], jnp.broadcast_to(found.clean, (3, 4))
      )

  def test_attribution_patching(self):
    run = jax.jit(
        lambda clean, corrupt: patching.attribution_patch(
            self.run_edited, clean, corrupt, 'z', _metric, self.answers
        )
    )
    found = run(self.clean, self.corrupt).sum(-1).mean(0)  # [L, T, H]
    whole = self.stored['ld_clean'] - self.stored['ld_corrupt']
    np.testing.assert_allclose(
        found.transpose(0, 2, 1) / whole, self.stored['attribution_patch.z'],
        rtol=0, atol=1e-10,
    )  # fmt: skip

  def test_a_pattern_overridden_and_a_direction_added(self):
    heads = np.zeros((2, 3), bool)
    heads[1, 2] = True
    row = np.zeros(6)
    row[[1, 3]] = 0.5
    edits = {
        'override_pattern': {
            'pattern': patching.override_pattern(heads, -1, row)
        },
        'steer': {
            'resid_pre': patching.steer(self.stored['steer.vector'], 1, 2, 1.5)
        },
    }
    for name, edit in edits.items():
      run = jax.jit(jax.vmap(lambda t, e=edit: self.run_edited(t, e, ())[0]))
      np.testing.assert_allclose(
          run(self.clean).logits, self.stored[f'{name}.logits'],
          rtol=0, atol=1e-10,
      )  # fmt: skip

  def test_alike_inputs_have_no_effect_and_all_patches_bring_it_all(self):
    everywhere = np.ones((1, 1, 1, 1), bool)

    @jax.jit
    def run(clean, corrupt):
      patched = functools.partial(
          patching.activation_patch, self.run_edited, metric=_metric,
          targets=self.answers,
      )  # fmt: skip
      same = patched(clean, clean, 'z', _HEADS)
      return same, patched(clean, corrupt, 'resid_pre', everywhere[0])

    same, whole = run(self.clean, self.corrupt)
    np.testing.assert_allclose(
        same.values, jnp.broadcast_to(same.clean, same.values.shape), rtol=1e-12
    )
    np.testing.assert_allclose(whole.values[0], whole.clean, rtol=1e-10)


class BadInputTest(parameterized.TestCase):

  def _patch(self, clean, corrupt, masks, **options):
    run = lambda x, edits, capture: sites.run(
        lambda x, site: site.tap('x', x), x, edits=edits, capture=capture
    )
    return patching.activation_patch(
        run, clean, corrupt, 'x', masks, lambda out, t: out.sum() + t,
        jnp.zeros(len(clean)), **options,
    )  # fmt: skip

  @parameterized.parameters(
      (dict(corrupt=jnp.zeros((2, 4))), 'prompts of one length'),
      (dict(masks=np.zeros((0, 3), bool)), 'a mask at least'),
      (dict(direction='back'), "'denoise' or 'noise', got 'back'"),
      (dict(batch_size=0), 'batch_size must be at least 1'),
  )
  def test_it_is_refused(self, options, message):
    given = dict(
        clean=jnp.ones((2, 3)), corrupt=jnp.zeros((2, 3)),
        masks=np.ones((1, 3), bool),
    )  # fmt: skip
    with self.assertRaisesRegex(ValueError, message):
      self._patch(**given | options)

  def test_lists_of_prompts_of_unequal_length_are_refused(self):
    ragged = [[1, 2, 3], [1, 2]]
    with self.assertRaisesRegex(ValueError, 'of one length, and stack them'):
      self._patch(ragged, ragged, patching.one_at_a_time((3,), (0,)))

  def test_answers_beyond_the_vocabulary_are_refused(self):
    logits = jnp.arange(4.0)
    found = patching.logit_difference(logits, jnp.array([3, 1]))
    self.assertEqual(found, 2)
    for answer in (4, -1):
      with self.assertRaisesRegex(ValueError, rf'answers must .* got {answer}'):
        patching.logit_difference(logits, jnp.array([0, answer]))

  def test_a_sum_is_linear(self):
    found = self._patch(
        jnp.ones((2, 3)), jnp.zeros((2, 3)), patching.one_at_a_time((3,), (0,))
    )
    np.testing.assert_array_equal(found.values, np.ones((3, 2)))
    interval = patching.bootstrap_interval(
        found.values, found.corrupt, found.clean, resamples=9
    )
    np.testing.assert_allclose(interval, np.full((2, 3), 1 / 3), rtol=1e-6)

  def test_an_interval_is_that_of_the_standard_error(self):
    values = np.random.default_rng(0).normal(0.5, 0.2, (1, 400))
    start, end = np.zeros(400), np.ones(400)
    low, high = patching.bootstrap_interval(values, start, end)[:, 0]
    error = 1.96 * values.std() / 20
    np.testing.assert_allclose(
        [low, high], values.mean() + np.array([-error, error]), atol=error / 5
    )
    with self.assertRaisesRegex(ValueError, 'two examples at least, got 1'):
      patching.bootstrap_interval(values[:, :1], start[:1], end[:1])

  def test_places_are_numbered_last_axis_fastest(self):
    masks = patching.one_at_a_time((2, 5, 3), (2, 0))
    self.assertEqual(masks.shape, (6, 2, 1, 3))
    self.assertTrue(masks[1, 1, 0, 0] and masks[2, 0, 0, 1])
    np.testing.assert_array_equal(masks.sum((1, 2, 3)), 1)
    for axes in ((3,), (0, 0), (-4,)):
      with self.assertRaisesRegex(ValueError, 'axes must be different ones'):
        patching.one_at_a_time((2, 5, 3), axes)

  def test_interventions(self):
    found = patching.steer(jnp.array([1, 0]), 0, 1, 0.5)
    np.testing.assert_array_equal(found.add, [[[0.5, 0]]])
    with self.assertRaisesRegex(ValueError, 'weights must add up to 1'):
      patching.override_pattern(np.ones((1, 1), bool), 0, np.full(4, 0.5))
    with self.assertRaisesRegex(ValueError, "'noise', got 'noising'"):
      x, direction = jnp.ones((1, 2)), typing.cast(Any, 'noising')
      identity: Any = lambda x, edits, capture: (x, {})
      patching.attribution_patch(
          identity, x, x, 'x', lambda out, t: out.sum(), x, direction=direction
      )
    with self.assertRaisesRegex(ValueError, 'position of 4, got 4'):
      patching.override_pattern(np.ones((1, 1), bool), 4, np.full(4, 0.25))
    with self.assertRaisesRegex(
        ValueError, r'layer must be in \[0, 2\), got 2'
    ):
      patching.steer(jnp.ones(3), 2, 2)


if __name__ == '__main__':
  absltest.main()
