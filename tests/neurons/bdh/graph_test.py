"""The graph model of BDH: all its forms are one function, in float64."""

import dataclasses
import functools
import itertools
from typing import Any
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import bdh
from nmlib.neurons.bdh import graph
from nmlib.neurons.core import checks

_N, _D, _L, _T, _S = 12, 3, 3, 9, 4
_CLOSE = dict(rtol=1e-12, atol=1e-12)  # activities are of order 1
_EACH = range(_S)  # weights and tokens
_few = settings(max_examples=6, deadline=None)
_relu = lambda z: np.maximum(z, 0)


def _config(decay=0.0, theta=None):
  return graph.normfree.Config(
      _N, _D, _L, decay, theta, chunk_size=4, param_dtype='float64'
  )


def _weights(seed=0) -> Any:
  rng = np.random.default_rng(seed)
  shapes = ((_D, _N), (_D, _N), (_N, _D))
  draw: Any = lambda shape: 0.4 * rng.normal(size=shape)
  return graph.normfree.Params(*map(draw, shapes))


def _tokens(seed=1, size=_N, length=_T) -> Any:
  return _relu(np.random.default_rng(seed).normal(size=(length, size)))


def _rotations(theta, size, length):
  """R_t of pairs (i, i + n/2), turned t theta^(-2i/n) radians: [T, n, n]."""
  half = size // 2
  turn = np.tile(np.eye(size), (length, 1, 1))
  for t, i in itertools.product(range(length), range(half)):
    angle = t * theta ** (-2 * i / size)
    c, s = np.cos(angle), np.sin(angle)
    turn[t][np.ix_([i, i + half], [i, i + half])] = [[c, -s], [s, c]]
  return turn


def _equation_7(params, ys, config):
  """BDH-Normfree as the paper writes it, token by token, with rho U."""
  to_x, to_y, down = (np.asarray(p).T for p in params)
  damp = np.exp(-config.decay) * np.eye(_N)
  if config.theta is not None:  # x stays; one token later rho has turned back
    damp = damp @ _rotations(config.theta, _N, 2)[1]
  rho = np.zeros((_L, _D, _N))
  found = []
  for y in ys:
    x = np.zeros(_N)
    for layer in range(_L):
      v = down @ y
      x = x + _relu(to_x @ v)
      y = _relu(to_y @ (rho[layer] @ x)) * x
      rho[layer] = (rho[layer] + np.outer(v, x)) @ damp
      found.append((x, y))
  return np.array(found).reshape(len(ys), _L, 2, _N)


@functools.cache
def _runs(decay, theta) -> Any:
  """Normfree, and both graphs that equal it: (state, outputs) [S] by name."""
  config = _config(decay, theta)
  stacked = lambda draw: jax.tree.map(lambda *a: np.stack(a), *map(draw, _EACH))

  def run(params, ys, name):
    if name == 'normfree':
      state = graph.normfree.initial_state(config)
      return graph.normfree.unroll(params, state, ys, config)
    graphs, sizes = getattr(graph, name)(params, config)
    state = graph.initial_state(graphs, sizes)
    return graph.unroll(graphs, state, ys, sizes)

  found = {}
  for name in ('normfree', 'from_normfree', 'hubs_from_normfree'):
    each = jax.jit(jax.vmap(functools.partial(run, name=name)))
    found[name] = each(stacked(_weights), stacked(_tokens))
  return found


def _sparse(seed, hubs=False, theta=None) -> Any:
  """A random graph of 6 neurons (and 2 hidden nodes), most edges missing."""
  rng: Any = np.random.default_rng(seed)
  sizes = graph.Config(6, 2, 2 * hubs, theta, 'float64')

  def draw(receivers, senders):
    shape = (sizes.num_nodes,) * 2
    matrix = rng.uniform(0, 1, shape) * (rng.uniform(size=shape) < 0.4)
    kept = np.zeros(shape)
    kept[receivers, senders] = matrix[receivers, senders]
    return graph.edges.from_dense(kept)

  neurons, hidden = slice(6), slice(6, 8)
  inside = (hidden, neurons) if hubs else (neurons, neurons)
  back = inside[::-1]
  synapses = draw(*inside)
  make: Any = graph.Graphs
  graphs = make(
      *((draw(*back),) for _ in range(4)),
      synapses,
      rng.uniform(0.5, 1, len(synapses.weights)),
      (draw(*inside), draw(*inside)) if hubs else (),
  )
  return graphs, sizes


