"""Presets and overrides become validated frozen configs."""

import contextlib
import dataclasses
import io
import sys
import types
from unittest import mock

from absl import flags
from absl.testing import absltest
from absl.testing import parameterized

from nmlib.train import options
from nmlib.train import stage


@dataclasses.dataclass(frozen=True)
class _Model:
  width: int = 3


@dataclasses.dataclass(frozen=True)
class _Config:
  steps: int = 10
  model: _Model = _Model()

  def __post_init__(self):
    if self.steps < 1:
      raise ValueError(f'steps must be at least 1, got {self.steps}.')


@dataclasses.dataclass(frozen=True)
class _Looped:
  loop: stage.Loop = stage.Loop(10, steps_per_call=10)


class OverrideTest(parameterized.TestCase):

  def _run(self, main, *words):
    """Returns the exit code and what was said on stderr."""
    said = io.StringIO()
    with (
        mock.patch.object(sys, 'argv', ['program', *words]),
        contextlib.redirect_stderr(said),
        self.assertRaises(SystemExit) as stopped,
    ):
      options.run(main)
    return stopped.exception.code, said.getvalue()

  def test_a_program_exits_with_its_code_or_says_what_was_wrong(self):
    self.assertEqual(self._run(lambda: 3), (3, ''))
    for error in ValueError, FileNotFoundError:
      main = mock.Mock(side_effect=error('no such thing.'))
      self.assertEqual(self._run(main), (2, 'error: no such thing.\n'))
    code, said = self._run(lambda: 0, '--no_such_flag=1')
    self.assertEqual(code, 2)
    self.assertRegex(said, "error: Unknown .*'no_such_flag'.*See --help.")

  def test_shortcuts_have_the_types_of_their_fields(self):
    # A number's flag once gave its field a text, which configs refuse.
    at_first = types.SimpleNamespace(a_unit=0, a_limit=0.5, a_path='')
    shortcuts = dict.fromkeys(vars(at_first), 'Help.')
    options.define_shortcuts({'small': at_first}, shortcuts)
    for name in shortcuts:
      self.addCleanup(delattr, flags.FLAGS, name)
    flags.FLAGS(['program', '--a_unit=675', '--a_limit=1', '--a_path=7'])
    given = {name: flags.FLAGS[name].value for name in shortcuts}
    self.assertEqual(given, {'a_unit': 675, 'a_limit': 1.0, 'a_path': '7'})
    self.assertEqual([*map(type, given.values())], [int, float, str])

  def test_nested_fields_by_dotted_path(self):
    config = options.override(_Config(), {'model.width': 5, 'steps': 2})
    self.assertEqual(config, _Config(2, _Model(5)))

  def test_fields_that_belong_together_change_together(self):
    loop = options.override(
        _Looped(), {'num_steps': 9, 'steps_per_call': 3, 'loop.log_every': 3}
    ).loop
    self.assertEqual((loop.num_steps, loop.steps_per_call), (9, 3))

  def test_validation_runs_again(self):
    with self.assertRaisesRegex(ValueError, 'at least 1, got 0'):
      options.override(_Config(), {'steps': 0})

  @parameterized.parameters('num_steps', 'loop.num_steps')
  def test_a_field_inside_another_is_named_as_its_flag(self, path):
    message = r'^config\.loop\.num_steps=21 is not a multiple'
    with self.assertRaisesRegex(ValueError, message):
      options.override(_Looped(), {path: 21})

  @parameterized.parameters(
      ('step', "did you mean 'steps'"), ('model.x', "fields: .'width'")
  )
  def test_unknown_field_is_named(self, path, message):
    with self.assertRaisesRegex(ValueError, message):
      options.override(_Config(), {path: 1})

  def test_what_only_the_user_has_is_asked_for(self):
    given = mock.Mock(images='x', weights='', labels='')
    options.require(given, 'images')
    with self.assertRaisesRegex(ValueError, '^--weights and --labels must be'):
      options.require(given, 'weights', 'images', 'labels')

  def test_config_survives_json(self):
    config = _Config(7, _Model(9))
    plain = dataclasses.asdict(config)
    self.assertEqual(options.from_plain(_Config(), plain), config)

  def test_help_shows_every_field_of_every_preset(self):
    text = options.describe({'small': _Config(), 'paper': _Config(steps=99)})
    self.assertRegex(text, r'steps +10 \| 99')
    self.assertIn('small | paper', text)


if __name__ == '__main__':
  absltest.main()
