"""Planted motifs are where they are said to be."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.events import planted_motifs


class PlantedMotifsTest(parameterized.TestCase):

  def test_without_noise_every_spike_belongs_to_a_motif(self):
    config = planted_motifs.Config(
        *(12, 3, 5, 9), background=0.0, rate=0.02, missing=0.0
    )
    motifs = planted_motifs.draw(jax.random.key(0), config)
    np.testing.assert_array_equal(motifs.member.sum(1), 5)
    spikes, ends = planted_motifs.record(jax.random.key(1), motifs, 400, config)
    expected = np.zeros_like(spikes)
    self.assertGreater(float(ends.sum()), 5)
    for t, m in np.argwhere(ends):
      for n in np.flatnonzero(motifs.member[m]):
        if t - motifs.delay[m, n] >= 0:
          expected[t - motifs.delay[m, n], n] = 1
    # Motifs that end after the recording have spikes in its last steps.
    np.testing.assert_array_equal(spikes[:-9], expected[:-9])
    self.assertTrue(np.all(np.asarray(spikes) >= expected))

  def test_rates_of_background_and_loss(self):
    config = planted_motifs.Config(rate=0.0, background=0.03)
    motifs = planted_motifs.draw(jax.random.key(0), config)
    record = planted_motifs.record(jax.random.key(1), motifs, 5000, config)
    self.assertEqual(float(record.ends.sum()), 0)
    # 160,000 draws: a standard error of 0.0004.
    self.assertAlmostEqual(float(record.spikes.mean()), 0.03, delta=0.0015)
    config = planted_motifs.Config(
        *(8, 1, 8, 4), background=0.0, rate=0.002, missing=0.4
    )
    motifs = planted_motifs.draw(jax.random.key(0), config)
    record = planted_motifs.record(jax.random.key(1), motifs, 20_000, config)
    # About 320 spikes were due: a standard error of 0.03.
    self.assertAlmostEqual(
        float(record.spikes.sum() / record.ends.sum() / 8), 0.6, delta=0.1
    )

  def test_delays_that_were_found_are_held_against_the_planted(self):
    delay = np.array([[3, 1, 7], [0, 5, 2]])
    member = np.array([[True, False, True], [True, True, False]])
    motifs = planted_motifs.Motifs(jnp.asarray(delay), jnp.asarray(member))
    # Of the members of seed 0 two are right and one is a step off.
    off = np.array([[0.2, 9, -1], [2, 0, 9]])
    found = planted_motifs.recovered(motifs, np.stack([delay + off, delay]))
    np.testing.assert_array_equal(found['planted'], [3, 7, 0, 5])
    np.testing.assert_allclose(found['found'][0], [3.2, 6, 2, 5])
    np.testing.assert_array_equal(found['within_0'], [0.5, 1])
    np.testing.assert_array_equal(found['within_1'], [0.75, 1])

  def test_more_members_than_units_are_refused(self):
    message = 'members must be at most num_units=32, got 40'
    with self.assertRaisesRegex(ValueError, message):
      planted_motifs.Config(members=40)


if __name__ == '__main__':
  absltest.main()
