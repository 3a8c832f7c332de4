"""The predictive agent beside the authors' modules, and its closed forms."""

import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import mlp
from nmlib.networks import predictive_agent
from nmlib.networks.agents import agent

_FIXTURE = np.load(
    pathlib.Path(__file__).parents[1]
    / 'fixtures/predictive_auxiliary_rl_update.npz'
)
_CONFIG = predictive_agent.Config(latent=8)
_WEIGHTS = predictive_agent.Weights(0.01, 0.1, 0.1)
_ADAM = optax.adam(1e-4)


def _official(folder):
  return {
      name.removeprefix(folder): _FIXTURE[name]
      for name in _FIXTURE.files
      if name.startswith(folder)
  }


def _params(folder, config=_CONFIG):
  return predictive_agent.params_from_official(_official(folder), config)


def _windows(case, batch):
  def step(place):
    folder = f'{case}/batch{batch}/seq{place}/'
    given = {key: jnp.asarray(v) for key, v in _official(folder).items()}
    return predictive_agent.Step(
        given['obs'][:, 0], given['action'][:, 0], given['reward'],
        given['terminal'] > 0, given['next_obs'][:, 0],
    )  # fmt: skip

  first = step(0)
  last = step(1) if f'{case}/batch{batch}/seq1/obs' in _FIXTURE else first
  return predictive_agent.Window(first, last)


def _judged(slow, windows):
  one = lambda o: predictive_agent.apply(slow, o, _CONFIG)
  return jax.vmap(one)(windows.last.next_observation)


@jax.jit
def _updated(params, moments, slow, windows, horizon):
  judged = _judged(slow, windows)
  return predictive_agent.update(
      params, moments, judged, windows, _WEIGHTS, _ADAM, horizon=horizon
  )


