"""The hippocampal memory against the rasters that its authors published."""

import dataclasses
import functools
import pathlib
from typing import Any
from typing import NamedTuple

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import memory_operations
from nmlib.networks import content_addressable_memory as memory
from nmlib.plasticity.stdp import pair

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures/snn_peers_cam.npz'
_EXPERIMENTS = (
    (memory_operations.functional, memory.Config(5, 10), 'exp1'),
    (memory_operations.stress, memory.Config(5, 10), 'exp2'),
    (memory_operations.state_map, memory.Config(16, 6), 'exp3'),
)


@functools.partial(jax.jit, static_argnums=2)
def _unroll(params, inputs, config):
  return memory.unroll(params, memory.initial_state(config), inputs, config)


def _run(asked, config, edit=lambda params: params):
  """Returns inputs, last state and rasters of an experiment."""
  operations, length = asked()
  inputs = memory.operations(*operations, config=config, length=length)
  params = edit(memory.init(jax.random.key(0), config))
  state, raster = _unroll(params, inputs, config)
  return inputs, state, raster


class _Simpler(NamedTuple):
  """The specification's count of wrong spikes in experiments 1, 2 and 3."""

  wrong: tuple[int, int, int]
  stdp: dict[str, Any] = {}  # changes of the rule
  cells: dict[str, Any] = {}  # of cells' parameters, by a function
  fields: dict[str, Any] = {}  # of the memory's config

  def config(self, config: memory.Config) -> memory.Config:
    """Returns the config of the simpler memory."""
    rule = dataclasses.replace(config.rule, **self.stdp)
    return dataclasses.replace(config, stdp=rule, **self.fields)

  def params(self, params: memory.Params) -> memory.Params:
    """Returns the parameters of the simpler memory."""
    new = {
        name: change(getattr(params.cells, name))
        for name, change in self.cells.items()
    }
    return params._replace(cells=params.cells._replace(**new))


_SIMPLER = {
    # 1 - dt / tau in place of exp(-dt / tau).
    'forward Euler for the membrane': _Simpler(
        (610, 6083, 2331),
        cells={'membrane_decay': lambda decay: 1 + jnp.log(decay)},
    ),
    'a weight enters whole': _Simpler(
        (186, 1866, 216),
        cells={
            'excitatory_gain': jnp.ones_like, 'inhibitory_gain': jnp.ones_like,
        },
    ),
    'no refractory period': _Simpler(
        (115, 910, 181), fields={'tau_refrac': 0.0}
    ),
    'STDP without the dendritic delay': _Simpler((51, 607, 48), {'delay': 0}),
    'amplitudes times w_max': _Simpler(
        (25, 189, 27), {'a_plus': 36.0, 'a_minus': 36.0}
    ),
    'a coincidence does not depress': _Simpler(
        (22, 580, 0), {'zero_lag': 'skip'}
    ),
    'a weight is clipped when read': _Simpler((3, 30, 0), {'bounds': 'read'}),
    'nearest spikes pair alone': _Simpler((0, 0, 3), {'pairing': 'nearest'}),
    'a current ends with its step': _Simpler(
        (0, 0, 0),
        cells={
            'excitatory_decay': jnp.zeros_like,
            'inhibitory_decay': jnp.zeros_like,
        },
    ),
}  # fmt: skip


