"""`python -m launch`: the list, running by name, completion."""

import importlib
import subprocess

import pytest

import launch
from launch import __main__ as program
from nmlib import train
from tests.train import process


def test_list_has_a_block_for_every_experiment_and_program(capsys):
  assert program.main([]) == 0
  printed = capsys.readouterr().out
  assert max(map(len, printed.splitlines())) <= 80
  blocks = [block.splitlines() for block in printed.split('\n\n')]
  names = [*launch.experiments(), *launch.programs()]
  assert [b[0] for b in blocks[:-1]] == [f'python -m launch {n}' for n in names]
  for name, block in zip(launch.experiments(), blocks, strict=False):
    config = importlib.import_module(f'launch.{name}.config')
    text = ' '.join(' '.join(block).split())
    assert config.PAPER.title in text
    assert config.PAPER.url in text
    assert ' cost of small ' in text
    for preset in config.PRESETS:
      assert f' {preset}' in text


def test_other_programs_say_what_they_do():
  programs = launch.programs()
  assert {'local', 'plan'} <= programs.keys()
  assert not programs.keys() & {*launch.experiments()}
  assert all(what.endswith('.') for what in programs.values())


def test_name_runs_what_the_module_runs():
  started = [
      process.start('-m', *words, '--help')
      for words in (('launch', 'bdh'), ('launch.bdh',))
  ]
  by_name, by_module = map(process.finish, started)
  assert by_name == by_module
  assert '--preset' in by_name[1]


@pytest.mark.parametrize(
    'argument, message',
    [
        ('bhd', "there is no experiment 'bhd'; did you mean 'bdh'?"),
        ('elm.arl', "'elm.arl'; did you mean 'elm.lra' or 'elm'?"),
        ('xyz', "'xyz'; use one of active_dendrites, "),
        ('--nmae', '--nmae is no flag of python -m launch; see --help.'),
        ('--completion=fish', 'fish is no shell; give --completion=bash or'),
        ('--completion', 'give --completion=bash or --completion=zsh'),
    ],
)
def test_what_is_unknown_is_one_sentence(argument, message, capsys):
  assert program.main([argument]) == 2
  printed = capsys.readouterr()
  assert not printed.out
  assert printed.err.count('\n') == 1
  assert printed.err.startswith('error: ') and message in printed.err


def test_help_tells_the_commands(capsys):
  assert program.main(['--help']) == 0
  assert 'python -m launch NAME [flags]' in capsys.readouterr().out


_ASK = """
eval "$1"; shift
COMP_WORDS=(python "$@"); COMP_CWORD=$#
_nmlib_launch
echo "${COMPREPLY[*]}"
"""


_SCRIPT = """
from absl import flags
from nmlib.train import completion
before = {*flags.FLAGS}
text = completion.script(['bdh'], ['plan'], 'bash')
assert {*flags.FLAGS} == before
print(text)
"""


@pytest.fixture(scope='module')
def script() -> str:
  # A process of its own: other tests leave flags of programs behind in this.
  code, out, err = process.run('-c', _SCRIPT)
  assert code == 0, err
  return out


@pytest.mark.parametrize(
    'words, found',
    [
        ('-m launch|b', 'bdh'),
        ('-m launch|', 'bdh plan'),
        ('-m|launch.', 'launch.bdh launch.plan'),
        ('-m launch bdh --preset =|s', 'small smoke'),  # as bash cuts it
        ('-m launch.bdh --preset|=', 'small smoke paper'),
        ('-m launch.bdh|--preset=p', '--preset=paper'),  # as zsh does not
        ('-m launch.bdh|--overw', '--overwrite'),
        ('-m launch bdh|--text', '--text_file='),
        ('-m launch bdh|--config.loop.num', '--config.loop.num_steps='),
        ('-m launch bdh --workdir =|r', ''),  # left to file names
        ('-m launch bdh|--workdir=r', ''),
        ('-m pytest|b', ''),
        ('bdh.py|b', ''),
    ],
)
def test_shell_completes_names_presets_and_flags(script, words, found):
  before, _, word = words.partition('|')
  command = ['bash', '-c', _ASK, 'bash', script, *before.split(), word]
  asked = subprocess.run(command, capture_output=True, text=True, check=True)
  assert asked.stdout.split() == found.split(), asked.stderr


def test_completion_knows_every_flag_but_those_of_jax(script):
  launcher = train.experiment.load('launch.bdh')
  assert f'presets="{" ".join(launcher.presets)}"' in script
  for flag in ('mesh=', 'coordinator=', 'sample=', 'shard_optimizer '):
    assert f' --{flag}' in script
