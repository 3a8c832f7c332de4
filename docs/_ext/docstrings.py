"""Shows the docstrings of the house as they are meant.

They are Google style in plain text, so here
- a name between backticks is code, and a link where the site has it;
- stars and bars are themselves, and an indented block is shown as it is typed;
- fields of configs, parameters and states are listed with the comments that
  say their shapes and units, which stand in the source, not in docstrings;
- signatures are shown as they are written, with the names of limits.
"""

import ast
import inspect
import re
import sys
import textwrap
import tokenize
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.domains import python

_SECTION = re.compile(r'(Args|Attributes|Returns|Raises|Yields):$')
_FLAG = re.compile(r'(?<![`\w-])--\w[\w.=/\-]*\w')
_MARKUP = re.compile(r'([*|\\]|(?<=\w)_(?!\w))')


class _Name(python.PyXRefRole):
  """Links dotted names; all else between backticks is code."""

  def run(self):
    """Returns the nodes of a text between backticks."""
    if re.fullmatch(r'[A-Za-z_][\w.]*\w', self.text):
      self.name = 'py:obj'
      return super().run()
    return [nodes.literal(self.rawtext, self.text)], []


def escaped(line: str) -> str:
  """Escapes what reStructuredText would read as markup, outside backticks."""
  line = re.sub(r'(?<=\w)`s\b', r'`\\ s', line)  # a plural of code
  line = _FLAG.sub(r'``\g<0>``', line)
  parts = re.split(r'(`+[^`]*`+(?:\\ )?)', line)
  parts[::2] = [_MARKUP.sub(r'\\\1', part) for part in parts[::2]]
  return ''.join(parts)


def as_typed(lines: list[str]) -> list[str]:
  """Turns a docstring's lines into reStructuredText.

  Blocks that are indented after an empty line, though no section begins there,
  are literal; so are examples. Directives (`.. math::`) stay as they are.
  """
  shown: list[str] = []
  paragraph = 0  # the indent of the last line that is text
  block = section = None  # the indent of the line above them
  for i, line in enumerate(lines):
    text, indent = line.strip(), len(line) - len(line.lstrip())
    if not text:
      shown.append('')
      continue
    if block is not None and indent <= block:
      block = None
    if section is not None and indent <= section:
      section = None
    if block is None:
      after_gap = i > 0 and not lines[i - 1].strip()
      if text.startswith(('.. ', '>>> ')):
        block = indent if text.startswith('.. ') else indent - 1
      elif after_gap and indent > paragraph and section is None:
        shown += [' ' * paragraph + '::', '']
        block = paragraph
      elif _SECTION.match(text):
        section, paragraph = indent, indent
      else:
        paragraph = indent
    shown.append(line if block is not None else escaped(line))
  return shown


def fields(cls: type) -> list[tuple[str, str, str]]:
  """Returns name, annotation with default, and comment of each field."""
  source = textwrap.dedent(inspect.getsource(cls))
  comments = {}
  reader = iter(source.splitlines(keepends=True)).__next__
  for token in tokenize.generate_tokens(reader):
    if token.type == tokenize.COMMENT:
      alone = not token.line[: token.start[1]].strip()
      comments[token.start[0]] = (alone, token.string.lstrip('# '))
  found = []
  for node in ast.parse(source).body[0].body:
    if not isinstance(node, ast.AnnAssign) or node.target.id.startswith('_'):
      continue
    above, row = [], node.lineno - 1
    while comments.get(row, (False,))[0]:
      above.insert(0, comments[row][1])
      row -= 1
    rows = range(node.lineno, node.end_lineno + 1)
    beside = [comments[r][1] for r in rows if r in comments]
    text = ast.unparse(node.annotation)
    if node.value is not None:
      text += f' = {ast.unparse(node.value)}'
    found.append((node.target.id, text, ' '.join(above + beside)))
  return found


def _is_record(value: Any) -> bool:
  return inspect.isclass(value) and (
      hasattr(value, '__dataclass_fields__') or hasattr(value, '_fields')
  )


def _on_docstring(app, what, name, obj, options, lines: list[str]) -> None:
  del app, what, options
  if lines and lines[0].startswith(f'{name.rpartition(".")[2]}('):
    del lines[:]  # made by Python, not written
  lines[:] = as_typed(lines)
  if not _is_record(obj) or 'Attributes:' in lines:
    return
  try:
    found = fields(obj)
  except (OSError, TypeError):
    return
  listed = [
      f'- ``{field}: {text}``' + f' – {escaped(comment)}' * bool(comment)
      for field, text, comment in found
  ]
  at = next((i for i, s in enumerate(lines) if s == 'Raises:'), len(lines))
  lines[at:at] = ['', *listed, '']


def _on_signature(app, what, name, obj, options, signature, returns):
  del app, name, options, signature, returns
  if what == 'class' and _is_record(obj):
    return '', None
  try:
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(obj))))
  except (OSError, SyntaxError, TypeError):
    return None
  node = tree.body[0]
  if not isinstance(node, ast.FunctionDef):
    return None
  arguments = node.args
  if what == 'method' and arguments.args[:1]:
    if arguments.args[0].arg in ('self', 'cls'):
      del arguments.args[0]
  result = ast.unparse(node.returns) if node.returns else None
  return f'({ast.unparse(arguments)})', result


def _on_doctree(app, doctree) -> None:
  """Gives names in signatures their full names, which differ by module."""
  del app
  for node in list(doctree.findall(addnodes.pending_xref)):
    if node.get('refdomain') != 'py' or node['reftype'] != 'class':
      continue
    value = sys.modules.get(node.get('py:module') or '')
    for part in node['reftarget'].split('.'):
      value = getattr(value, part, None)
    if inspect.isclass(value) and value.__module__.startswith('nmlib'):
      node['reftarget'] = f'{value.__module__}.{value.__qualname__}'
    elif not node['reftarget'].startswith('nmlib'):
      node.replace_self(node.children)


def _on_skip(app, what, name, obj, skip, options):
  del app, what, name, options
  if 'Alias for field number' in (getattr(obj, '__doc__', None) or ''):
    return True
  return skip


def setup(app) -> dict[str, bool]:
  """Connects to Sphinx."""
  app.add_role('name', _Name())
  app.connect('autodoc-process-docstring', _on_docstring, priority=100)
  app.connect('autodoc-process-signature', _on_signature)
  app.connect('autodoc-skip-member', _on_skip)
  app.connect('doctree-read', _on_doctree)
  return {'parallel_read_safe': True}