class ContentAddressableMemoryTest(parameterized.TestCase):

  @parameterized.parameters(*_EXPERIMENTS)
  def test_every_spike_is_that_of_the_authors(self, asked, config, name):
    inputs, state, raster = _run(asked, config)
    total = sum(int(spikes.sum()) for spikes in raster.values())
    self.assertEqual(total, {'exp1': 262, 'exp2': 1567, 'exp3': 402}[name])
    if name == 'exp2':  # of which only the rule is known
      return
    with np.load(_FIXTURE) as arrays:
      of = lambda key: arrays[f'{name}/{key}']
      np.testing.assert_array_equal(inputs[0], of('InCue'))
      np.testing.assert_array_equal(inputs[1], of('InCont'))
      self.assertEqual(set(raster), set(memory.POPULATIONS))
      for population, spikes in raster.items():
        np.testing.assert_array_equal(spikes, of(population), population)
      np.testing.assert_allclose(
          state.cue_to_content.stored, of('final_w_cue_to_cont'), atol=1e-4
      )
      np.testing.assert_allclose(
          state.content_to_cue.stored, of('final_w_cont_to_cue'), atol=1e-4
      )

  @parameterized.parameters(*_EXPERIMENTS)
  def test_recalls_answer_what_was_learnt_last(self, asked, config, _):
    operations, _ = asked()
    raster = _run(asked, config)[2]
    cues, contents = memory.decode(raster, operations.start, config)
    want_cues, want_contents = memory_operations.answers(operations)
    recalls = ~operations.learn
    np.testing.assert_array_equal(cues[recalls], want_cues[recalls])
    np.testing.assert_array_equal(contents[recalls], want_contents[recalls])

  @parameterized.product(title=sorted(_SIMPLER), which=(0, 1, 2))
  def test_a_simpler_model_has_as_many_wrong_spikes(self, title, which):
    model, (asked, config, _) = _SIMPLER[title], _EXPERIMENTS[which]
    operations, length = asked()
    asked = lambda: (operations, 851)  # one program for two of them
    right = _run(asked, config)[2]
    wrong = _run(asked, model.config(config), model.params)[2]
    count = sum(int((wrong[k] != right[k])[:length].sum()) for k in right)
    self.assertEqual(count, model.wrong[which])

  def test_a_finer_step_breaks_the_memory(self):
    operations, length = memory_operations.functional()
    config = memory.Config(dt=0.1)
    inputs = memory.operations(*operations, config=config, length=length)
    raster = _unroll(memory.init(jax.random.key(0), config), inputs, config)[1]
    self.assertEqual(inputs[0].sum(), 4 * 3 + 2)
    self.assertEqual(raster['OutCue'].shape, (900, 5))
    cues, contents = memory.decode(raster, operations.start, config)
    want_cues, want_contents = memory_operations.answers(operations)
    recalls = ~operations.learn
    right = (cues == want_cues).all(1) & (contents == want_contents).all(1)
    # A cue of two is lost, and what was learnt anew is not forgotten.
    np.testing.assert_array_equal(right[recalls], [1, 1, 0, 0, 1])
    np.testing.assert_array_equal(cues[5], [0, 0, 0, 1, 0])
    self.assertTrue(contents[7, [5, 6]].all())

  def test_random_memories_are_recalled_and_forgotten(self):
    config = memory.Config(6, 12)
    spacing = 14
    operations = memory_operations.random(
        jax.random.key(3), 6, 12, 2, spacing, orthogonal=True, blocks=2
    )
    length = spacing * (len(operations.start) + 1)
    _, raster = _run(lambda: (operations, length), config)[1:]
    cues, contents = memory.decode(raster, operations.start, config)
    want_cues, want_contents = memory_operations.answers(operations)
    recalls = ~np.asarray(operations.learn)
    np.testing.assert_array_equal(cues[recalls], want_cues[recalls])
    np.testing.assert_array_equal(contents[recalls], want_contents[recalls])

  def test_resumes_to_the_bit(self):
    config = memory.Config()
    operations, length = memory_operations.functional()
    inputs = memory.operations(*operations, config=config, length=length)
    params = memory.init(jax.random.key(0), config)
    whole, raster = _unroll(params, inputs, config)
    half = lambda part: jax.tree.map(lambda a: a[part], inputs)
    state = memory.initial_state(config)
    state, first = memory.unroll(params, state, half(slice(0, 33)), config)
    state, then = memory.unroll(params, state, half(slice(33, None)), config)
    jax.tree.map(np.testing.assert_array_equal, state, whole)
    joined = jax.tree.map(lambda a, b: np.concatenate([a, b]), first, then)
    jax.tree.map(np.testing.assert_array_equal, joined, raster)

  def test_bad_input_is_refused(self):
    config = memory.Config(2, 3)
    ask = lambda learn, cue, content: memory.operations(
        np.array([0]), np.array([learn]), np.array([cue]), np.array([content]),
        config, 9,
    )  # fmt: skip
    for learn, cue in ((True, [1, 1]), (True, [0, 0]), (False, [1, 1])):
      with self.assertRaisesRegex(ValueError, 'cue must be one-hot, got [02]'):
        ask(learn, cue, [1, 0, 0])
    with self.assertRaisesRegex(ValueError, 'content must be spikes, 0 or 1'):
      ask(True, [1, 0], [2, 0, 0])
    with self.assertRaisesRegex(ValueError, 'whole number of steps dt=0.3'):
      memory.Config(dt=0.3)
    with self.assertRaisesRegex(ValueError, 'whole number of steps dt=2.0'):
      memory.Config(dt=2.0)
    with self.assertRaisesRegex(ValueError, r'must have the step dt=0.1 ms'):
      memory.Config(dt=0.1, stdp=pair.Config())
    params = memory.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, 'cue must be spikes, 0 or 1'):
      inputs = np.array([0.5, 0]), np.zeros(3)
      memory.step(params, memory.initial_state(config), inputs, config)


if __name__ == '__main__':
  absltest.main()
