# pyrefly: ignore-errors
# Wrong types are what is tested.
"""What the networks of local plasticity refuse in one sentence."""

import jax
import numpy as np
import pytest

from nmlib.analysis.spikes import pairing
from nmlib.networks import astrocyte_language_model
from nmlib.networks import clique_network
from nmlib.networks import clique_trials
from nmlib.networks import content_addressable_memory as memory
from nmlib.networks import cortico_cerebellar
from nmlib.networks.spiking import spatial_detector
from nmlib.networks.spiking import spike_learner

_MEMORY = memory.Config(2, 3)
_CUE = np.array([[1, 0], [0, 0]])
_CONTENT = np.array([[1, 1, 0], [1, 0, 0]])
_LEARN = np.array([True, False])
_DETECTOR = spatial_detector.Config(num_channels=4, steps=20)
_PARAMS = spatial_detector.init(jax.random.key(0), _DETECTOR)
_CLIQUES = clique_network.Config(4, 3)
_PATTERN = np.array([1, 1, 0, 0])


def _operations(start=(0, 10), cue=_CUE, content=_CONTENT, length=20):
  return memory.operations(
      np.array(start), _LEARN, cue, content, _MEMORY, length
  )


def test_operations_before_the_start_do_not_count_from_the_end():
  cue, content = _operations(start=(-5, 10))
  np.testing.assert_array_equal(cue, np.zeros((20, 2)))
  np.testing.assert_array_equal(np.flatnonzero(content[:, 0]), [10])
  raster = {'OutCue': np.ones((20, 2)), 'OutCont': np.ones((20, 3))}
  raster = jax.tree.map(jax.numpy.asarray, raster)
  cues, _ = memory.decode(raster, np.array([-10, 3]), _MEMORY)
  np.testing.assert_array_equal(cues, [[False] * 2, [True] * 2])


def _learn(patterns, scaling='joint', depression=1.0):
  config = spatial_detector.Config(
      num_channels=4, steps=20, scaling=scaling, depression=depression
  )
  return spatial_detector.learn(_PARAMS, np.array(patterns), config)


def _gradients(batch, length):
  config = cortico_cerebellar.Config(num_units=3, granule_units=4)
  params = cortico_cerebellar.init(jax.random.key(0), config)
  xs, ys = (np.ones((batch, length, size)) for size in (1, 2))
  return cortico_cerebellar.loss_gradients(params, xs, ys, config)


def _loss_of_no_token():
  config = astrocyte_language_model.Config(8, 4, 1)
  params = astrocyte_language_model.init(jax.random.key(0), config)
  none = np.zeros(0, int)
  astrocyte_language_model.loss(params, none, none, config)


def _learn_of_other_targets():
  config = spike_learner.Config(4)
  start = spike_learner.initial_state(
      jax.random.key(0), np.zeros((4, 4)), config
  )
  target = pairing.spike_times(np.zeros((5, 3)), 2)
  spike_learner.learn(start, target, np.zeros((5, 4)), np.ones(4), config)


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: _operations(start=(0.0, 10.0)), 'start must be whole ms'),
        (
            lambda: _operations(length=-1),
            'length must be at least 0, got -1',
        ),
        (
            lambda: _operations(length=20.5),
            'length must be a whole number, got 20.5',
        ),
        (lambda: _operations(cue=_CUE + 1), 'cue must be spikes'),
        (lambda: _operations(cue=0 * _CUE + 1), 'one-hot, got 2 ones'),
        (
            lambda: _operations(content=0 * _CONTENT),
            'operation 1 must show a cue or a content, got zeros of both',
        ),
        (
            lambda: memory.decode({}, np.array([0.5]), _MEMORY),
            'start must be whole ms',
        ),
        (
            lambda: spatial_detector.detect(_PARAMS, _PATTERN / 2, _DETECTOR),
            'spikes must be spikes, 0 or 1, got 0.5',
        ),
        (
            lambda: spatial_detector.detect(_PARAMS, _PATTERN[:3], _DETECTOR),
            r'pattern must be \[num_channels=4\], got shape \[3\]',
        ),
        (lambda: _learn(np.zeros((0, 4))), 'one pattern or more, got none'),
        (lambda: _learn([_PATTERN, 1 - _PATTERN]), 'positive.*got 0'),
        (
            lambda: _learn([_PATTERN, 1 - _PATTERN], 'sequential', 30.0),
            'positive to be scaled, got -',
        ),
        (
            lambda: spatial_detector.drives(
                _PARAMS.weights, _PATTERN[:3], _DETECTOR
            ),
            r'patterns must be \[..., num_channels=4\], got shape \[3\]',
        ),
        (
            lambda: clique_network.winner(np.zeros((2, 5)), _CLIQUES),
            r'activity must be \[..., num_units=8\], got shape \[2, 5\]',
        ),
        (
            lambda: clique_network.receptive_fields(np.zeros(8), _CLIQUES),
            r'afferent must be \[..., num_units=8, D\], got shape \[8\]',
        ),
        (
            lambda: clique_trials.alone(jax.random.key(0), -1, _CLIQUES),
            'num_steps must be at least 0, got -1',
        ),
        (
            lambda: clique_trials.alone(
                jax.random.key(0), 3, _CLIQUES, every=0
            ),
            'every must be at least 1, got 0',
        ),
        (_loss_of_no_token, 'at least one token, got none'),
        (_learn_of_other_targets, r'times of the target must be .*num_units=4'),
        (lambda: _gradients(0, 3), 'got B=0, L=3'),
        (lambda: _gradients(2, 0), 'got B=2, L=0'),
        (
            lambda: memory.Config(num_cues=0),
            'content_addressable_memory.Config.num_cues must be',
        ),
    ],
)
def test_bad_input(call, message):
  with pytest.raises(ValueError, match=message):
    call()