@functools.partial(jax.jit, static_argnums=1)
def _rounds_and_matrices(graphs, sizes, ys):
  """State and outputs of both forms."""
  state = graph.initial_state(graphs, sizes)
  rounds = graph.unroll(graphs, state, ys, sizes)
  matrices = graph.tensor.matrices(graphs, sizes)
  state = graph.tensor.initial_state(sizes)
  return rounds, graph.tensor.unroll(matrices, state, ys, sizes)


def _rule_by_rule(graphs, sizes, ys):
  """One rule at a time: a node, or two nodes and the edge between them."""
  hops = lambda pathway: [
      list(zip(*map(np.asarray, e), strict=True)) for e in pathway
  ]
  (x_e,), (x_i,), (y_e,), (y_i,) = map(hops, graphs[:4])
  (synapses,) = hops([graphs.synapses])
  nodes, sigma, found = range(6), np.zeros((2, len(synapses))), []
  for token in ys:
    x, y, a = np.zeros(6), token.copy(), np.zeros(6)
    up, down = np.zeros(6), np.zeros(6)
    for number in range(3, 4 * sizes.num_layers + 3):
      layer, kind = (number + 1) // 4 - 1, number % 4
      if kind == 3:
        for j, i, w in x_e:
          up[i] += w * y[j]
        for j, i, w in x_i:
          down[i] += w * y[j]
        for i in nodes:
          x[i] += max(up[i] - down[i], 0)
          a[i] = up[i] = down[i] = 0
      elif kind == 0:
        for e, (j, i, _) in enumerate(synapses):
          a[i] += sigma[layer, e] * x[j]
      elif kind == 1:
        for e, (j, i, w) in enumerate(synapses):
          sigma[layer, e] += w * y[i] * x[j]
          sigma[layer, e] *= graphs.damping[e]
      else:
        for j, i, w in y_e:
          up[i] += w * a[j]
        for j, i, w in y_i:
          down[i] += w * a[j]
        for i in nodes:
          y[i] = max(up[i] - down[i], 0) * x[i]
          up[i] = down[i] = 0
        found.append((x.copy(), y.copy()))
  return sigma, np.array(found).reshape(len(ys), 2, 2, 6)


class FormsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enterContext(jax.enable_x64(True))

  @parameterized.parameters((0.0, None), (0.1, 64.0))
  def test_graph_normfree_and_equation_7_are_one_function(self, decay, theta):
    config = _config(decay, theta)
    expected = np.stack(
        [_equation_7(_weights(i), _tokens(i), config) for i in _EACH]
    )
    self.assertGreater((expected[:, :, 2, 1] > 0).mean(), 0.1)  # not silent
    # Frequencies of the rotation are float32, as in BDH.
    near = 1e-12 if theta is None else 1e-5
    for name, (_, out) in _runs(decay, theta).items():
      got = np.stack(out, -2)
      np.testing.assert_allclose(got, expected, near, near, err_msg=name)

  @parameterized.product(
      name=('from_normfree', 'hubs_from_normfree'),
      damped=((0.0, None), (0.1, 64.0)),
  )
  def test_graphs_equal_normfree_and_rho_is_e_sigma(self, name, damped):
    (expected, wanted), (state, out) = (
        _runs(*damped)[n] for n in ('normfree', name)
    )
    np.testing.assert_allclose(out.x, wanted.x, **_CLOSE)
    np.testing.assert_allclose(out.y, wanted.y, **_CLOSE)
    if name == 'from_normfree':
      sigma = state.sigma.reshape(_S, _L, _N, _N)
      down = np.stack([_weights(i).decoder for i in _EACH])
      rho = np.einsum('snd,slnm->slmd', down, sigma)
    else:
      sigma = state.sigma.reshape(_S, _L, 2, _D, _N)
      rho = np.swapaxes(sigma[:, :, 0] - sigma[:, :, 1], 2, 3)
    np.testing.assert_allclose(rho, expected.rho, **_CLOSE)
    np.testing.assert_array_equal(state.position, _T)

  def test_hubs_need_edges_in_proportion_to_n_d(self):
    counts = {}
    for name in ('from_normfree', 'hubs_from_normfree'):
      graphs, _ = getattr(graph, name)(_weights(), _config())
      lists = jax.tree.leaves(
          graphs, is_leaf=lambda node: isinstance(node, graph.Edges)
      )
      shared = {id(e): e for e in lists if isinstance(e, graph.Edges)}
      counts[name] = sum(int(np.sum(e.weights > 0)) for e in shared.values())
    # E' once, D_x and D_y twice each; E' again to inhibit, and 2 n d synapses.
    self.assertEqual(counts['from_normfree'], 5 * _N * _D + _N**2)
    self.assertEqual(counts['hubs_from_normfree'], (4 + 2 + 2) * _N * _D)

  def test_rule_by_rule_equals_rounds_and_equation_6(self):
    graphs, sizes = _sparse(0)
    ys = _tokens(0, 6, 5)
    sigma, expected = _rule_by_rule(graphs, sizes, ys)
    self.assertGreater(expected[:, 1, 1].max(), 0)
    (state, out), (dense, again) = _rounds_and_matrices(graphs, sizes, ys)
    np.testing.assert_allclose(state.sigma, sigma, rtol=1e-13)
    np.testing.assert_allclose(np.stack(out, 2), expected, rtol=1e-13)
    senders, receivers, _ = graphs.synapses
    self.assertEqual(
        np.count_nonzero(dense.sigma), np.count_nonzero(state.sigma)
    )
    np.testing.assert_allclose(
        dense.sigma[:, receivers, senders], sigma, rtol=1e-13
    )
    np.testing.assert_allclose(np.stack(again, 2), expected, rtol=1e-13)

  def test_rounds_equal_equation_6_with_hubs_and_a_rotation(self):
    graphs, sizes = _sparse(0, hubs=True, theta=64.0)
    (_, out), (_, dense) = _rounds_and_matrices(graphs, sizes, _tokens(0, 6, 5))
    self.assertGreater(out.y[:, 1].max(), 0)
    np.testing.assert_allclose(out.y, dense.y, rtol=1e-13)

  def test_what_fires_in_y_fires_in_x_which_grows_with_layers(self):
    _, out = _runs(0.0, None)['from_normfree']
    self.assertFalse(np.any((out.y > 0) & (out.x == 0)))
    self.assertTrue(np.all(out.y >= 0))
    self.assertTrue(np.all(np.diff(out.x, axis=2) >= 0))

  def test_gradients_under_jit_and_vmap_are_those_of_normfree(self):
    config, all_ys = _config(0.1), np.stack([_tokens(1), _tokens(2)])

    def loss(params, ys, form):
      if form == 'normfree':
        state = graph.normfree.initial_state(config)
        _, out = graph.normfree.unroll(params, state, ys, config)
      else:
        graphs, sizes = getattr(graph, form)(params, config)
        state = graph.initial_state(graphs, sizes)
        _, out = graph.unroll(graphs, state, ys, sizes)
      return jnp.sum(jnp.sin(out.x) + jnp.sin(out.y))

    def run(form):
      one = jax.grad(functools.partial(loss, form=form))
      return jax.jit(jax.vmap(one, (None, 0)))(_weights(), all_ys)

    expected = run('normfree')
    for got, want in zip(run('hubs_from_normfree'), expected, strict=True):
      np.testing.assert_allclose(got, want, rtol=0, atol=1e-11)

  def test_weights_of_a_sparse_graph_can_be_learned(self):
    graphs, sizes = _sparse(0)
    ys = _tokens(0, 6, 5)

    @jax.jit
    def loss(weights):
      changed = graphs.y_excite[0]._replace(weights=weights)
      new = graphs._replace(y_excite=(changed,))
      _, out = graph.unroll(new, graph.initial_state(new, sizes), ys, sizes)
      return jnp.sum(out.y)

    weights = graphs.y_excite[0].weights
    slope = jax.jit(jax.grad(loss))(weights)
    self.assertGreater(np.max(np.abs(slope)), 0)
    # A central difference, of order step^2, along one direction.
    direction = 1e-6 * np.random.default_rng(1).normal(size=len(weights))
    change = loss(weights + direction) - loss(weights - direction)
    np.testing.assert_allclose(change / 2, slope @ direction, rtol=1e-6)


