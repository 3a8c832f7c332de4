"""Circuits of heads: networks of known heads, and parts done one by one."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import patching
from nmlib.analysis.interpretability import head_circuits
from nmlib.analysis.interpretability import task_circuits
from nmlib.data.tasks import circuit_tasks
from nmlib.networks import transformer
from nmlib.neurons import sites

_SIGNS = np.array([[1.0, -1.0], [0.5, -0.25]])  # of heads [L, H]


class _Said(NamedTuple):
  logits: jax.Array


def _voting(tokens, site):
  """Heads that read all tokens alike, and add or take what they read."""
  size = len(tokens)
  logits = jnp.zeros((size, 6))
  for signs in _SIGNS:
    pattern = site.tap('pattern', jnp.full((2, size, size), 1 / size))
    z = site.tap('z', jnp.einsum('hqk,kv->qhv', pattern, jnp.eye(6)[tokens]))
    logits += jnp.einsum('h,qhv->qv', signs, z)
  return _Said(logits)


def _votes(rights: int, wrongs: int) -> circuit_tasks.Prompt:
  """Returns two prompts, each with so many right and wrong tokens."""
  row = [0] * rights + [1] * wrongs + [5]
  tokens = jnp.array([row, row])
  return circuit_tasks.Prompt(
      tokens, tokens, jnp.array([[0, 1]] * 2), tokens == 1
  )


def test_heads_that_read_wrong_candidates_alone():
  run, prompts = sites.runner(_voting), _votes(2, 1)
  none = np.zeros((2, 2), bool)
  difference, right = head_circuits.attend_wrong(run, prompts, none)
  np.testing.assert_allclose(difference, 0.25 * _SIGNS.sum())
  assert right == 1
  heads = np.array([[True, False], [False, False]])
  difference, right = head_circuits.attend_wrong(run, prompts, heads)
  np.testing.assert_allclose(difference, -1.0 + 0.25 * (_SIGNS.sum() - 1))
  assert right == 0


def test_suppressors_are_the_heads_that_take_away():
  run, prompts = sites.runner(_voting), _votes(1, 1)
  heads, gains = head_circuits.suppressors(run, prompts, 3)
  np.testing.assert_allclose(gains, -_SIGNS, atol=1e-6)
  np.testing.assert_array_equal(heads, _SIGNS < 0)
  one, _ = head_circuits.suppressors(run, prompts, 1)
  np.testing.assert_array_equal(one, [[False, True], [False, False]])


def test_repair_by_them_and_by_random_heads():
  run, prompts = sites.runner(_voting), _votes(1, 2)
  found = head_circuits.repair(jax.random.key(0), run, prompts, _SIGNS < 0, 30)
  # In the sum heads add 0.25 of what they read: the wrong one wins.
  assert (found['before'], found['repaired']) == (0, 1)
  drawn = head_circuits.random_sets(jax.random.key(0), 30, (2, 2), 2)
  base = _SIGNS * -1 / 4  # logit difference that each head brings
  expected = np.where(drawn, -_SIGNS, base).sum((1, 2)) > 0
  np.testing.assert_array_equal(found['random_sets'], expected)
  assert 0 < expected.mean() < 1


def test_random_sets_are_as_large_as_asked():
  drawn = np.asarray(
      head_circuits.random_sets(jax.random.key(0), 200, (4, 3), 5)
  )
  assert drawn.shape == (200, 4, 3)
  np.testing.assert_array_equal(drawn.sum((1, 2)), 5)
  # Each head is in 5 of 12 sets, to five deviations.
  chance = 5 / 12
  spread = (chance * (1 - chance) / 200) ** 0.5
  np.testing.assert_allclose(drawn.mean(0), chance, atol=5 * spread)


@pytest.fixture(name='asked', scope='module')
def _asked() -> Any:
  tasks = circuit_tasks.Config(4, 3, 3, 3)
  model = transformer.Config(
      tasks.vocab_size, 2, 8, 2, max_length=circuit_tasks.LENGTH,
      output='separate',
  )  # fmt: skip
  params = transformer.scaled(transformer.init(jax.random.key(0), model), 10.0)
  prompts = circuit_tasks.prompts(jax.random.key(1), 4, tasks)
  return params, model, prompts['coloured objects']


def test_a_study_is_what_its_parts_are(asked):
  params, model, prompts = asked
  judge = jax.tree.map(lambda leaf: leaf[::-1], prompts)
  search = head_circuits.Search(1, 2, 2, 2, 4)
  run = transformer.answering(params, model)
  found = jax.jit(
      lambda key: head_circuits.study(key, run, prompts, judge, search)
  )(jax.random.key(2))
  assert {name: array.shape for name, array in found.items()} == {
      'effects': (3, 2, 2), 'circuits': (2, 2, 2), 'roles': (2, 6, 2),
      'kept': (), 'left': (), 'random': (2,), 'stability': (),
      'grid': (2, 10), 'accuracy': (),
  }  # fmt: skip
  for k, (circuit, roles) in enumerate(
      zip(found['circuits'], found['roles'], strict=True), 1
  ):
    roles = roles.reshape(3, 2, 2)
    expected = [patching.top_heads(e, top_k=k) for e in found['effects']]
    np.testing.assert_array_equal(roles, expected)
    np.testing.assert_array_equal(circuit, roles.any(0))
  own = found['circuits'][:1]
  options: Any = dict(others=prompts.tokens)
  arguments = task_circuits.difference, judge.answers
  for name, measure in (
      ('kept', patching.faithfulness), ('left', patching.completeness),
  ):  # fmt: skip
    (share,) = measure(run, judge.tokens, own, *arguments, **options)
    np.testing.assert_allclose(found[name], share, rtol=1e-4)
  # Twins differ in the last token alone: it restores all before any layer.
  np.testing.assert_allclose(found['grid'][0, :-1], 0, atol=1e-5)
  np.testing.assert_allclose(found['grid'][0, -1], 1, rtol=1e-5)


def test_layers_are_read_and_heads_put_out(asked):
  params, model, prompts = asked
  run = transformer.answering(params, model)
  read = lambda rows: transformer.read_out(params, rows, model)
  found = jax.jit(lambda: head_circuits.look(run, prompts, read))()
  np.testing.assert_allclose(
      found['lens'][-1], found['difference'].mean(), rtol=1e-4
  )
  both = jnp.concatenate([prompts.tokens, prompts.corrupt])
  mean = jax.vmap(lambda t: run(t, {}, ('z',))[1]['z'])(both).mean(0)
  mask = np.zeros((2, 1, 2, 1), bool)
  mask[1, 0, 0] = True
  edit = {'z': sites.Edit(mask=jnp.array(mask), value=mean)}
  one = lambda t, a: task_circuits.difference(run(t, edit, ())[0], a)
  expected = jax.vmap(one)(prompts.tokens, prompts.answers).mean()
  np.testing.assert_allclose(found['ablated'][1, 0], expected, rtol=1e-4)


def test_bad_input_is_refused():
  run, prompts = sites.runner(_voting), _votes(1, 1)
  none = prompts._replace(wrong=jnp.zeros_like(prompts.wrong))
  with pytest.raises(ValueError, match='number of wrong candidates must be'):
    head_circuits.attend_wrong(run, none, np.ones((2, 2), bool))
  with pytest.raises(ValueError, match=r'size must be in \[0, 4\], got 5'):
    head_circuits.random_sets(jax.random.key(0), 2, (2, 2), 5)


def test_more_receivers_than_the_largest_circuit_are_refused():
  with pytest.raises(ValueError, match=r'top_k must be in \[1, 6\], got'):
    head_circuits.Search(top_k=7)
  with pytest.raises(ValueError, match='Search.resamples must be'):
    head_circuits.Search(resamples=1)
