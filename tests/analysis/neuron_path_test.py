"""Neuron paths: the authors' numbers, closed forms, limits."""

import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import neuron_path
from nmlib.networks import cnn
from nmlib.networks import vit
from nmlib.neurons import sites
from tests.networks import recorded_vit


@pytest.fixture(scope='module', autouse=True)
def _x64():
  with jax.enable_x64(True):
    yield


@pytest.fixture(name='recorded', scope='module')
def _recorded(_x64):
  stored, params, config = recorded_vit.load()
  return stored, _runner(params, config)


def _runner(params, config):
  def run(patches, edits, capture):
    network = functools.partial(vit.apply, params, config=config)
    out, seen = sites.run(network, patches, edits=edits, capture=capture)
    return out.logits, seen

  return run


def test_equals_the_recorded_paths_scores_and_edits(recorded):
  stored, run = recorded

  @jax.jit
  @jax.vmap
  def found(x, label):
    probe = neuron_path.probe(run, x, label)
    path = neuron_path.locate(probe)
    active = neuron_path.activation_path(probe)
    score = neuron_path.joint_attribution_score
    shape = 3, 5, 20
    edits = [{}] + [
        {'mlp_post': neuron_path.edit_path(path.neurons, shape, operation)}
        for operation in ('remove', 'enhance', 'prune')
    ]
    return dict(
        logits=run(x, {}, ())[0], acts=probe.clean, path=path.neurons[:, 0],
        candidate_scores=path.scores, jas=score(probe, path.neurons),
        activation_path=active[:, 0], activation_path_jas=score(probe, active),
        influence_pattern_path=neuron_path.influence_pattern_path(
            lambda x: neuron_path.probe(run, x, label), x
        )[:, 0],
        prob_clean_remove_enhance_prune=jnp.stack(
            [jax.nn.softmax(run(x, edit, ())[0])[label] for edit in edits]
        ),
    )  # fmt: skip

  for name, value in found(stored['x'], stored['labels']).items():
    np.testing.assert_allclose(
        value, stored[name], rtol=0, atol=1e-8, err_msg=name
    )


def test_completeness_form_adds_up_to_the_change(recorded):
  stored, run = recorded
  probe = neuron_path.probe(run, stored['x'][1], stored['labels'][1])
  path = stored['path'][1][:, None]
  total = jax.jit(
      functools.partial(
          neuron_path.joint_attribution_score, probe, path, form='completeness'
      ),
      static_argnames=('steps', 'rule'),
  )
  midpoint, delta = stored['ig_midpoint_and_delta'][1]
  np.testing.assert_allclose(
      total(steps=200, rule='midpoint'), midpoint, rtol=0, atol=1e-5
  )
  on, all_layers = jnp.zeros((3, 20), bool), jnp.ones(3, bool)
  on = on.at[jnp.arange(3), path[:, 0]].set(True)
  change = probe.probability(probe.clean, all_layers) - probe.probability(
      jnp.where(on, 0, probe.clean), all_layers
  )
  np.testing.assert_allclose(change, delta, rtol=0, atol=1e-12)
  np.testing.assert_allclose(
      total(steps=24, rule='gauss_legendre'), change, rtol=0, atol=1e-10
  )
  # The left rule errs by about 1 / (2 m), the midpoint rule by its square (so
  # that 200 points are 100 times further from 2000 than those from the change).
  errors = [
      abs(float(total(steps=m, rule=rule) - change))
      for rule in ('left', 'midpoint')
      for m in (10, 20)
  ]
  np.testing.assert_allclose(errors[0] / errors[1], 2, rtol=0.1)
  np.testing.assert_allclose(errors[2] / errors[3], 4, rtol=0.2)


def test_of_one_neuron_the_forms_agree_and_of_a_linear_network_the_search_too(
    recorded,
):
  stored, run = recorded
  probe = neuron_path.probe(run, stored['x'][0], 2)
  one = jnp.array([[7]])
  forms = [
      neuron_path.joint_attribution_score(probe, one, form=form)
      for form in ('product_of_sums', 'completeness')
  ]
  np.testing.assert_allclose(*forms, rtol=1e-12)
  slope = jax.random.normal(jax.random.key(0), (3, 6))
  clean = jax.random.normal(jax.random.key(1), (3, 6))
  linear = neuron_path.Probe(
      lambda values, layers: jnp.sum(
          jnp.where(layers[:, None], slope * values, 0)
      ),
      clean,
  )
  path = neuron_path.locate(linear, form='completeness')
  np.testing.assert_array_equal(
      path.neurons[:, 0], jnp.argmax(slope * clean, 1)
  )
  chosen = jnp.zeros((3, 6), bool).at[0, 4].set(True).at[1, 2].set(True)
  for form in ('product_of_sums', 'completeness'):
    scores = [
        function(linear, chosen, 2, form=form)
        for function in (neuron_path.candidate_scores, neuron_path.exact_scores)
    ]
    np.testing.assert_allclose(*scores, rtol=1e-12)


