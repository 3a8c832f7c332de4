"""Lists the experiments of this repository, and runs one by its name.

  python -m launch                    # the list
  python -m launch NAME [flags]       # the same as python -m launch.NAME
  python -m launch NAME --help        # presets and every field
  source <(python -m launch --completion=bash)  # zsh: --completion=zsh

Completion is of names, flags and presets, as they are when it is printed.
"""

import importlib
import pathlib
import runpy
import sys

import launch

_REFUSED = 2
_REPORTS = pathlib.Path(__file__).parents[1] / 'docs' / 'reports'


def main(arguments: list[str]) -> int:
  """Lists, completes, or runs what the first argument names."""
  first, *rest = arguments or ['']
  try:
    match first.partition('='):
      case '', _, _:
        print(_listing())
        return 0
      case '--completion', _, 'bash' | 'zsh' as shell if not rest:
        print(_completion(shell), end='')
        return 0
      case '--completion', _, shell:
        return _refuse(
            f'--completion={shell} is no shell; give --completion=bash or'
            ' --completion=zsh, and nothing after it.'
        )
      case '-h' | '-help' | '--help' | '--helpfull', _, _:
        print(__doc__)
        return 0
  except ImportError as e:  # what only experiments need
    return _refuse(f'{e}.')
  if first.startswith('-'):
    return _refuse(f'{first} is no flag of python -m launch; see --help.')
  names = [*launch.experiments(), *launch.programs()]
  if first not in names:
    hint = launch.nearest(first, names)
    return _refuse(f'there is no experiment {first!r}; {hint}')
  sys.argv[1:] = rest
  runpy.run_module(f'launch.{first}', run_name='__main__', alter_sys=True)
  return 0


def _refuse(sentence: str) -> int:
  print(f'error: {sentence}', file=sys.stderr)
  return _REFUSED


# What follows imports late: the rest of this module must answer at once.


def _listing() -> str:
  """Returns a block of lines for each experiment, then each other program."""
  from nmlib import train

  blocks = []
  for name in launch.experiments():
    paper = importlib.import_module(f'launch.{name}.config').PAPER
    command = f'python -m launch {name}'
    blocks.append(train.catalogue.block(command, paper, _REPORTS / name))
  for name, what in launch.programs().items():
    blocks.append(f'python -m launch {name}\n  {what}')
  blocks.append('Each has --help; experiments take --preset=NAME.')
  return '\n\n'.join(blocks)


def _completion(shell: str) -> str:
  from nmlib import train

  names, others = launch.experiments(), [*launch.programs()]
  return train.completion.script(names, others, shell)


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