class PredictiveAgentTest(parameterized.TestCase):

  @parameterized.parameters(('direct', 0.0), ('td_g05', 0.5))
  def test_updates_are_the_authors(self, case, horizon):
    params = slow = _params(f'{case}/init/')
    moments = _ADAM.init(params)
    wanted = _FIXTURE[f'{case}/losses_weighted_pos_negneigh_negrand_q_total']
    for batch in range(3):
      params, moments, losses = _updated(
          params, moments, slow, _windows(case, batch), horizon
      )
      if batch == 0:
        # The first moment of Adam after a step is a tenth of the gradient.
        grads = jax.tree.map(lambda m: 10 * m, moments[0].mu)
        found = predictive_agent.params_to_official(grads, _CONFIG)
        for name, gradient in _official(f'{case}/grad0/').items():
          np.testing.assert_allclose(
              found[name], gradient, rtol=1e-4, atol=1e-7, err_msg=name
          )
      np.testing.assert_allclose(losses, wanted[batch], rtol=1e-5, atol=1e-7)
    if case == 'td_g05':
      found = predictive_agent.params_to_official(params, _CONFIG)
      for name, value in _official('td_g05/after3/').items():
        # Of units whose ReLU is silent this bias has no gradient but rounding,
        # 1e-9 there as here, of which Adam makes whole steps.
        some = np.ones_like(value, bool)
        if name == 'encoder/_fc.2.bias':
          some = np.abs(_FIXTURE[f'td_g05/grad0/{name}']) > 1e-6
          np.testing.assert_allclose(found[name], value, atol=6.1e-4)
        np.testing.assert_allclose(
            found[name][some], value[some], atol=1e-5, err_msg=name
        )

  def test_official_names_go_both_ways(self):
    arrays = _official('direct/init/')
    again = predictive_agent.params_to_official(
        predictive_agent.params_from_official(arrays, _CONFIG), _CONFIG
    )
    self.assertEqual(arrays.keys(), again.keys())
    for name, value in arrays.items():
      np.testing.assert_array_equal(again[name], value)
    arrays.pop('Q/_fc.1.bias')
    with self.assertRaisesRegex(ValueError, "array 'Q/_fc.1.bias' is missing"):
      predictive_agent.params_from_official(arrays, _CONFIG)
    with self.assertRaisesRegex(ValueError, r'must have shape \(5, 32\)'):
      _params('direct/init/', predictive_agent.Config(latent=5))

  def test_what_images_share_is_read_once_with_the_same_gradient(self):
    rng = np.random.default_rng(0)
    images = np.zeros((5, 9, 8), np.float32)
    images[np.arange(5), rng.integers(9, size=5), rng.integers(8, size=5)] = 1
    config = predictive_agent.Config((9, 8), 3, channels=(2, 4))
    init = jax.jit(lambda key: predictive_agent.init(key, config))
    encoder = init(jax.random.key(0)).encoder
    blocks, places = map(jnp.asarray, predictive_agent.distinct(images))
    self.assertLess(len(blocks), places.size)
    total, shown = lambda z: jnp.sum(jnp.sin(z)), jnp.asarray(images)
    plain = lambda e: jax.vmap(predictive_agent.encode, (None, 0))(e, shown)
    shared = lambda e: predictive_agent.encode_all(e, blocks, places)
    np.testing.assert_allclose(
        jax.jit(shared)(encoder), jax.jit(plain)(encoder), rtol=1e-5
    )
    one, other = (
        jax.jit(jax.grad(lambda e, f=f: total(f(e))))(encoder)
        for f in (plain, shared)
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
        one, other,
    )  # fmt: skip

  def test_horizon_0_looks_at_no_later_action(self):
    params = _params('direct/init/').transition
    z, next_z = jax.random.normal(jax.random.key(1), (2, 4, 8))
    action = jnp.arange(4)
    of = lambda then, horizon: predictive_agent.prediction_loss(
        params, z, action, next_z, next_z, then, horizon
    )
    self.assertEqual(of(action, 0.0), of(action[::-1], 0.0))
    self.assertNotEqual(of(action, 0.5), of(action[::-1], 0.5))

  def test_horizon_predicts_discounted_successors_on_a_ring(self):
    # T = z + W ReLU([z, 1]) with W = M - I, of z >= 0: T = M z is the fixed
    # point where M = P (I - gamma P)^-1, P the rotation of a ring of 4.
    rotation = np.roll(np.eye(4), 1, axis=0)
    successors = rotation @ np.linalg.inv(np.eye(4) - 0.6 * rotation)
    kernel = np.concatenate([np.eye(4), np.zeros((1, 4))])
    params = (
        mlp.Layer(jnp.asarray(kernel), jnp.zeros(4)),
        mlp.Layer(jnp.asarray((successors - np.eye(4)).T), jnp.zeros(4)),
    )
    z, action = jnp.eye(4), jnp.zeros(4, int)
    next_z = z @ rotation.T
    loss = lambda params, horizon: predictive_agent.prediction_loss(
        params, z, action, next_z, next_z, action, horizon
    )
    self.assertLess(loss(params, 0.6), 1e-12)
    self.assertGreater(loss(params, 0.5), 1e-3)

  def test_latents_that_are_the_same_are_held_apart_without_nan(self):
    z = jnp.ones((3, 2))
    value, slope = jax.value_and_grad(predictive_agent.spread_loss)(z, z)
    self.assertEqual(value, 1)
    np.testing.assert_array_equal(slope, 0)
    further = predictive_agent.spread_loss(z, z + jnp.array([[3.0, 4.0]]))
    np.testing.assert_allclose(further, np.exp(-25), rtol=1e-5)

  def test_updates_from_a_history_are_single_updates(self):
    rng = np.random.default_rng(0)
    config = predictive_agent.Config((5, 5), 3, 2, (2, 3), (4,), 4, 4)
    images = rng.normal(size=(4, 5, 5)).astype(np.float32)
    shown = predictive_agent.Images(
        *map(jnp.asarray, predictive_agent.distinct(images))
    )
    init = jax.jit(lambda key: predictive_agent.init(key, config))
    params = init(jax.random.key(1))
    optimizer = optax.adam(1e-2)
    # One transition that is known, and others that are not yet.
    draw = lambda top: jnp.asarray(rng.integers(top, size=6))
    history = predictive_agent.Step(
        draw(4), draw(2), jnp.arange(6.0), draw(2) > 0, draw(4)
    )
    weights = predictive_agent.Weights(0.3, 0.2, 0.1)

    @jax.jit
    def alone(windows, horizon):
      judged = jax.vmap(lambda o: predictive_agent.apply(params, o, config))(
          windows.last.next_observation
      )
      moments = optimizer.init(params)
      new, _, parts = predictive_agent.update(
          params, moments, judged, windows, weights, optimizer, horizon=horizon
      )
      return new, parts

    for horizon in (0.0, 0.5):
      found, _, losses = jax.jit(
          lambda horizon: predictive_agent.learn(
              jax.random.key(2), params, optimizer.init(params), history,
              jnp.ones(1, int), shown,
              predictive_agent.Objective(weights, horizon), optimizer,
              batch_size=1,
          )
      )(horizon)  # fmt: skip
      seen = history._replace(
          observation=images[history.observation],
          next_observation=images[history.next_observation],
      )
      windows = predictive_agent.Window(
          *(
              jax.tree.map(lambda leaf, at=at: leaf[at : at + 1], seen)
              for at in (0, int(horizon > 0))
          )
      )
      wanted, parts = alone(windows, horizon)
      np.testing.assert_allclose(losses, parts, rtol=1e-5)
      jax.tree.map(
          lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4),
          found, wanted,
      )  # fmt: skip

  def test_history_is_stored_as_the_authors_do(self):
    observation = jnp.array([0, 1, 5, 6, 3])
    steps = agent.Transition(
        observation, jnp.zeros(5, int), (), jnp.array([0.0, 1, 0, 0, 0]),
        jnp.array([1, 9, 6, 7, 4]), jnp.arange(5) == 1, jnp.arange(5) == 3,
    )  # fmt: skip
    found = predictive_agent.history_of(steps)
    # At the goal, 9, the next start is there already; a time limit keeps 7.
    np.testing.assert_array_equal(found.next_observation, [1, 5, 6, 7])
    np.testing.assert_array_equal(found.terminal, [0, 1, 0, 1])
    open_ended = predictive_agent.history_of(steps, False)
    np.testing.assert_array_equal(open_ended.terminal, [0, 1, 0, 0])

  def test_bad_sizes(self):
    wrong: Any = {'image': (3, 10)}
    with self.assertRaisesRegex(ValueError, 'image must be at least 4 x 4'):
      predictive_agent.Config(**wrong)
    params = _params('direct/init/')
    with self.assertRaisesRegex(ValueError, r'observation must be \[height=10'):
      predictive_agent.apply(params, jnp.zeros((10, 9)), _CONFIG)


if __name__ == '__main__':
  absltest.main()