def test_clean_values_change_nothing_and_gradients_are_finite_differences(
    recorded,
):
  stored, run = recorded
  probe = neuron_path.probe(run, stored['x'][0], 1)
  layers = jnp.array([True, False, True])
  plain = jax.nn.softmax(run(stored['x'][0], {}, ())[0])[1]
  assert probe.probability(probe.clean, jnp.ones(3, bool)) == plain
  gradient = jax.grad(probe.probability)(probe.clean, layers)
  assert not gradient[1].any()
  for layer, neuron in ((0, 3), (2, 11)):
    ends = [
        probe.probability(probe.clean.at[layer, neuron].add(h), layers)
        for h in (1e-6, -1e-6)
    ]
    difference = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(
        gradient[layer, neuron], difference, rtol=1e-5, atol=1e-9
    )


def test_several_neurons_a_layer_on_a_grid_that_is_not_square():
  grid = 2, 3
  config = vit.Config(
      4, grid, 2, 3, 2, 8, 2, 10, activation='relu', param_dtype='float64'
  )
  params = vit.init(jax.random.key(0), config)
  params = jax.tree.map(lambda a: 4 * a, params)  # so that something happens
  image = jax.random.normal(jax.random.key(1), (2 * grid[0], 2 * grid[1], 3))
  run = _runner(params, config)
  probe = neuron_path.probe(run, vit.patches(image, 2), 3)
  path = jax.jit(lambda: neuron_path.locate(probe, count=3))()
  assert path.neurons.shape == (2, 3)
  np.testing.assert_array_equal(path.neurons[:, 0], path.scores.argmax(1))
  single = jax.jit(functools.partial(neuron_path.candidate_scores, probe))
  chosen = jnp.zeros((2, 10), bool)
  for layer in range(2):  # the search by hand, from single neurons
    scores = single(chosen, layer)
    best = jnp.argsort(-scores)[:3]
    np.testing.assert_array_equal(jnp.sort(best), jnp.sort(path.neurons[layer]))
    chosen = chosen.at[layer, best].set(True)
  joined = jax.jit(
      lambda join: neuron_path.locate(probe, count=3, join=join).neurons
  )
  np.testing.assert_array_equal(joined(3), path.neurons)
  np.testing.assert_array_equal(
      joined(1)[:, :1], neuron_path.locate(probe).neurons
  )
  shape = 2, config.num_patches + 1, 10
  kept = neuron_path.edit_path(path.neurons, shape, 'prune')
  _, seen = sites.run(
      functools.partial(vit.apply, params, config=config),
      vit.patches(image, 2), edits={'mlp_post': kept}, capture=('mlp_post',),
  )  # fmt: skip
  assert not jnp.where(chosen, 0, seen['mlp_post'][:, 0]).any()
  half = neuron_path.edit_path(
      path.neurons, shape, 'prune', probability=0.5, key=jax.random.key(2)
  )
  assert 0 < int((half.scale[:, 0] == 0).sum()) < 14
  assert bool((half.scale[:, 1:] == 1).all())


