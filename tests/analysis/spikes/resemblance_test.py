"""How much one network resembles another: identity and closed forms."""

import numpy as np
import pytest

from nmlib.analysis.spikes import distances
from nmlib.analysis.spikes import resemblance


def _trains(seed):
  return (np.random.default_rng(seed).random((60, 4)) < 0.3).astype(np.float32)


def test_trains_resemble_themselves():
  trains = _trains(0)
  found = resemblance.of_spikes(trains, trains)
  for name in ('per_neuron', 'aggregate', 'intervals', 'avalanches'):
    assert found[name] == 0
  assert found['spikes'] == trains.sum()
  assert found['count_deviation'] == pytest.approx(trains.sum(0).std())


def test_who_fires_matters_to_the_distance_by_neuron_alone():
  trains = _trains(0)
  found = resemblance.of_spikes(trains[:, ::-1], trains)
  assert found['per_neuron'] > 1
  assert found['aggregate'] == pytest.approx(0, abs=1e-5)
  assert found['avalanches'] == 0


def test_one_spike_more():
  target = _trains(1)
  more = target.copy()
  more[np.argwhere(target == 0)[7][0], np.argwhere(target == 0)[7][1]] = 1
  found = resemblance.of_spikes(more, target)
  # The kernel's energy over the length of the full convolution.
  energy = np.sum(distances.gaussian_kernel() ** 2) / (60 + 100 - 1)
  assert found['per_neuron'] == pytest.approx(energy, rel=1e-4)
  assert found['aggregate'] == pytest.approx(energy / 4, rel=1e-4)
  assert found['spikes'] == target.sum() + 1


def test_weights_agree_in_direction_or_in_size():
  reference = np.array([[1.0, 2.0, -5.0], [3.0, 4.0, -6.0], [5.0, 7.0, -1.0]])
  signs = [1, 1, -1]
  same = resemblance.of_weights(reference, reference, signs)
  assert same == {'correlation': pytest.approx(1), 'weight_distance': 0}
  scaled = resemblance.of_weights(2 * reference + 1, reference, signs)
  assert scaled['correlation'] == pytest.approx(1)
  error = np.linalg.norm(reference + 1) / np.linalg.norm(reference)
  assert scaled['weight_distance'] == pytest.approx(error)
  other = reference * [1, 1, 9]  # inhibition does not count there
  assert resemblance.of_weights(other, reference, signs)[
      'correlation'
  ] == pytest.approx(1)


def test_silence_is_refused():
  with pytest.raises(ValueError, match='values on both sides'):
    resemblance.of_spikes(np.zeros((60, 4)), _trains(0))
