"""The paper that a launcher reproduces, as tables and pages name it."""

from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import Literal

Kind = Literal['embedded', 'generated', 'tfds', 'files']


@dataclasses.dataclass(frozen=True)
class Source:
  """What a preset learns from.

  Attributes:
    what: in a few words, such as '8 x 8 digits'.
    kind: 'embedded': comes with nmlib or Python; 'generated': made by the run;
      'tfds': must have been prepared by TensorFlow Datasets; 'files': must be
      given by `flag`.
    tfds: the data set's name there, for kind 'tfds'.
    flag: by which the user's files replace it, such as '--path'; '' if none.
  """

  what: str
  kind: Kind
  tfds: str = ''
  flag: str = ''

  def __post_init__(self):
    if (self.kind == 'tfds') != bool(self.tfds):
      raise ValueError(
          f'source {self.what!r} of kind {self.kind!r} has tfds={self.tfds!r};'
          " name a data set of TFDS for kind 'tfds' only."
      )
    if self.flag and not self.flag.startswith('--'):
      raise ValueError(
          f'source {self.what!r} has flag={self.flag!r}; write it as on the'
          ' command line, --path.'
      )
    if self.kind == 'files' and not self.flag:
      raise ValueError(
          f"source {self.what!r} is of kind 'files'; say by which flag they are"
          ' given: flag=...'
      )


@dataclasses.dataclass(frozen=True)
class Headline:
  """The number that stands for a paper in a table of one line a paper.

  Attributes:
    says: what the number is, in a few words; several in the order of `keys`.
    claim: how the text of the claim starts, and of no other in the report.
    keys: names in the claim's `ours`, or how each starts.
    paper: the paper's number, or a word on why there is none.
  """

  says: str
  claim: str
  keys: tuple[str, ...]
  paper: str

  def __post_init__(self):
    if not (self.says and self.claim and self.keys and self.paper):
      raise ValueError(f'a headline must fill all its fields, got {self}.')

  def values(self, record: Mapping[str, Any]) -> list[list[float]]:
    """Returns the values, one a seed, of each key in a stored report.

    Raises:
      ValueError: if not exactly one claim, or one name in it, starts so.
    """
    claims = [c for c in record['claims'] if c['text'].startswith(self.claim)]
    ours = _only(claims, f'claim that starts with {self.claim!r}')['ours']
    found = []
    for key in self.keys:
      names = [key] if key in ours else [n for n in ours if n.startswith(key)]
      found.append(ours[_only(names, f'name {key!r} in {self.claim!r}')])
    return found


@dataclasses.dataclass(frozen=True)
class Paper:
  """What a launcher reproduces.

  Attributes:
    title: of the paper.
    authors: as cited, such as 'Kosowski et al.'.
    year: of publication.
    url: where to read it.
    modules: of nmlib, that hold its mechanisms; full names.
    checked: what our functions were compared with, a phrase.
    headline: its number.
    data: what each preset learns from, by the preset's name.
    also: further papers that the launcher draws on, `{words: address}`.
  """

  title: str
  authors: str
  year: int
  url: str
  modules: tuple[str, ...]
  checked: str
  headline: Headline
  data: Mapping[str, tuple[Source, ...]]
  also: Mapping[str, str] = dataclasses.field(default_factory=dict)

  def __post_init__(self):
    for name in ('title', 'authors', 'modules', 'checked', 'data'):
      if not getattr(self, name):
        raise ValueError(f'paper {self.title!r} must say its {name}.')
    if not 1900 <= self.year <= 2100:
      raise ValueError(
          f'paper {self.title!r} must have a year such as 2024, got'
          f' {self.year}.'
      )
    for url in (self.url, *self.also.values()):
      if not url.startswith('https://'):
        raise ValueError(
            f'paper {self.title!r} must have an address that starts with'
            f' https://, got {url!r}.'
        )
    for module in self.modules:
      if not module.startswith('nmlib.'):
        raise ValueError(
            f'paper {self.title!r} must give full names of modules, such as'
            f' nmlib.neurons.bdh, got {module!r}.'
        )
    for preset, sources in self.data.items():
      if not sources:
        raise ValueError(
            f'paper {self.title!r} must say what preset {preset!r} learns from.'
        )


def _only(found: list[Any], what: str) -> Any:
  if len(found) != 1:
    raise ValueError(f'the report must have one {what}, got {len(found)}.')
  return found[0]