class SignedGraphsTest(parameterized.TestCase):

  @_few
  @given(st.sampled_from([(1, 1), (20, 6)]), st.integers(0, 2**31 - 1))
  def test_signed_split_gives_the_low_rank_map(self, sizes, seed):
    n, d = sizes
    rng: Any = np.random.default_rng(seed)
    with jax.enable_x64(True):
      for whole in (True, False):
        draw = rng.integers if whole else rng.uniform
        to, down = draw(-9, 9, (n, d)), draw(-9, 9, (d, n))
        split = graph.lowrank_to_signed_graphs(1.0 * to, 1.0 * down)
        into, excite, inhibit = map(np.asarray, split)
        for part in (into, excite, inhibit):
          self.assertGreaterEqual(part.min(), 0)
        got = excite @ into - inhibit @ into
        if whole:  # no rounding
          np.testing.assert_array_equal(got, to @ down)
        error = np.linalg.norm(got - to @ down)
        self.assertLessEqual(
            error, 4e-16 * np.linalg.norm(np.abs(to) @ np.abs(down))
        )


_to_dense = jax.jit(graph.edges.to_dense, static_argnums=1)
_propagate = jax.jit(graph.edges.propagate)
_meet = jax.jit(graph.interaction.step)
_sparsely_meet = jax.jit(graph.interaction.sparse_step)


class EdgesTest(parameterized.TestCase):

  @_few
  @given(st.sampled_from([(1, 3), (6, 20)]), st.integers(0, 2**31 - 1))
  def test_lists_of_edges_equal_matrices(self, sizes, seed):
    size, count = sizes
    rng: Any = np.random.default_rng(seed)
    with jax.enable_x64(True):
      senders, receivers = rng.integers(0, size, (2, count), np.int32)
      edges = graph.Edges(senders, receivers, rng.normal(size=count))
      expected = np.zeros((size, size))
      np.add.at(expected, (receivers, senders), edges.weights)
      matrix = _to_dense(edges, size)
      np.testing.assert_allclose(matrix, expected, **_CLOSE)
      again = graph.edges.from_dense(expected)
      self.assertEqual(len(again.weights), np.count_nonzero(expected))
      x = jnp.asarray(rng.normal(size=size))
      for one in (edges, graph.edges.complete(matrix)):
        got = _propagate(one, x)
        np.testing.assert_allclose(got, expected @ x, **_CLOSE)
      kept = np.zeros((size, size))
      kept[again.receivers, again.senders] = again.weights
      np.testing.assert_array_equal(kept, expected)


class InteractionTest(parameterized.TestCase):

  @_few
  @given(st.sampled_from([(1, 2), (4, 9)]), st.integers(0, 2**31 - 1))
  def test_amounts_stay_positive_and_forms_agree(self, sizes, seed):
    z, count = sizes
    rng: Any = np.random.default_rng(seed)
    with jax.enable_x64(True):
      species = rng.integers(0, z, (3, count), np.int32)
      reactions = graph.interaction.Reactions(
          species[0], species[1], species[2], rng.uniform(size=count)
      )
      rates: Any = np.zeros((z, z, z))
      np.add.at(rates, tuple(species), reactions.rate)
      damping = rng.uniform(size=z)
      q = jnp.asarray(rng.uniform(size=z))
      for _ in range(3):
        other = _sparsely_meet(q, reactions, damping)
        q = _meet(q, rates, damping)
        np.testing.assert_allclose(q, other, rtol=1e-13)
        self.assertGreaterEqual(np.min(q), 0)

  def test_damping_beyond_1_makes_amounts_negative(self):
    run = lambda d: graph.interaction.step(jnp.ones(1), jnp.zeros((1, 1, 1)), d)
    self.assertLess(jax.jit(run)(jnp.full(1, 1.5))[0], 0)
    with self.assertRaisesRegex(ValueError, 'at most 1, got 1.5'):
      run(jnp.full(1, 1.5))

  def test_reading_and_writing_synapses_are_interaction_kernels(self):
    with jax.enable_x64(True):
      graphs, _ = _sparse(0)
      senders, receivers, scale = map(np.asarray, graphs.synapses)
      m = len(senders)
      rng: Any = np.random.default_rng(0)
      x, y, a = (jnp.asarray(rng.uniform(size=6)) for _ in range(3))
      sigma = jnp.asarray(rng.uniform(size=m))
      nodes = graph.rounds.at_rest(y)._replace(x=x, q=x)
      q = jnp.concatenate([sigma, x, y, jnp.zeros(6)])  # species
      at_x, at_y, at_a, edge = m, m + 6, m + 12, np.arange(m)
      kernel = graph.interaction.sparse_step
      meet: Any = graph.interaction.Reactions
      read = meet(edge, at_x + senders, at_a + receivers, np.ones(m))
      still: Any = np.zeros(len(q))
      np.testing.assert_allclose(
          kernel(q, read, still)[at_a:],
          graph.rounds.read(graphs, sigma, nodes).a,
          rtol=1e-14,
      )
      write = meet(at_x + senders, at_y + receivers, edge, scale)
      written = kernel(q, write, still)
      expected = graph.rounds.write(graphs, sigma, nodes)
      np.testing.assert_allclose(written[:m], expected, rtol=1e-14)
      none = meet(*[np.zeros(0, np.int32)] * 3, np.zeros(0))
      fades = still.copy()
      fades[:m] = 1 - graphs.damping
      np.testing.assert_allclose(
          kernel(written, none, fades)[:m],
          graph.rounds.damp(graphs, expected),
          rtol=1e-14,
      )


