"""Ways to adapt: what they are called, what they minimise and reach."""

import typing

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import adaptation
from nmlib.networks import mlp
from nmlib.networks import ways_to_adapt
from nmlib.neurons.gates import mode_gate
from tests.networks import gated_mlp

Way = ways_to_adapt.Way


def _nats(logits, label):
  return jax.nn.logsumexp(logits) - logits[label]


class WaysToAdaptTest(parameterized.TestCase):

  @parameterized.parameters(
      ('frozen', Way('frozen', (0.2, 0.2))),
      ('lora_8', Way('lora', (0.2, 0.2), rank=8)),
      ('lora_16', Way('lora', (0.2, 0.2), rank=16)),
      ('linear_probe', Way('linear_probe', (0.2, 0.2))),
      ('mode_gate_annealed', Way('mode_gate', (0.6, 0.1))),
      ('mode_gate_through', Way('mode_gate', (0.2, 0.2), through=0.3)),
      (
          'mode_gate_tied',
          Way('mode_gate', (0.2, 0.2), gate=mode_gate.Config(tied=True)),
      ),
      (
          'mode_gate_positive',
          Way(
              'mode_gate', (0.2, 0.2), gate=mode_gate.Config(signed_gain=False)
          ),
      ),
  )
  def test_names(self, name, expected):
    found = ways_to_adapt.named(
        name, temperature=0.2, annealed=(0.6, 0.1), through=0.3
    )
    self.assertEqual(found, expected)

  def test_every_name_is_a_way_of_its_own(self):
    names = typing.get_args(ways_to_adapt.Name)
    ways = {name: ways_to_adapt.named(name) for name in names}
    self.assertLen(set(ways.values()), len(names))
    self.assertEqual(
        {way.method for way in ways.values()}, {*adaptation.METHODS}
    )

  def test_the_loss_is_cross_entropy_and_the_price_of_open_gates(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    x = jax.random.normal(jax.random.key(7), (2, 3))  # six numbers
    way = Way('mode_gate', (0.4, 0.1), penalty=0.5)
    for step, temperature in ((0, 0.4), (10, 0.2), (20, 0.1)):
      logits, on = adaptation.apply(
          'mode_gate', base, gates, x.ravel(), temperature=temperature
      )
      expected = _nats(logits, 1) + 0.5 * np.mean([gate.mean() for gate in on])
      found = ways_to_adapt.loss(way, 20, gates, base, x, jnp.int32(1), step)
      np.testing.assert_allclose(found, expected, rtol=1e-5)

  def test_gates_turn_hard_at_the_end_and_learn_as_soft_ones(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    xs = jax.random.normal(jax.random.key(7), (20, 6))
    way = Way('mode_gate', (0.4, 0.4), through=0.25)

    def cost(gates, step):
      one = lambda x: ways_to_adapt.loss(
          way, 20, gates, base, x, jnp.int32(1), step
      )
      return jax.vmap(one)(xs).sum()

    for step, hard in ((14, False), (15, True)):
      run = lambda x, hard=hard: adaptation.apply(
          'mode_gate', base, gates, x, temperature=0.4, hard=hard
      )[0]
      expected = sum(_nats(logits, 1) for logits in jax.vmap(run)(xs))
      np.testing.assert_allclose(cost(gates, step), expected, rtol=1e-5)
    moved = [jnp.abs(g.threshold).max() for g in jax.grad(cost)(gates, 15)]
    self.assertGreater(min(moved), 0)  # hard gates alone have no gradient

  def test_measures_answers_in_both_modes(self):
    base, gates = gated_mlp.base(), gated_mlp.gates()
    inputs = jax.random.normal(jax.random.key(7), (2, 100, 2, 3))
    way = Way('mode_gate', (3.0, 1.0))  # the last temperature counts
    flat = inputs.reshape(2, 100, 6)
    answers = lambda mode, **how: jnp.argmax(
        jax.vmap(
            lambda x: adaptation.apply('mode_gate', base, gates, x, **how)[0]
        )(flat[mode]),
        -1,
    )
    labels = answers(1, temperature=1.0)
    found = ways_to_adapt.measure(
        way, gates, base, inputs, labels, ('upright', 'rotated')
    )
    self.assertEqual(found['rotated'], 1)  # labels are its answers
    for name, mode, how in (
        ('upright', 0, {'temperature': 1.0}),
        ('hard', 1, {'hard': True}),
    ):
      expected = (answers(mode, **how) == labels).mean()
      self.assertLess(expected, 1)
      np.testing.assert_allclose(found[name], expected, rtol=1e-6)
    self.assertEqual(found['share'].shape, (2, 15))
    again = ways_to_adapt.accuracy(way, gates, base, inputs[0], labels)
    self.assertEqual(found['upright'], again)

  def test_starts_from_the_base(self):
    base = mlp.init(jax.random.key(0), (6, 5, 3))
    way = ways_to_adapt.named('lora_2')
    own = ways_to_adapt.init(way, jax.random.key(1), base)
    self.assertEqual(adaptation.count(own), 2 * (6 + 5 + 5 + 3))
    x = jnp.linspace(-1, 1, 6)
    logits, _, after = ways_to_adapt.activity(way, own, base, x)
    np.testing.assert_allclose(logits, mlp.apply(base, x), rtol=1e-6)
    self.assertEqual([h.shape for h in after], [(5,)])

  def test_errors(self):
    with self.assertRaisesRegex(ValueError, "method must be .*'mode_gate_odd'"):
      ways_to_adapt.named('mode_gate_odd')
    with self.assertRaisesRegex(ValueError, 'rank must be .*at least 1, got 0'):
      ways_to_adapt.named('lora_0')
    with self.assertRaisesRegex(ValueError, 'penalty must be .*got -1'):
      ways_to_adapt.named('mode_gate', penalty=-1.0)


if __name__ == '__main__':
  absltest.main()
