"""ELM: equations in NumPy, closed forms, limits, and equal forms."""

import dataclasses
import functools

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies
import jax
from jax.extend import core as jax_core
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import elm
from nmlib.neurons.core import leaky
from nmlib.neurons.core import newton
from nmlib.neurons.elm import dynamics

_V1 = elm.version(1, num_inputs=6, num_outputs=2, num_memory=4, tau_max=50.0)
_V2 = elm.version(
    2,
    num_inputs=10,
    num_outputs=2,
    num_memory=4,
    num_branches=3,
    synapses_per_branch=5,
    routing='neuronio',
    tau_max=50.0,
    num_layers=2,
)
_V1_RANDOM = dataclasses.replace(_V2, routing='random', update='linear')
_V3 = elm.version(
    3,
    num_inputs=10,
    num_outputs=3,
    num_memory=4,
    num_branches=3,
    synapses_per_branch=5,
    routing='random',
    tau_max=50.0,
    trace_tau=5.0,
    output='relu',
    input_scale=2.0,
)
_LINEAR = dataclasses.replace(_V2, num_layers=0)
_ALL = (_V1, _V2, _V1_RANDOM, _V3, _LINEAR)


# One program each, not one an operation.
_init = jax.jit(elm.init, static_argnums=1)
_unroll = jax.jit(elm.unroll, static_argnums=3)


@functools.cache
def _case(config, length=40, seed=0):
  params = _init(jax.random.key(seed), config)
  xs = jax.random.normal(
      jax.random.key(seed + 100), (length, config.num_inputs)
  )
  return params, elm.initial_state(config), xs


@functools.partial(jax.jit, static_argnums=(3, 4, 5))
def _trajectory(params, state, xs, config, method='scan', chunk_size=None):
  return elm.trajectory(
      params, state, xs, config, method=method, chunk_size=chunk_size
  )


def _reference(params, xs, config):
  """The spec's equations, synapse by synapse, in float64."""
  p = jax.tree.map(lambda a: np.asarray(a, np.float64), params)
  low, high = config.tau_bounds
  tau = low + (high - low) / (1 + np.exp(-p.tau_logit))
  kappa = np.exp(-config.dt / tau)
  gain = config.input_speed * (1 - kappa)
  if config.update == 'exponential':
    gain = 1 - np.exp(-config.dt * config.input_speed / tau)
  weight = np.maximum(p.synapse, 0) if config.positive_synapses else p.synapse
  decay = np.exp(-config.dt / config.trace_tau)
  act = {
      'relu': lambda u: np.maximum(u, 0),
      'relu_squared': lambda u: np.maximum(u, 0) ** 2,
  }[config.activation]
  s, m = np.zeros(config.num_synapses), np.zeros(config.num_memory)
  slow, ys, ms = np.zeros(config.num_outputs), [], []
  for x in np.asarray(xs, np.float64):
    s = decay * s + weight * x[p.fixed.source.astype(int)] * p.fixed.mask
    branch = config.input_scale * s.reshape(config.branches, -1).sum(1)
    u = np.concatenate([branch, kappa * m])
    for layer, dense in enumerate(p.mlp):
      u = (act(u) if layer else u) @ dense.kernel + dense.bias
    m = kappa * m + gain * 1.7159 * np.tanh(2 * u / 3)
    y = m @ p.readout.kernel
    if config.high_pass_tau:
      k = np.exp(-config.dt / config.high_pass_tau)
      slow = k * slow + (1 - k) * y
      y = y - slow
    y = y + p.readout.bias
    ys.append(np.maximum(y, 0) if config.output == 'relu' else y)
    ms.append(m)
  return np.stack(ys), np.stack(ms)