class RecoveryTest(parameterized.TestCase):

  def test_synapses_of_the_graph_model_are_recovered_from_what_fired(self):
    with jax.enable_x64(True):
      state, out = _runs(0.0, None)['from_normfree']
      for layer in (1, 2):
        got = graph.recovery.synapses(
            out.y[0, :, layer - 1], out.x[0, :, layer]
        )
        np.testing.assert_allclose(
            got.reshape(-1), state.sigma[0, layer], **_CLOSE
        )

  def test_bdh_gpu_has_the_synapses_of_equation_16(self):
    with jax.enable_x64(True):
      config = bdh.Config(
          7, 6, 2, 16, 2, decay=0.05, theta=64.0, exact_phases=True,
          param_dtype='float64',
      )  # fmt: skip
      params = jax.tree.map(
          lambda a: 10 * a, bdh.init(jax.random.key(0), config)
      )
      tokens = jnp.asarray([1, 5, 2, 6, 0, 3])
      pairs = jnp.asarray(np.indices((16, 16)).reshape(2, -1))

      @jax.jit
      def run(params):
        out = bdh.apply(params, tokens, config, capture=('x', 'y'))
        found = graph.recover(params, tokens, config, 1, pairs=tuple(pairs))
        return out.captured, found

      captured, got = run(params)
      x, y = (np.asarray(captured[name]) for name in ('x', 'y'))
      u = np.kron(np.eye(2), _rotations(64.0, 8, 2)[1].T) * np.exp(-0.05)
      expected = np.zeros((16, 16))
      for t in range(len(tokens)):
        fired = np.linalg.matrix_power(u, 6 - t) @ x[1][:, t].reshape(16)
        expected += np.outer(y[0][:, t].reshape(16), fired)
      self.assertGreater(np.abs(expected).max(), 0.1)
      # Frequencies of the rotation are float32, as in BDH.
      np.testing.assert_allclose(got, expected.reshape(-1), rtol=0, atol=1e-5)