def test_channels_of_a_convolutional_network_as_neurons():
  config = cnn.Config(3, (4, 6), (1, 2), param_dtype='float64')
  params = cnn.init(jax.random.key(0), config)
  image = jax.random.normal(jax.random.key(1), (6, 7, 3))

  def run(inputs, edits, capture):
    network = functools.partial(cnn.apply, params, config=config)
    out, seen = sites.run(network, inputs, edits=edits, capture=capture)
    return out.logits, seen

  subject = neuron_path.channels(run, ('conv_post_0', 'conv_post_1'))
  probe = subject.probe(image, 1)
  _, seen = run(image, {}, ('conv_post_0', 'conv_post_1'))
  for values, site in zip(probe.clean, seen.values(), strict=True):
    power = jnp.sum(site**2, (0, 1)) / site[..., 0].size
    np.testing.assert_allclose(values[: len(power)] ** 2, power, rtol=1e-12)
    np.testing.assert_array_equal(values[len(power) :], 0)  # no channel
  plain = jax.nn.softmax(cnn.apply(params, image, config).logits)[1]
  every = jnp.ones(2, bool)
  np.testing.assert_allclose(
      probe.probability(probe.clean, every), plain, rtol=1e-12
  )
  # The last layer is read linearly: without a channel, so much is missing.
  off = jnp.ones((2, 6)).at[1, 2].set(0)
  out = cnn.apply(params, image, config)
  missing = out.final[2] * params.output.kernel[2]
  np.testing.assert_allclose(
      subject.edited(image, off), out.logits - missing, rtol=0, atol=1e-12
  )
  only = jnp.array([False, True])
  total = neuron_path.joint_attribution_score(
      probe, jnp.array([[0], [2]]), steps=16, form='completeness',
      rule='gauss_legendre',
  )  # fmt: skip
  less = probe.clean.at[0, 0].set(0).at[1, 2].set(0)
  change = plain - probe.probability(less, every)
  np.testing.assert_allclose(total, change, rtol=0, atol=1e-8)
  np.testing.assert_allclose(
      probe.probability(off * probe.clean, only),
      jax.nn.softmax(out.logits - missing)[1],
  )


def test_no_path_has_a_channel_that_its_layer_has_not():
  # Each channel is against the class: none at all, 0, would score above them.
  sizes = {'a': 2, 'b': 5}

  def run(inputs, edits, capture):
    def network(inputs, site):
      for name, size in sizes.items():
        inputs = site.tap(name, jnp.mean(inputs) + jnp.zeros((2, 3, size)))
      return jnp.array([0, jnp.sum(inputs)])

    return sites.run(network, inputs, edits=edits, capture=capture)

  subject = neuron_path.channels(run, tuple(sizes))
  probe, inputs = subject.probe(jnp.ones((2, 3, 1)), 0), jnp.ones((2, 3, 1))
  for neurons in (
      neuron_path.locate(probe, steps=2, count=2).neurons,
      neuron_path.integrated_gradients_path(probe, steps=2, count=2),
      neuron_path.activation_path(probe, 2),
      neuron_path.influence_pattern_path(
          lambda x: subject.probe(x, 0), inputs, steps=2, count=2
      ),
  ):
    np.testing.assert_array_equal(jnp.sort(neurons[0]), [0, 1])


def test_histograms_and_overlap():
  paths = jnp.array([[[0], [2]], [[1], [2]]])
  np.testing.assert_array_equal(
      neuron_path.histogram(paths, 3), [[1, 1, 0], [0, 0, 2]]
  )
  np.testing.assert_allclose(neuron_path.overlap(*paths), 1 / 3)
  np.testing.assert_allclose(neuron_path.overlap(paths[0], paths[0]), 1)


def test_overlap_within_and_between_classes_is_of_pairs():
  paths = jnp.array([[[0], [2]], [[1], [2]], [[0], [2]], [[3], [1]]])
  labels = jnp.array([0, 0, 0, 1])
  within, between = neuron_path.class_overlap(paths, labels)
  np.testing.assert_allclose(within, (1 / 3 + 1 + 1 / 3) / 3)
  np.testing.assert_allclose(between, 0)
  within, between = neuron_path.class_overlap(paths[:2], jnp.array([0, 1]))
  assert jnp.isnan(within)
  np.testing.assert_allclose(between, 1 / 3)


def test_comparison_equals_the_methods_one_by_one(recorded):
  stored, run = recorded
  x, label = stored['x'][0], stored['labels'][0]
  subject = neuron_path.token_neurons(run)
  found = jax.jit(
      lambda: neuron_path.compare(
          subject, x, label, jax.random.key(0), counts=(1, 3), num_random=2
      )
  )()
  probe = subject.probe(x, label)
  np.testing.assert_array_equal(found.neurons, stored['path'][0])
  np.testing.assert_allclose(found.score[0], stored['jas'][0], atol=1e-8)
  edited = stored['prob_clean_remove_enhance_prune'][0]
  values = found.probability, found.removed[0, 0], found.enhanced[0]
  np.testing.assert_allclose(values, edited[:3], rtol=0, atol=1e-8)
  at = neuron_path.METHODS.index('activation')
  active = neuron_path.activation_path(probe, 3)
  score = neuron_path.joint_attribution_score
  np.testing.assert_allclose(found.score[at], score(probe, active[:, :1]))
  np.testing.assert_allclose(
      found.completeness[at],
      score(probe, active[:, :1], form='completeness'),
  )

  def after(neurons, operation):
    edit = neuron_path.edit_path(neurons, (3, 1, 20), operation)
    logits = subject.edited(x, edit.scale[:, 0])
    return jax.nn.softmax(logits)[label], logits.argmax() == label

  wanted = [after(active[:, :count], 'remove') for count in (1, 3)]
  np.testing.assert_allclose(found.removed[at], [p for p, _ in wanted])
  np.testing.assert_array_equal(found.removed_right[at], wanted[0][1])
  np.testing.assert_allclose(found.kept[at], after(active, 'prune')[0])
  # Of the search every number of neurons has a path of its own.
  three = neuron_path.locate(probe, count=3).neurons
  np.testing.assert_allclose(found.removed[0, 1], after(three, 'remove')[0])


