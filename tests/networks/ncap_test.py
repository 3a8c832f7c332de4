"""The circuit against the authors' module, and joint by joint."""

import functools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import swimmer
from nmlib.networks import ncap

_PATH = pathlib.Path(__file__).parents[1] / 'fixtures/ncap_official_circuit.npz'
_CASES: dict[str, dict[str, Any]] = {
    'shared_default': {},
    'unshared_default': {'shared': False},
    'shared_uniform': {},
    'unshared_uniform': {'shared': False},
    'shared_unconstrained_uniform': {'constrained': False},
    'no_prop': {'proprioception': False},
    'no_osc': {'oscillator': False},
    'period30_period': {'period': 30},
}


@functools.cache
def _official() -> dict[str, np.ndarray]:
  with np.load(_PATH) as arrays:
    return dict(arrays)


def _part(prefix):
  found = _official()
  return {
      k.removeprefix(prefix): found[k] for k in found if k.startswith(prefix)
  }


def _by_joint(weights, p, t, config, right, left, speed):
  """The equations, one joint and one side after the other."""
  clip = lambda x: min(max(x, 0.0), 1.0)
  hold = {
      'muscle_contra': min, 'bneuron_speed': min, 'bneuron_prop': max,
      'bneuron_osc': max, 'bneuron_turn': max, 'muscle_ipsi': max,
  }  # fmt: skip
  w = lambda name: hold[name](float(weights[name][0]), 0.0)
  beat = t % config.period < config.period // 2
  torques = []
  for i in range(config.num_joints):
    neurons = []
    for side, turn, on in ((1, right, beat), (-1, left, not beat)):
      drive = (1 - clip(speed)) * w('bneuron_speed')
      if i:
        drive += clip(side * p[i - 1]) * w('bneuron_prop')
      if i < config.num_turn_joints:
        drive += clip(turn) * w('bneuron_turn')
      if not i:
        drive += on * w('bneuron_osc')
      neurons.append(clip(drive))
    d, v = neurons
    ipsi, contra = w('muscle_ipsi'), w('muscle_contra')
    torques.append(clip(d * ipsi + v * contra) - clip(v * ipsi + d * contra))
  return torques


class OfficialTest(parameterized.TestCase):

  @parameterized.parameters(*_CASES)
  def test_torques_gradients_and_weights(self, case):
    found, config = _official(), ncap.Config(5, **_CASES[case])
    weights, slopes = _part(f'{case}/w/'), _part(f'{case}/g/')
    params = ncap.params_from_official(weights, config)
    self.assertEqual(ncap.num_params(config), len(weights))
    back = ncap.params_to_official(params, config)
    self.assertEqual(set(back), set(weights))
    for name, value in weights.items():
      np.testing.assert_array_equal(back[name], value)

    def weighed(params):
      run = lambda p, t: ncap.torques(params, p, t, config)
      out = jax.vmap(run)(found['joint_pos'], found['timesteps'][:, 0])
      return jnp.sum(out * jnp.linspace(-1, 1, 650).reshape(130, 5)), out

    got, out = jax.jit(jax.grad(weighed, has_aux=True))(params)
    np.testing.assert_allclose(out, found[f'{case}/out'], atol=1e-6)
    for name, value in ncap.params_to_official(got, config).items():
      np.testing.assert_allclose(value, slopes[name], atol=1e-4)

  def test_actor_from_observations(self):
    found, config, world = _official(), ncap.Config(), swimmer.Config()
    params = ncap.init(jax.random.key(0), config)
    act = lambda seen: ncap.apply(
        params, *swimmer.joints_and_time(seen, world), config
    )
    out = jax.jit(jax.vmap(act))(found['actor/obs'])
    np.testing.assert_allclose(out, found['actor/act'], atol=1e-6)