class BadInputTest(parameterized.TestCase):

  @parameterized.parameters(
      (
          dict(senders=[0, 6]),
          r'x_excite\[0\].senders must be in \[0, 6\), got 6',
      ),
      (dict(receivers=[-1, 0]), r'receivers must be in \[0, 6\), got -1 at'),
      (dict(receivers=[0.0, 1.0]), 'receivers must be integers, got float32'),
      (dict(weights=[1.0, np.nan]), r'at least 0, got nan at \[1\]'),
      (dict(weights=[-0.5, 1.0]), r'at least 0, got -0.5 at \[0\]'),
      (dict(weights=[1.0]), r'must be \[senders=2\], got shape \[1\]'),
  )
  def test_edges_that_lead_nowhere_are_refused(self, change, message):
    good = dict(senders=[0, 1], receivers=[1, 2], weights=[1.0, 1.0])
    edges = graph.Edges(
        **{name: jnp.asarray(v) for name, v in (good | change).items()}
    )
    fine = graph.Edges(*(jnp.asarray(v) for v in good.values()))
    others = ((fine,), (fine,), (fine,), fine, jnp.ones(2))
    graphs = graph.Graphs((edges,), *others)
    with self.assertRaisesRegex(ValueError, message):
      graph.initial_state(graphs, graph.Config(6, 2))

  @parameterized.parameters(
      (dict(damping=jnp.full(2, 1.5)), 'damping must be .* at most 1, got 1.5'),
      (dict(damping=jnp.ones(3)), r'must be \[synapses=2\], got shape \[3\]'),
      (
          dict(hubs=('edges',)),
          r'hubs must be \(excite, inhibit\) or \(\), got 1',
      ),
  )
  def test_graphs_that_do_not_fit_are_refused(self, change, message):
    edges = graph.Edges(jnp.asarray([0, 1]), jnp.asarray([1, 2]), jnp.ones(2))
    make: Any = graph.Graphs
    graphs = make(*[(edges,)] * 4, edges, jnp.ones(2))
    if 'hubs' in change:
      change = dict(hubs=(edges,))
    with self.assertRaisesRegex(ValueError, message):
      graph.initial_state(graphs._replace(**change), graph.Config(6, 2))
    sizes = graph.Config(6, 2)
    state = graph.initial_state(graphs, sizes)
    with self.assertRaisesRegex(ValueError, r'num_neurons=6\], got shape \[7'):
      graph.step(graphs, state, jnp.ones(7), sizes)

  @parameterized.parameters('from_normfree', 'hubs_from_normfree')
  def test_weights_of_other_sizes_make_no_graph(self, name):
    make = functools.partial(graph.normfree.Config, embed_dim=2, num_layers=1)
    params = graph.normfree.init(jax.random.key(0), make(num_neurons=9))
    with self.assertRaisesRegex(ValueError, 'num_neurons=8.*got shape'):
      getattr(graph, name)(params, make(num_neurons=8))

  def test_sending_along_edges_that_lead_nowhere_is_refused(self):
    found = graph.edges.from_dense(np.array([[1, 2], [0, 3.0]]))
    with self.assertRaisesRegex(ValueError, r'edges.senders must be in \[0, 1'):
      graph.edges.propagate(found, jnp.ones(1))
    with self.assertRaisesRegex(ValueError, r'edges.senders must be in \[0, 1'):
      graph.edges.to_dense(found, 1)

  def test_a_step_looks_at_each_edge_once(self):
    config = dataclasses.replace(_config(), param_dtype='float32')
    params = graph.normfree.init(jax.random.key(0), config)
    graphs, sizes = graph.from_normfree(params, config)
    state, look, seen = graph.initial_state(graphs, sizes), checks.indices, []

    def indices(name, values, size):
      if checks.is_concrete(values):
        seen.append(name)
      look(name, values, size)

    with mock.patch.object(checks, 'indices', indices):
      for _ in range(2):
        graph.step(graphs, state, jnp.ones(_N), sizes)
    paths = ('x_excite', 'x_inhibit', 'y_excite', 'y_inhibit')
    lists = [f'{path}[{hop}]' for path in paths for hop in (0, 1)]
    expected = [
        f'graphs.{edges}.{end}'
        for edges in (*lists, 'synapses')
        for end in ('senders', 'receivers')
    ]
    self.assertEqual(seen, 2 * expected)

  def test_other_arguments_are_refused_in_a_sentence(self):
    ones: Any = np.ones
    nothing: Any = None
    for run, message in (
        (lambda: graph.Config(5, 1, theta=9.0), 'must be even .* got 5'),
        (lambda: graph.Config(5, 1, -1), 'num_hidden must be .* got -1'),
        (
            lambda: graph.lowrank_to_signed_graphs(ones((4, 2)), ones((3, 4))),
            r'e must be \[d=2, n=4\], got shape \[3, 4\]',
        ),
        (
            lambda: graph.lowrank_to_signed_graphs(
                ones((1, 1)), np.inf * ones((1, 1))
            ),
            r'e must be finite, got inf at \[0, 0\]',
        ),
        (
            lambda: graph.interaction.step(-ones(1), ones((1, 1, 1)), ones(1)),
            'q must be finite and at least 0, got -1',
        ),
        (
            lambda: graph.recover(nothing, nothing, bdh.Config(), 0),
            r'layer must be in \[1, 6\), .* got 0',
        ),
        (
            lambda: graph.recovery.synapses(
                ones((2, 3)),
                ones((2, 3)),
                pairs=(3 * ones(1, int), 0 * ones(1, int)),
            ),
            r'receivers must be in \[0, 3\), got 3',
        ),
        (lambda: jax.jit(graph.edges.from_dense)(ones((2, 2))), 'traced'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        run()


if __name__ == '__main__':
  absltest.main()