class ElmTest(parameterized.TestCase):

  @parameterized.parameters(*_ALL)
  def test_all_forms_equal_the_equations(self, config):
    params, state, xs = _case(config)
    y, m = _reference(params, xs, config)
    # float32 sums over 40 steps
    close = lambda a, b: np.testing.assert_allclose(a, b, atol=3e-5, rtol=1e-4)
    for method, chunk in (('scan', None), ('scan', 7), ('newton', None)):
      last, path = _trajectory(params, state, xs, config, method, chunk)
      close(path.output, y)
      close(path.memory, m)
      close(last.memory, m[-1])
    one = jax.jit(lambda s, x: elm.step(params, s, x, config))
    for t, x in enumerate(xs):
      state, out = one(state, x)
      close(out, y[t])
    jax.tree.map(close, state, last)

  @parameterized.parameters(*_ALL)
  def test_gradients_agree_between_forms(self, config):
    params, state, xs = _case(config, 20)

    def grad(method, chunk):
      loss = lambda p, s, x: jnp.sum(
          jnp.sin(_trajectory(p, s, x, config, method, chunk)[1].output)
      )
      return jax.jit(jax.grad(loss, argnums=(0, 1, 2)))(params, state, xs)

    expected = grad('scan', None)
    for method, chunk in (('scan', 6), ('newton', None)):
      jax.tree.map(
          lambda a, b: np.testing.assert_allclose(a, b, atol=2e-4, rtol=1e-3),
          grad(method, chunk),
          expected,
      )

  def test_forward_mode_and_second_derivatives(self):
    config = dataclasses.replace(_V2, activation='silu', learn_tau=True)
    params, state, xs = _case(config, 12)
    direction = _init(jax.random.key(9), config)
    direction = direction._replace(
        fixed=jax.tree.map(jnp.zeros_like, direction.fixed)
    )

    def loss(p):
      return jnp.sum(jnp.sin(_unroll(p, state, xs, config)[1]))

    def along(p):
      return jax.jvp(loss, (p,), (direction,))[1]

    inner = lambda a, b: sum(
        jnp.vdot(x, y)
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )
    grad, slope = jax.jit(lambda p: (jax.grad(loss)(p), along(p)))(params)
    np.testing.assert_allclose(inner(grad, direction), slope, rtol=1e-4)
    # Differences of the slope: a step of 1e-2 leaves three digits.
    move = lambda size: jax.tree.map(
        lambda p, d: p + size * d, params, direction
    )
    slopes = [jax.jit(along)(move(size)) for size in (-1e-2, 1e-2)]
    second = jax.jit(lambda p: jax.jvp(along, (p,), (direction,))[1])(params)
    np.testing.assert_allclose(
        second, (slopes[1] - slopes[0]) / 2e-2, rtol=2e-2
    )

  @hypothesis.given(strategies.integers(1, 24))
  @hypothesis.settings(max_examples=5)
  def test_state_carries_over_a_cut(self, cut):
    params, state, xs = _case(_V3, 25)
    whole_state, whole = _unroll(params, state, xs, _V3)
    middle, first = _unroll(params, state, xs[:cut], _V3)
    last, second = _unroll(params, middle, xs[cut:], _V3)
    np.testing.assert_allclose(
        jnp.concatenate([first, second]), whole, atol=1e-5
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5),
        last,
        whole_state,
    )

  def test_output_does_not_see_the_future(self):
    params, state, xs = _case(_V2, 12)
    slope = jax.jacrev(lambda x: _unroll(params, state, x, _V2)[1])(xs)
    slope = np.abs(slope).sum((1, 3))  # [t, t']
    np.testing.assert_array_equal(np.triu(slope, 1), 0)
    self.assertGreater(np.diagonal(slope).min(), 0)

  def test_versions_agree_when_input_is_as_slow_as_memory(self):
    params, state, xs = _case(_V1)
    run = lambda update: _unroll(
        params,
        state,
        xs,
        dataclasses.replace(_V1, input_speed=1.0, update=update),
    )[1]
    np.testing.assert_allclose(run('linear'), run('exponential'), atol=1e-6)

  @parameterized.parameters('linear', 'exponential')
  def test_constant_input_fills_memory_as_in_closed_form(self, update):
    config = dataclasses.replace(_V1, update=update)
    params, state, xs = _case(config)
    constant = 0.7
    mlp = tuple(
        elm.Dense(d.kernel * 0, d.bias * 0 + constant) for d in params.mlp
    )
    params = params._replace(mlp=mlp)
    path = _trajectory(params, state, xs, config)[1]
    d = elm.derive(params, config)
    t = np.arange(1, len(xs) + 1)[:, None]
    kappa = np.asarray(d.kappa)[None]
    level = elm.scaled_tanh(constant) * np.asarray(d.gain / (1 - d.kappa))[None]
    np.testing.assert_allclose(path.memory, level * (1 - kappa**t), rtol=2e-4)

  @parameterized.parameters(*_ALL[:3])
  def test_memory_stays_in_its_box(self, config):
    params, state, xs = _case(config)
    params = params._replace(mlp=jax.tree.map(lambda a: 30 * a, params.mlp))
    memory = _trajectory(params, state, 9 * xs, config)[1].memory
    self.assertAlmostEqual(elm.memory_bound(config), 5 * 1.7159, places=6)
    self.assertLessEqual(
        float(jnp.abs(memory).max()), elm.memory_bound(config) + 1e-4
    )
    self.assertGreater(float(jnp.abs(memory).max()), 1.7159)

  def test_dead_and_masked_synapses_get_no_gradient(self):
    params, state, xs = _case(_V2)
    params = params._replace(synapse=params.synapse.at[3].set(-0.1))
    grad = jax.grad(lambda p: _unroll(p, state, xs, _V2)[1].sum())(params)
    dead = np.asarray(params.fixed.mask) == 0
    self.assertEqual(int(elm.num_dead_synapses(params, _V2)), 1)
    dead[3] = True
    self.assertEqual(dead.sum(), 1 + 3)  # of 12 positions 10 hold an input
    np.testing.assert_array_equal(np.asarray(grad.synapse)[dead], 0)
    self.assertTrue((np.asarray(grad.synapse)[~dead] != 0).all())
    jax.tree.map(
        lambda g: np.testing.assert_array_equal(g, 0),
        (grad.fixed, grad.tau_logit),
    )

  def test_neuronio_routing_has_the_papers_counts(self):
    source, mask = elm.routing.neuronio(1278, 45, 100)
    self.assertEqual(mask.sum(), 4282)
    np.testing.assert_array_equal(source[:4], [0, 639, 1, 640])
    times = np.bincount(source[mask], minlength=1278)
    self.assertEqual((times < 3).sum(), 58)
    self.assertEqual(set(times[times >= 3]), {3, 4})

  @parameterized.parameters(
      (1, 4601), (2, 4708), (10, 5852), (20, 8002), (50, 19252), (100, 54002)
  )
  def test_parameters_are_as_many_as_the_authors_count(self, memory, count):
    config = elm.Config(
        1278,
        2,
        memory,
        num_branches=45,
        synapses_per_branch=100,
        routing='neuronio',
    )
    self.assertEqual(elm.num_params(config), count)
    params = _init(jax.random.key(0), config)
    learned = (params.synapse, params.mlp, params.readout)
    self.assertEqual(sum(a.size for a in jax.tree.leaves(learned)), count)

  @parameterized.parameters(100.0, 150.0, 300.0, 500.0, 1000.0)
  def test_logits_are_finite_and_reach_the_longest_time(self, tau_max):
    config = elm.Config(3, 1, num_memory=5, tau_max=tau_max)
    params = _init(jax.random.key(0), config)
    self.assertTrue(bool(jnp.all(jnp.isfinite(params.tau_logit))))
    tau = elm.derive(params, config).tau
    self.assertAlmostEqual(float(tau[-1]) / tau_max, 1, delta=2e-7)  # float32

  def test_time_constants_begin_log_spaced_and_may_learn(self):
    config = dataclasses.replace(_V1, learn_tau=True)
    params, state, xs = _case(config)
    tau = elm.derive(params, config).tau
    np.testing.assert_allclose(tau, np.logspace(0, np.log10(50), 4), rtol=1e-3)
    grad = jax.grad(lambda p: _unroll(p, state, xs, config)[1].sum())(params)
    self.assertGreater(float(jnp.abs(grad.tau_logit[1:3]).min()), 0)
    wide = elm.derive(_init(jax.random.key(0), _V3), _V3).tau
    np.testing.assert_allclose(wide, np.logspace(0, np.log10(50), 4), rtol=1e-3)

  def test_bfloat16_stays_near_float32(self):
    params, state, xs = _case(_V2)
    half = dataclasses.replace(_V2, dtype='bfloat16')
    got = _unroll(params, state, xs, half)[1]
    self.assertEqual(got.dtype, jnp.float32)
    want = _unroll(params, state, xs, _V2)[1]
    # 8 bits of mantissa, memory itself is float32
    np.testing.assert_allclose(got, want, atol=0.05)
    self.assertGreater(float(jnp.abs(got - want).max()), 0)
    loss = lambda p, config: jnp.sum(jnp.sin(_unroll(p, state, xs, config)[1]))
    grad = jax.jit(jax.grad(loss), static_argnums=1)
    for near, exact in zip(
        jax.tree.leaves(grad(params, half)),
        jax.tree.leaves(grad(params, _V2)),
        strict=True,
    ):
      self.assertEqual(near.dtype, jnp.float32)
      np.testing.assert_allclose(
          near, exact, atol=0.05 * float(jnp.abs(exact).max())
      )

  def test_dropout_holds_one_mask_for_all_steps(self):
    config = dataclasses.replace(_V3, input_dropout=0.5, mlp_dropout=0.5)
    params, state, xs = _case(config)
    key = jax.random.key(7)
    path = elm.trajectory(params, state, xs, config, key=jax.random.clone(key))[
        1
    ]
    silent = np.asarray(path.memory == 0).all(0)
    self.assertBetween(silent.sum(), 1, 3)
    # As the authors: synapses keep their mean, the MLP's output its spread,
    # and it is dropped before the tanh.
    synapses, memory = map(
        np.asarray, dynamics.dropout_masks(jax.random.clone(key), config)
    )
    self.assertEqual(set(np.unique(synapses)), {0.0, 2.0})
    np.testing.assert_allclose(np.unique(memory), [0, 2**0.5], rtol=1e-6)
    mlp = elm.Dense(
        params.mlp[-1].kernel * memory[None], params.mlp[-1].bias * memory
    )
    dropped = params._replace(
        synapse=params.synapse * synapses, mlp=(*params.mlp[:-1], mlp)
    )
    np.testing.assert_allclose(
        path.output, _unroll(dropped, state, xs, config)[1], atol=1e-5
    )
    with_steps = [state]
    for x in xs[:5]:
      with_steps.append(
          elm.step(
              params, with_steps[-1], x, config, key=jax.random.clone(key)
          )[0]
      )
    np.testing.assert_allclose(with_steps[-1].memory, path.memory[4], atol=1e-5)

  @parameterized.parameters('scan', 'newton')
  def test_no_steps_leave_the_state(self, method):
    for config in (_V1, _V3):
      params, state, xs = _case(config)
      state, _ = _unroll(params, state, xs, config)
      last, path = _trajectory(params, state, xs[:0], config, method)
      jax.tree.map(np.testing.assert_array_equal, last, state)
      self.assertEqual(path.output.shape, (0, config.num_outputs))
      self.assertEqual(path.memory.shape, (0, config.num_memory))

  def test_spike_has_the_published_surrogate(self):
    u = jnp.array([-0.3, 0.0, 0.2])
    np.testing.assert_array_equal(elm.spike(u), [0, 0, 1])
    slope = jax.vmap(jax.grad(elm.spike))(u)
    np.testing.assert_allclose(slope, 1 / (100 * np.abs(u) + 1) ** 2)

  @parameterized.parameters(
      (dict(tau_min=5.0, tau_max=2.0), 'tau_max must be above tau_min=5.0'),
      (dict(num_branches=2), 'without routing'),
      (dict(dtype='float64'), "dtype must be no wider than .*'float32'"),
      (
          dict(num_branches=2, routing='neuronio'),
          'synapses_per_branch must be at least ceil',
      ),
  )
  def test_fields_that_do_not_go_together_are_refused(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      elm.Config(6, 2, **fields)

  def test_neuron_of_neuronio_has_two_versions(self):
    first = elm.on_neuronio(1, num_inputs=1278, num_memory=20)
    self.assertEqual(elm.num_params(first), 8002)  # the paper's
    rerun = elm.on_neuronio(
        3, num_inputs=8, num_branches=4, synapses_per_branch=4
    )
    self.assertTrue(rerun.positive_synapses)
    self.assertEqual(rerun.synapse_value, 0.25)
    self.assertEqual((rerun.high_pass_tau, rerun.trace_tau), (0, 5))
    self.assertEqual(rerun.activation, 'relu_squared')

  def test_bad_input_says_what_and_why(self):
    params, state, xs = _case(_V1)
    with self.assertRaisesRegex(ValueError, r'\[T, num_inputs=6\], got shape'):
      elm.unroll(params, state, xs[:, :5], _V1)
    with self.assertRaisesRegex(ValueError, r'\[num_inputs=6\], got shape'):
      elm.step(params, state, xs[0, :5], _V1)
    with self.assertRaisesRegex(ValueError, 'method must be one of'):
      elm.unroll(params, state, xs, _V1, method='fast')
    with self.assertRaisesRegex(ValueError, 'version must be 1, 2 or 3'):
      elm.version(4, num_inputs=1, num_outputs=1)


class OfficialTest(parameterized.TestCase):

  def test_random_routing_comes_from_the_checkpoint(self):
    arrays = elm.params_to_official(
        _init(jax.random.key(3), _V1_RANDOM), _V1_RANDOM
    )
    self.assertEqual(arrays['input_to_synapse_indices'].dtype, np.int64)
    params = elm.params_from_official(arrays, _V1_RANDOM)
    jax.tree.map(
        np.testing.assert_array_equal,
        params,
        _init(jax.random.key(3), _V1_RANDOM),
    )
    del arrays['input_to_synapse_indices']
    with self.assertRaisesRegex(ValueError, 'no array .input_to_synapse'):
      elm.params_from_official(arrays, _V1_RANDOM)

  @parameterized.parameters(
      ({'num_inputs': 3}, 'are no arguments of the authors'),
      ({'input_to_synapse_routing': 'x'}, 'input_to_synapse_routing must be'),
      ({'version': 3}, 'version must be 1 or 2, got 3'),
      ({'version': 2, 'tau_s_value': 5.0}, 'tau_s_value is no argument of'),
  )
  def test_bad_arguments_are_named(self, extra, message):
    mapping = {'num_input': 3, 'num_output': 1, **extra}
    with self.assertRaisesRegex(ValueError, message):
      elm.config_from_official(mapping)

  def test_arguments_are_read_as_the_authors_read_them(self):
    with self.assertRaisesRegex(ValueError, r"needs \['num_output'\] too"):
      elm.config_from_official({'num_input': 3})
    sizes = {'num_input': np.int64(3), 'num_output': 1, 'version': 2}
    config = elm.config_from_official({**sizes, 'memory_tau_min': 2000.0})
    self.assertGreater(config.tau_max, 2000.0)  # their least
    config = elm.config_from_official({**sizes, 'mlp_hidden_size': None})
    self.assertEqual((config.num_inputs, config.hidden), (3, 200))

  def test_bad_arrays_are_named(self):
    arrays = elm.params_to_official(_init(jax.random.key(0), _V2), _V2)
    with self.assertRaisesRegex(ValueError, r"\['w_z'\] have no place"):
      elm.params_from_official({**arrays, 'w_z': np.zeros(1)}, _V2)
    with self.assertRaisesRegex(ValueError, r'must have shape \(2,\)'):
      elm.params_from_official({**arrays, 'w_y.bias': np.zeros(1)}, _V2)
    with self.assertRaisesRegex(ValueError, r'indices must be in .*, got 10'):
      far = np.full(15, 10)
      elm.params_from_official({**arrays, 'input_to_synapse_indices': far}, _V2)
    arrays['tau_b'] = np.ones(3)
    elm.params_from_official(arrays, _V2)
    with self.assertRaisesRegex(ValueError, r"\['tau_s'\] have no place"):
      elm.params_from_official({**arrays, 'tau_s': np.ones(15)}, _V2)
    v1 = dataclasses.replace(_V2, update='linear')
    tau = np.ones(15)
    tau[2] = 2
    del arrays['tau_b']
    with self.assertRaisesRegex(ValueError, 'must not differ'):
      elm.params_from_official({**arrays, 'tau_s': tau}, v1)
    with self.assertRaisesRegex(ValueError, 'no neuron of version 3'):
      elm.params_to_official(_init(jax.random.key(0), _V3), _V3)


class NewtonTest(parameterized.TestCase):

  @parameterized.parameters('full', 'diagonal')
  def test_converges_to_the_scan(self, jacobian):
    params, state, xs = _case(_V2, 200)
    memory, info = elm.newton_info(
        params, state, xs, _V2, jacobian=jacobian, max_iterations=100
    )
    self.assertTrue(bool(info.converged))
    self.assertLess(int(info.iterations), 60)
    want = _trajectory(params, state, xs, _V2)[1].memory
    # A residual of 1e-5 a step, summed over the slowest time constant.
    np.testing.assert_allclose(memory, want, atol=1e-3)

  def test_falls_back_to_the_scan(self):
    f = lambda theta, m, u: 3.9 * m * (1 - m) + 0 * u  # the chaotic map
    start, us = jnp.array([0.3]), jnp.zeros((300, 1))
    got, info = newton.solve(f, None, start, us, max_iterations=5, limit=1.0)
    self.assertFalse(bool(info.converged))
    self.assertEqual(int(info.iterations), 5)
    np.testing.assert_array_equal(got, newton.sequential(f, None, start, us))

  def test_a_batch_runs_the_scan_only_if_a_trial_needs_it(self):
    f = lambda theta, m, u: theta * m * (1 - m) + 0 * u  # the logistic map
    us = jnp.zeros((300, 1))
    solve = jax.vmap(
        lambda theta, m: newton.solve(
            f, theta, m, us, max_iterations=8, limit=1.0
        )
    )
    theta, start = jnp.array([0.5, 3.9]), jnp.full((2, 1), 0.3)
    got, info = solve(theta, start)
    np.testing.assert_array_equal(info.converged, [True, False])
    for n in range(2):
      want = newton.sequential(f, theta[n], start[n], us)
      np.testing.assert_allclose(got[n], want, atol=1e-4 * (n == 0))
    # The sequential scan is inside a loop, which may take no turn.
    outer = jax.make_jaxpr(solve)(theta, start).jaxpr
    while len(outer.eqns) == 1:  # inside the custom derivative
      (outer,) = jax_core.jaxprs_in_params(outer.eqns[0].params)
    names = [eqn.primitive.name for eqn in outer.eqns]
    self.assertIn('while', names)
    self.assertNotIn('scan', names)

  def test_linear_recurrence_takes_one_iteration(self):
    f = lambda theta, m, u: theta @ m + u
    theta = jnp.array([[0.5, 0.2], [-0.1, 0.9]])
    us = jax.random.normal(jax.random.key(0), (30, 2))
    got, info = newton.solve(f, theta, jnp.ones(2), us)
    self.assertEqual(int(info.iterations), 1)
    want = newton.sequential(f, theta, jnp.ones(2), us)
    np.testing.assert_allclose(got, want, atol=1e-5)

  def test_unknown_jacobian_is_refused(self):
    us = jnp.zeros(2)
    with self.assertRaisesRegex(ValueError, 'jacobian must be one of'):
      newton.solve(lambda theta, m, u: m, 0, us, us, jacobian='half')


class LeakyTest(absltest.TestCase):

  def test_a_spike_decays_exponentially(self):
    inputs = jnp.zeros((10, 2)).at[3].set(2.0)
    kappa = jnp.array([0.9, 0.5])
    got = leaky.trace(inputs, kappa)
    t = np.arange(10)[:, None]
    want = np.where(
        t >= 3, 2.0 * np.asarray(kappa)[None] ** np.maximum(t - 3, 0), 0
    )
    np.testing.assert_allclose(got, want, rtol=1e-5)
    start = jnp.ones(2)
    np.testing.assert_allclose(
        leaky.trace(inputs * 0, kappa, start),
        np.asarray(kappa)[None] ** (t + 1),
        rtol=1e-5,
    )


if __name__ == '__main__':
  absltest.main()
