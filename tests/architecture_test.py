"""The house's rules: which way imports point."""

import pathlib
import subprocess
import sys

_ROOT = pathlib.Path(__file__).parents[1]
_LINT = 'from importlinter.cli import lint_imports_command as c; c()'


def test_imports_obey_the_contracts_of_setup_cfg():
  result = subprocess.run(
      [sys.executable, '-c', _LINT, '--no-cache'],
      cwd=_ROOT,
      capture_output=True,
      text=True,
  )
  assert result.returncode == 0, result.stdout + result.stderr
  assert 'Contracts: 2 kept, 0 broken.' in result.stdout
