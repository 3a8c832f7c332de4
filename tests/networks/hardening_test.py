"""Gates made sharp, and what is left to compute."""

import functools

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import hardening
from nmlib.neurons.gates import mode_gate
from tests.networks import gated_mlp


class HardeningTest(parameterized.TestCase):

  def test_hardened_network_is_smaller_and_computes_the_same(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    xs = jax.random.normal(jax.random.key(7), (6, 6))
    run = lambda x: adaptation.apply('mode_gate', base, gates, x, hard=True)
    logits, on = jax.vmap(run)(xs)
    kept = tuple((gate > 0).any(0) for gate in on)
    small, thresholds = hardening.harden(base, gates, kept)
    self.assertLess(adaptation.count(small), adaptation.count(base))
    again = jax.vmap(lambda x: hardening.run(small, thresholds, x))(xs)
    np.testing.assert_allclose(again, logits, rtol=1e-5, atol=1e-5)

  def test_hard_gates_and_what_is_skipped(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    xs = jax.random.normal(jax.random.key(7), (6, 6))
    run = lambda x: adaptation.apply('mode_gate', base, gates, x, hard=True)
    expected, on = jax.vmap(run)(xs)
    logits, share = hardening.hard(base, gates, xs)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)
    for least in (0.0, 0.3):
      kept = tuple(mean > least for mean in share)
      small, thresholds = hardening.harden(base, gates, kept)
      for layer, gate, mean in zip(thresholds, on, share, strict=True):
        np.testing.assert_allclose(mean, gate.mean(0), rtol=1e-6)
        self.assertLen(layer, int((mean > least).sum()))
      run = functools.partial(hardening.run, small, thresholds)
      again = jax.vmap(run)(xs)
      if least == 0:  # skipped neurons are off for all inputs
        np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-5)
    self.assertLess(len(thresholds[0]), 8)

  def test_importance_is_the_mean_size_of_effects(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    xs = jax.random.normal(jax.random.key(8), (4, 6))
    found = hardening.importance(base, gates, xs)
    each = [hardening.attribution(base, gates, x) for x in xs]
    for layer, effects in enumerate(zip(*each, strict=True)):
      mean = np.mean([np.abs(effect).mean(1) for effect in effects], 0)
      np.testing.assert_allclose(found[layer], mean, rtol=1e-5, atol=1e-6)

  def test_attribution_is_exact_ablation(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    x = jax.random.normal(jax.random.key(8), (6,))
    effect = hardening.attribution(base, gates, x)
    self.assertEqual([e.shape for e in effect], [(8, 3), (7, 3)])
    # The last hidden layer acts linearly: its effects sum to the logits.
    logits = adaptation.apply('mode_gate', base, gates, x, hard=True)[0]
    np.testing.assert_allclose(
        effect[1].sum(0), logits - base[-1].bias, rtol=1e-4, atol=1e-5
    )

  @parameterized.parameters(
      dict(gate_on='post'), dict(signed_gain=False), dict(tied=True)
  )
  def test_other_kinds_of_gate_are_hardened_too(self, **options):
    config = mode_gate.Config(**options)
    base = gated_mlp.base()
    gates = tuple(
        g._replace(threshold=jnp.full(1, 0.2) if config.tied else g.threshold)
        for g in gated_mlp.gates()
    )
    xs = jax.random.normal(jax.random.key(7), (6, 6))
    run = lambda x: adaptation.apply(
        'mode_gate', base, gates, x, hard=True, gate=config
    )
    logits, on = jax.vmap(run)(xs)
    kept = tuple((gate > 0).any(0) for gate in on)
    small, thresholds = hardening.harden(base, gates, kept, config=config)
    again = jax.vmap(
        lambda x: hardening.run(small, thresholds, x, config=config)
    )(xs)
    np.testing.assert_allclose(again, logits, rtol=1e-5, atol=1e-5)
    effect = hardening.attribution(base, gates, xs[0], config=config)
    np.testing.assert_allclose(
        effect[1].sum(0), logits[0] - base[-1].bias, rtol=1e-4, atol=1e-5
    )

  def test_forcing_a_gate_open(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    x = jax.random.normal(jax.random.key(8), (6,))
    ours = hardening.attribution(base, gates, x, forced_on=True)
    logits, on = adaptation.apply('mode_gate', base, gates, x, hard=True)
    for layer, effect in enumerate(ours):
      self.assertEqual(len(effect), len(on[layer]))
      # What is open already, or silenced by ReLU, changes nothing.
      np.testing.assert_allclose(
          effect[np.asarray(on[layer]) > 0], 0, atol=1e-6
      )
    opened = gates[1]._replace(threshold=gates[1].threshold.at[3].set(-1e9))
    again, _ = adaptation.apply(
        'mode_gate', base, (gates[0], opened), x, hard=True
    )
    np.testing.assert_allclose(ours[1][3], again - logits, atol=1e-6)

  def test_calibrated_gates_come_closer_to_the_soft_ones(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    xs = jax.random.normal(jax.random.key(7), (200, 6))
    run = lambda gates, hard: jax.vmap(
        lambda x: adaptation.apply(
            'mode_gate', base, gates, x, hard=hard, temperature=0.4
        )[0]
    )(xs)
    soft = run(gates, False)
    found = hardening.calibrate(base, gates, xs, temperature=0.4)
    gap = lambda gates: float(jnp.mean((run(gates, True) - soft) ** 2))
    self.assertLess(gap(found), 0.9 * gap(gates))

  def test_errors(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    kept = (jnp.ones(8, bool), jnp.ones(7, bool))
    for config in (mode_gate.Config(), mode_gate.Config(signed_gain=False)):
      fresh = adaptation.init('mode_gate', jax.random.key(0), base, gate=config)
      with self.assertRaisesRegex(ValueError, 'untrained .* before hardening'):
        hardening.harden(base, fresh, kept, config=config)
    with self.assertRaisesRegex(ValueError, 'untrained .* before hardening'):
      hardening.calibrate(base, fresh, jnp.zeros((3, 6)))
    with self.assertRaisesRegex(ValueError, r'masks of the same shapes, got'):
      hardening.harden(base, gates, kept[:1])
    with self.assertRaisesRegex(ValueError, r'\[\[8\], \[7\]\] neurons need'):
      hardening.harden(base, gates, kept[::-1])
    with self.assertRaisesRegex(ValueError, '2 hidden layers need as many'):
      hardening.harden(base, gates[:1], kept)


if __name__ == '__main__':
  absltest.main()