def test_exact_search_scores_above_the_path_that_was_found(recorded):
  stored, run = recorded
  probe = neuron_path.probe(run, stored['x'][0], stored['labels'][0])
  fast, exact = jax.jit(lambda: neuron_path.exact_search(probe, steps=4))()
  path = neuron_path.locate(probe, steps=4)
  np.testing.assert_allclose(fast, path.scores, rtol=1e-12)
  for layer in range(3):  # the score of what the search found, with it
    score = neuron_path.joint_attribution_score(
        probe, path.neurons[: layer + 1], steps=4
    )
    at = exact[layer, path.neurons[layer, 0]]
    np.testing.assert_allclose(at, score, rtol=1e-10)


def test_bad_input_is_refused(recorded):
  stored, run = recorded
  x = stored['x'][0]
  with pytest.raises(ValueError, match=r'label.* in \[0, 5\)'):
    neuron_path.probe(run, x, 5)
  with pytest.raises(ValueError, match=r'token must be in \[0, 5\), got 5'):
    neuron_path.probe(run, x, 1, token=5)
  probe, other = neuron_path.probe(run, x, 1), typing.cast(typing.Any, 'sum')
  with pytest.raises(ValueError, match='count must be at most 20, got 21'):
    neuron_path.locate(probe, count=21)
  with pytest.raises(ValueError, match='1 to 3 layers, got 4'):
    neuron_path.joint_attribution_score(probe, jnp.zeros((4, 1), int))
  with pytest.raises(ValueError, match="form must be 'product_of_sums'"):
    neuron_path.locate(probe, form=other)
  with pytest.raises(ValueError, match='key must be given'):
    neuron_path.edit_path(
        jnp.zeros((3, 1), int), (3, 5, 20), 'prune', probability=0.5
    )
  with pytest.raises(ValueError, match="'enhance' or 'prune', got 'sum'"):
    neuron_path.edit_path(jnp.zeros((3, 1), int), (3, 5, 20), other)


def test_what_a_network_does_not_have_is_refused():
  run = lambda x, edits, capture: (
      x[:3],
      {'a': jnp.ones((2, 2, 4)), 'b': jnp.ones((1, 1, 6))},
  )
  channels = neuron_path.channels(run, ('a', 'b'))
  inputs = jnp.ones(5)
  probe = channels.probe(inputs, 2)
  for call, message in (
      (lambda: channels.probe(inputs, 3), r'label must be in \[0, 3\), got 3'),
      (lambda: neuron_path.channels(run, ()), 'names must be one site or more'),
      (lambda: neuron_path.activation_path(probe, 5), 'at most 4, got 5'),
      (
          lambda: neuron_path.integrated_gradients_path(probe, count=5),
          'count must be at most 4, got 5',
      ),
      (
          lambda: neuron_path.influence_pattern_path(
              lambda x: probe, inputs, count=0
          ),
          'count must be at least 1, got 0',
      ),
      (
          lambda: neuron_path.influence_pattern_path(
              lambda x: probe, inputs, steps=0
          ),
          'steps must be at least 1, got 0',
      ),
      (
          lambda: neuron_path.edit_path(
              jnp.zeros((2, 1), int), (2, 3, 4), 'remove', token=-1
          ),
          r'token must be in \[0, 3\), got -1',
      ),
      (
          lambda: neuron_path.class_overlap(
              jnp.zeros((3, 2, 1), int), jnp.zeros(2, int)
          ),
          r'labels must be \[N=3\]',
      ),
      (
          lambda: neuron_path.overlap(jnp.zeros((3, 1)), jnp.zeros((1, 1))),
          r'b must be \[L=3, K=1\]',
      ),
      (
          lambda: neuron_path.histogram(jnp.full((1, 2, 1), 9), 9),
          r'paths must be in \[0, 9\), got 9',
      ),
  ):
    with pytest.raises(ValueError, match=message):
      call()
