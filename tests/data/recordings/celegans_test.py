"""The embedded connectome against published counts and known synapses."""

from absl.testing import absltest
import numpy as np

from nmlib.data.recordings import celegans


class CelegansTest(absltest.TestCase):

  def test_counts(self):
    worm = celegans.load()
    self.assertLen(worm.names, 302)
    self.assertLen(set(worm.names), 302)
    # Counted in the toolbox's tables, restricted to the 302 neurons.
    self.assertEqual(np.count_nonzero(worm.chemical), 3709)
    self.assertEqual(np.trace(worm.chemical), 117)
    self.assertEqual(np.count_nonzero(np.triu(worm.electrical)), 1105)
    np.testing.assert_array_equal(worm.electrical, worm.electrical.T)

  def test_known_synapses_and_transmitters(self):
    worm = celegans.load()
    at = worm.names.index
    self.assertEqual(worm.chemical[at('AVAL'), at('ASHL')], 15)
    self.assertEqual(worm.chemical[at('ASHL'), at('AVAL')], 0)
    self.assertEqual(worm.chemical[at('VA8'), at('AVAL')], 7)
    # The 13 VD and 6 DD motor neurons are the classic GABA neurons.
    released = dict(zip(worm.names, worm.transmitters, strict=True))
    gaba = {name for name in worm.names if released[name] == 'GABA'}
    self.assertContainsSubset({f'DD{i}' for i in range(1, 7)}, gaba)
    self.assertContainsSubset({'AVL', 'DVB', 'RIS', 'RMED', 'RMEV'}, gaba)

  def test_signs_follow_the_source(self):
    worm = celegans.load()
    weights = celegans.signed_weights(worm)
    gaba = np.array([t == 'GABA' for t in worm.transmitters])
    self.assertTrue((weights[:, gaba] <= 0).all())
    self.assertTrue((weights[:, ~gaba] >= 0).all())
    np.testing.assert_allclose(
        np.abs(weights), np.log(1 + worm.chemical), rtol=1e-6
    )


if __name__ == '__main__':
  absltest.main()