class CircuitTest(parameterized.TestCase):

  @parameterized.parameters((5, 1), (11, 3))
  def test_controls_as_the_equations_say(self, num_joints, num_turn_joints):
    found = _official()
    config = ncap.Config(
        num_joints, num_turn_joints=num_turn_joints, speed=True, turn=True
    )
    rng = np.random.default_rng(0)
    names = ncap.params_to_official(
        ncap.init(jax.random.key(0), config), config
    )
    self.assertLen(names, 6)
    weights = {
        k: value + rng.normal(0, 0.3, 1).astype('f')
        for k, value in names.items()
    }
    params = ncap.params_from_official(weights, config)
    count = 40
    joints = rng.uniform(-1, 1, (count, num_joints)).astype('f')
    controls = [
        found[k][:count, 0] + rng.normal(0, 0.2, count).astype('f')
        for k in ('right', 'left', 'speed')
    ]
    run = lambda p, t, r, l, s: ncap.torques(
        params, p, t, config, right=r, left=l, speed=s
    )
    out = jax.jit(jax.vmap(run))(joints, jnp.arange(count), *controls)
    for t in range(count):
      want = _by_joint(weights, joints[t], t, config, *(c[t] for c in controls))
      np.testing.assert_allclose(out[t], want, atol=1e-6)

  @parameterized.parameters(True, False)
  def test_dorsal_and_ventral_are_mirror_images(self, shared):
    config = ncap.Config(6, shared=shared, constant=False, turn=True)
    params = ncap.init(jax.random.key(1), config)
    mirrored = jax.tree.map(lambda w: w if shared else w[::-1], params)
    angles = jax.random.uniform(jax.random.key(2), (6,), minval=-1)
    run = jax.jit(
        lambda params, angles, t, right, left: ncap.apply(
            params, angles, t, config, right=right, left=left
        )
    )
    for t in (3, 29, 30, 59):
      one = run(params, angles, t, 0.2, 0.7)
      other = run(mirrored, -angles, t + 30, 0.7, 0.2)
      np.testing.assert_allclose(one, -other, atol=1e-6)

  def test_sizes_and_starts_of_all_kinds(self):
    count = lambda **options: ncap.num_params(ncap.Config(5, **options))
    full = dict(shared=False, speed=True, turn=True, num_turn_joints=2)
    self.assertEqual((count(), count(speed=True, turn=True)), (4, 6))
    self.assertEqual((count(shared=False), count(**full)), (30, 44))
    config = ncap.Config(5, **full, constant=False)
    params = ncap.init(jax.random.key(0), config)
    self.assertEqual(sum(map(np.size, jax.tree.leaves(params))), 44)
    self.assertTrue(np.all(params.contralateral < 0))
    self.assertTrue(np.all(params.ipsilateral > 0))
    signs = ncap.init(
        jax.random.key(0), ncap.Config(50, shared=False, constrained=False)
    ).ipsilateral
    self.assertEqual(set(np.ravel(signs).tolist()), {-1, 1})

  def test_shared_weights_fit_any_length(self):
    params = ncap.init(jax.random.key(0), ncap.Config(5))
    for joints in (1, 11):
      out = ncap.apply(params, jnp.zeros(joints), 0, ncap.Config(joints))
      np.testing.assert_array_equal(out, np.eye(joints)[0])

  def test_signs_are_held_where_weights_act(self):
    config = ncap.Config(3)
    params = ncap.Params(*map(jnp.float32, (-1, 2, -0.5, 0.5)))
    np.testing.assert_array_equal(
        jax.tree.leaves(ncap.effective(params, config)), [0, 2, 0, 0]
    )
    free = ncap.Config(3, constrained=False)
    self.assertIs(ncap.effective(params, free), params)

  def test_as_an_actor_it_is_given_what_is_seen(self):
    config, world = ncap.Config(), swimmer.Config()
    read = lambda seen: swimmer.joints_and_time(seen, world)
    seen = jnp.asarray(_official()['actor/obs'][0])
    still, noisy = (ncap.policy(config, read, d) for d in (None, 0.1))
    params = noisy.init(jax.random.key(0), seen)
    self.assertFalse(noisy.normalise)
    chosen = noisy.apply(params, seen)
    np.testing.assert_array_equal(chosen.mean, still.apply(params, seen))
    np.testing.assert_allclose(
        chosen.mean, _official()['actor/act'][0], atol=1e-6
    )
    self.assertEqual(chosen.deviation, 0.1)
    with self.assertRaisesRegex(ValueError, 'deviation must be in'):
      ncap.policy(config, read, 0.0)

  def test_bad_input_is_refused_in_a_sentence(self):
    config = ncap.Config(3)
    params = ncap.init(jax.random.key(0), config)
    turning = ncap.Config(3, turn=True)
    quick = ncap.Config(3, speed=True)
    still = jnp.zeros(3)
    turned = lambda **controls: ncap.apply(
        ncap.init(jax.random.key(0), turning), still, 0, turning, **controls
    )
    apply: Any = lambda config, t=0, **controls: ncap.apply(
        params, still, t, config, **controls
    )
    for text, call in (
        (
            r'joint_angles must be \[num_joints=3\], got shape \[4\]',
            lambda: ncap.apply(params, jnp.zeros(4), 0, config),
        ),
        (
            'joint_angles must be numbers, got nan',
            lambda: ncap.apply(params, jnp.array([0, np.nan, 0]), 0, config),
        ),
        (
            r't must be \[\], got shape \[3\]',
            lambda: ncap.apply(params, jnp.zeros(3), jnp.zeros(3), config),
        ),
        (
            'speed must be left out: ncap.Config.speed is False',
            lambda: ncap.apply(params, jnp.zeros(3), 0, config, speed=1.0),
        ),
        (
            'right must be given: ncap.Config.turn is True',
            lambda: ncap.apply(params, jnp.zeros(3), 0, turning),
        ),
        (
            'params.oscillator must be None: ncap.Config.oscillator is False',
            lambda: apply(ncap.Config(3, oscillator=False)),
        ),
        (
            'params.proprioception must be None: .*proprioception is False',
            lambda: apply(ncap.Config(3, proprioception=False)),
        ),
        (
            'params.speed must be given: ncap.Config.speed is True',
            lambda: apply(quick, speed=0.5),
        ),
        (
            r'params.proprioception must be \[2, 2\] .*got shape \[\]',
            lambda: apply(ncap.Config(3, shared=False)),
        ),
        (
            r'params.proprioception must be \[2, 4\] .*got shape \[\]',
            lambda: ncap.params_to_official(
                params, ncap.Config(5, shared=False)
            ),
        ),
        ('t must be finite, got nan', lambda: apply(config, np.nan)),
        ('t must be finite, got inf', lambda: apply(config, np.inf)),
        (
            r'right must be in \[0, 1\], got -3',
            lambda: turned(right=-3, left=0.0),
        ),
        (
            r'left must be in \[0, 1\], got nan',
            lambda: turned(right=0.5, left=np.nan),
        ),
        (
            r'speed must be in \[0, 1\], got 7',
            lambda: ncap.apply(
                ncap.init(jax.random.key(0), quick), still, 0, quick, speed=7
            ),
        ),
        (
            r'positions must be in \[-1, 1\], got 2',
            lambda: ncap.torques(params, still + 2, 0, config),
        ),
        (
            r'muscle_ipsi must be one number \[1\], got shape \[3\]',
            lambda: ncap.params_from_official(
                {
                    **ncap.params_to_official(params, config),
                    'muscle_ipsi': np.ones(3),
                }, config,
            ),
        ),
        (
            'num_turn_joints must be at most num_joints = 3, got 4',
            lambda: ncap.Config(3, num_turn_joints=4),
        ),
        (
            r"missing: \['muscle_ipsi'\], left over: \['muscle'\]",
            lambda: ncap.params_from_official(
                {
                    'bneuron_prop': np.ones(1), 'bneuron_osc': np.ones(1),
                    'muscle_contra': np.ones(1), 'muscle': np.ones(1),
                }, config,
            ),
        ),
    ):  # fmt: skip
      with self.subTest(text), self.assertRaisesRegex(ValueError, text):
        call()


if __name__ == '__main__':
  absltest.main()
