"""Shell completion of launchers: their names, flags and presets."""

from collections.abc import Sequence

from absl import flags

from nmlib.train import app
from nmlib.train import experiment
from nmlib.train import options

_ZSH = 'autoload -U +X bashcompinit && bashcompinit\n'
# bash cuts --preset=x at the sign, zsh does not. What is not ours, and what
# flags are given, is completed by file names.
_SCRIPT = """\
_nmlib_launch() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} last=${{COMP_WORDS[COMP_CWORD-1]}}
  local module=${{COMP_WORDS[2]}} name=${{COMP_WORDS[3]}}
  local flag= lead= words= presets=
  [[ ${{COMP_WORDS[1]}} == -m && $module == launch* ]] || return
  [[ $module == launch.* ]] && name=${{module#launch.}}
  case $name in
{cases}
  esac
  if [[ $word == = ]]; then flag=$last word=
  elif [[ $last == = ]]; then flag=${{COMP_WORDS[COMP_CWORD-2]}}
  elif [[ $word == --*=* ]]; then
    flag=${{word%%=*}} word=${{word#*=}} lead=$flag=
  fi
  if [[ $flag == --preset ]]; then words=$presets
  elif [[ -n $flag ]]; then return
  elif ((COMP_CWORD == 2)); then words="{modules}"
  elif ((COMP_CWORD == 3)) && [[ $module == launch ]]; then words="{names}"
  fi
  COMPREPLY=($(compgen -P "$lead" -W "$words" -- "$word"))
  [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace 2>/dev/null
}}
complete -o default -F _nmlib_launch python python3
"""


def script(names: Sequence[str], others: Sequence[str], shell: str) -> str:
  """Returns what a shell is to read.

  Args:
    names: of the launchers, that follow `launch.`.
    others: of programs, that do so too, whose flags are not completed.
    shell: 'bash' or 'zsh'.
  """
  cases = []
  for name in names:
    launcher = experiment.load(f'launch.{name}')
    words, presets = ' '.join(_flags(launcher)), ' '.join(launcher.presets)
    cases.append(f'    {name}) words="{words}" presets="{presets}" ;;')
  every = [*names, *others]
  text = _SCRIPT.format(
      cases='\n'.join(cases),
      names=' '.join(every),
      modules=' '.join(['launch', *(f'launch.{name}' for name in every)]),
  )
  return _ZSH * (shell == 'zsh') + text


def _flags(launcher: experiment.Launcher) -> list[str]:
  """Returns the flags of a launcher and the fields of its config."""
  before = {*flags.FLAGS}
  app.define_flags(launcher)
  defined = {*flags.FLAGS} - before
  fields = options.fields(launcher.presets['small'])
  found = [f'--config.{field}=' for field in fields]
  for name in defined:
    found.append(f'--{name}' + '=' * (not flags.FLAGS[name].boolean))
    delattr(flags.FLAGS, name)
  return sorted(found)
