"""Running a network with edits and captures."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from nmlib.neurons.sites import edits as edits_lib
from nmlib.neurons.sites import loops
from nmlib.neurons.sites import recorder

# (inputs, edits, capture) -> (outputs, captured values).
Run = Callable[
    [Any, edits_lib.Edits, Sequence[str]], tuple[Any, dict[str, Any]]
]


def run(
    network: Callable[..., Any],
    *arguments: Any,
    edits: edits_lib.Edits | None = None,
    capture: Sequence[str] = (),
) -> tuple[Any, dict[str, Any]]:
  """Runs a network with edits, and captures values.

  Args:
    network: takes a keyword `site`.
    arguments: of the network.
    edits: by 'site', or by 'site/use' for one use.
    capture: by 'site' or 'site/use'; what an edit tells by 'site/extra' or
      'site/use/extra'.

  Returns:
    What the network returns, and captured values by name: shaped as the site,
    uses in front where there are several or the site is in a `Sites.scan`.

  Raises:
    TypeError: if capture is one string, or an edit is none.
    ValueError: if the network has no such site, or an edit does not fit it.
  """
  if isinstance(capture, str):
    raise TypeError(f'capture must be a tuple of names, got {capture!r}.')
  if not edits and not capture:
    return network(*arguments, site=recorder.PLAIN), {}
  known = recorder.find(network, *arguments)
  _check(edits or {}, capture, known)
  site = recorder.Sites(edits, tuple(capture), known)
  outputs = network(*arguments, site=site)
  seen = site.captured()
  for key in capture:
    if key not in seen:
      raise _unknown(key, [*known, *site.seen])
  return outputs, seen


def runner(network: Callable[..., Any]) -> Run:
  """Returns `run(inputs, edits, capture)` of a network of one argument.

  It is what `nmlib.analysis` takes: patching, attribution, neuron paths.
  """
  return lambda inputs, edits, capture: run(
      network, inputs, edits=edits, capture=capture
  )


def viewer(
    network: Callable[..., Any], capture: Sequence[str]
) -> Callable[[Any], dict[str, Any]]:
  """Returns what a network of one argument has at some sites, by name."""
  return lambda inputs: run(network, inputs, capture=capture)[1]


def _check(
    edits: edits_lib.Edits,
    capture: Sequence[str],
    known: dict[str, recorder.Site],
):
  """Refuses names that the network does not have and edits that do not fit."""
  changed = set()
  for key, edit in edits.items():
    at = _placed(key, known)
    if at.extra:
      raise _unknown(key, known)
    site = known[at.site]
    if not site.editable:
      raise ValueError(f'site {key!r} can be captured, but not edited.')
    uses = site.uses if at.use is None else None
    edits_lib.check(key, edit, site.shape, uses)
    changed.add(at.site)
  for key in capture:
    at = _placed(key, known)
    if at.extra and at.site not in changed:
      raise _unknown(key, known)  # only an edit has extras


def _placed(key: str, known: dict[str, recorder.Site]) -> loops.Place:
  at = loops.place(key, known)
  if not at.site:
    raise _unknown(key, known)
  uses = known[at.site].uses or 1
  if at.use is not None and at.use >= uses:
    raise ValueError(
        f'site {at.site!r} is used {uses} times, numbered from 0; got {key!r}.'
    )
  return at


def _unknown(key: str, known: Iterable[str]) -> ValueError:
  return ValueError(
      f'the network has no site {key!r}; it has {", ".join(known) or "none"}.'
  )
