"""Metrics of spike prediction against the authors' and closed forms."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis.spikes import prediction as spike_prediction
from nmlib.analysis.spikes import windows
from nmlib.neurons import elm


@pytest.fixture
def official(data_folder):
  path = next(data_folder.glob('**/elm_official_metrics.npz'), None)
  if path is None:
    pytest.skip('elm_official_metrics.npz is not in NMLIB_DATA')
  with np.load(path) as stored:
    return dict(stored)


@pytest.mark.parametrize('case', ('', 'case2/'))
def test_metrics_are_the_authors(official, case):
  arrays = [
      official[case + name]
      for name in ('spikes_GT', 'spikes_hat', 'soma_GT', 'soma_hat')
  ]
  found = spike_prediction.metrics(
      *arrays, ignore=0 if case else 500, max_spikes=None if case else 24
  )
  for name, value in found.items():
    want = official[f'{case}metric/{name}']
    # float32 scores of case2 are summed there in float32
    np.testing.assert_allclose(value, want, rtol=1e-6 if case else 1e-9)


def test_windowed_prediction_is_the_authors(official):
  config = elm.config_from_official(json.loads(str(official['config_json'])))
  arrays = {
      k.split('/', 1)[1]: v
      for k, v in official.items()
      if k.startswith('param/')
  }
  params = elm.params_from_official(arrays, config)
  raster = np.unpackbits(official['X'], axis=0, count=1278)
  xs = raster.transpose(2, 1, 0).astype(np.float32)
  xs[..., 639:] *= -1
  state = elm.initial_state(config)
  model = jax.jit(jax.vmap(lambda x: elm.unroll(params, state, x, config)[1]))
  outputs = windows.predict(lambda x: model(jnp.asarray(x)), xs)
  scores = np.asarray(jax.nn.sigmoid(outputs[..., 0]))
  np.testing.assert_allclose(scores, official['spikes_hat'], atol=1e-5)
  voltage = np.minimum(official['y_soma_raw'].T, -55) + 67.7
  np.testing.assert_allclose(voltage, official['soma_GT'], atol=1e-9)
  aligned = spike_prediction.align(voltage, 10 * outputs[..., 1])
  np.testing.assert_allclose(aligned, official['soma_hat'], atol=1e-3)


def test_roc_area_counts_ties_half():
  truth = np.array([0, 0, 1, 1])
  assert spike_prediction.area(truth, np.array([1, 2, 3, 4])) == 1
  assert spike_prediction.area(truth, np.array([1, 1, 1, 1])) == 0.5
  assert spike_prediction.area(truth, np.array([4, 1, 3, 2])) == 0.5
  with pytest.raises(ValueError, match='both 0 and 1'):
    spike_prediction.area(truth * 0, truth)


def test_r_precision_looks_at_as_many_as_there_are():
  score = np.array([0.9, 0.1, 0.8, 0.7, 0.2])
  # The three highest hold two of the three events.
  truth = np.array([1, 1, 0, 1, 0])
  assert spike_prediction.r_precision(truth, score) == 2 / 3
  assert spike_prediction.r_precision(truth, 1.0 * truth) == 1


def test_explained_variance_ignores_an_offset_only():
  v = np.random.default_rng(0).normal(size=100)
  assert spike_prediction.explained_variance(v, v + 3) == pytest.approx(1)
  assert spike_prediction.explained_variance(v, 0 * v) == pytest.approx(0)
  np.testing.assert_allclose(spike_prediction.align(v, 5 * v - 2), v)


def test_what_does_not_vary_is_refused():
  constant, ramp = np.ones(5), np.arange(5.0)
  with pytest.raises(ValueError, match='truth that varies, got 5 times'):
    spike_prediction.explained_variance(constant, ramp)
  with pytest.raises(ValueError, match='prediction that varies, got 5 times'):
    spike_prediction.align(ramp, constant)
  assert spike_prediction.explained_variance(ramp, constant) == 0


def test_truth_that_is_no_spike_and_scores_that_are_no_numbers_are_refused():
  with pytest.raises(ValueError, match='both 0 and 1'):
    spike_prediction.roc_curve(np.array([0, 2]), np.ones(2))
  with pytest.raises(ValueError, match='got 2, 1 of them NaN'):
    spike_prediction.roc_curve(np.array([0, 1]), np.array([0, np.nan]))


def test_too_many_spikes_everywhere_is_said():
  ones = np.ones((2, 30))
  with pytest.raises(ValueError, match='more than 24 spikes'):
    spike_prediction.metrics(ones, ones, ones, ones)


@pytest.mark.parametrize('length', (3, 10, 11, 25))
def test_windows_cover_every_step_once(length):
  xs = np.arange(2 * length, dtype=float).reshape(2, length, 1)
  got = windows.predict(lambda x: 2 * x, xs, window=10, burn_in=4)
  np.testing.assert_array_equal(got, 2 * xs)
  with pytest.raises(ValueError, match='burn_in must be in'):
    windows.predict(lambda x: x, xs, window=4, burn_in=4)


def test_files_are_aligned_one_by_one():
  rng = np.random.default_rng(0)
  voltage = rng.normal(-65, 3, (2, 3, 200))
  predicted = voltage + rng.normal(0, 1, voltage.shape)
  spikes = (rng.random(voltage.shape) < 0.05).astype(float)

  def measured(shift):
    # A file's own level is taken away, whatever that of the other.
    levels = np.array([0.0, shift])[:, None, None]
    parts = zip(
        spikes, predicted, voltage + levels, predicted - levels, strict=True
    )
    return spike_prediction.metrics_of_files(list(parts), ignore=50)

  plain, shifted = measured(0.0), measured(-9.0)
  for name in ('soma_RMSE', 'AUC'):
    np.testing.assert_allclose(plain[name], shifted[name])
  assert plain['soma_RMSE'] < 1.1
  name = 'soma_RMSE, not aligned'
  np.testing.assert_allclose(plain[name], 1, atol=0.1)
  np.testing.assert_allclose(shifted[name], np.sqrt(1 + 18**2 / 2), rtol=0.05)


def test_seeds_are_measured_each_on_its_own():
  rng = np.random.default_rng(0)
  voltage = rng.normal(-65, 3, (2, 200))
  spikes = (rng.random(voltage.shape) < 0.05).astype(float)
  found = spike_prediction.metrics_of_seeds(
      spikes,
      np.stack([spikes, 1 - spikes]),
      voltage,
      np.stack([voltage - 2, voltage + 3]),
      ignore=0,
  )
  np.testing.assert_array_equal(found['AUC'], [1, 0])
  np.testing.assert_allclose(found['soma_RMSE'], [2, 3])


def test_mean_r_precision_takes_each_kind_on_its_own():
  truth = np.array([[1, 0], [0, 1], [0, 0], [1, 0]])
  scores = np.stack([truth, 1 - truth, [[3, 0], [2, 1], [1, 2], [0, 3]]])
  found = spike_prediction.mean_r_precision(truth, scores)
  np.testing.assert_array_equal(found, [1, 0, (1 / 2 + 0) / 2])
