"""Modules of a package by name, imported when they are first asked for."""

from collections.abc import Callable
import importlib
import importlib.abc
import importlib.machinery
import pathlib
import sys
from typing import Any


def modules(package: str, path: str, families: bool = True) -> dict[str, str]:
  """Returns the modules that a package shows: name and full name.

  Those of the package itself, and of its families (packages inside that hold
  modules and nothing else) those whose name no other family uses.

  Args:
    package: full name.
    path: its folder.
    families: whether to show what the packages inside hold.
  """
  found: dict[str, str] = {}
  shared = set()
  root = pathlib.Path(path)
  for file in sorted(root.glob('*/*.py') if families else ()):
    name, family = file.stem, file.parent.name
    if name == '__init__' or not _is_family(file.parent):
      continue
    shared |= {name} & found.keys()
    found[name] = f'{package}.{family}.{name}'
  for name in shared:
    del found[name]
  for file in root.iterdir():
    if file.suffix == '.py' and not file.stem.startswith('_'):
      found[file.stem] = f'{package}.{file.stem}'
    elif (file / '__init__.py').exists():
      found[file.name] = f'{package}.{file.name}'
  return found


def attach(
    package: str, path: str, families: bool = True, extra: str = 'launch'
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
  """Returns `__getattr__` and `__dir__` of a package that shows its modules.

  `from nmlib.neurons import lif` then imports `nmlib.neurons.spiking.lif` and
  nothing beside it. So does `import nmlib.neurons.lif`, of which type checkers
  know nothing.

  Args:
    package: the package's `__name__`.
    path: its folder.
    families: as of `modules`.
    extra: what to install for what a module lacks.
  """

  def getattr_(name: str) -> Any:
    known = {} if name.startswith('_') else modules(package, path, families)
    if name not in known:
      raise AttributeError(f'module {package!r} has no attribute {name!r}')
    try:
      return importlib.import_module(known[name])
    except ModuleNotFoundError as error:
      if not error.name or error.name.startswith('nmlib'):
        raise
      raise ImportError(
          f"{known[name]} needs {error.name}: pip install 'nmlib[{extra}]'"
      ) from error

  if families:
    sys.meta_path.append(_Finder(package, path))
  return getattr_, lambda: sorted(modules(package, path, families))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
  """Finds the modules of families by their short names: the same modules."""

  def __init__(self, package: str, path: str):
    self._package = package
    self._path = path

  def find_spec(self, fullname, path, target=None):
    del path, target
    package, _, name = fullname.rpartition('.')
    if package != self._package or name not in modules(package, self._path):
      return None
    return importlib.machinery.ModuleSpec(fullname, self)

  def exec_module(self, module):
    name = module.__name__
    found = getattr(sys.modules[self._package], name.rpartition('.')[2])
    sys.modules[name] = found  # which importing then returns


def _is_family(folder: pathlib.Path) -> bool:
  init = folder / '__init__.py'
  return init.exists() and '_lazy.attach' in init.read_text()
