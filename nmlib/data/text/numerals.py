"""Whole numbers in words, in four languages: translation without a download.

`words(n, 'en')` and its like in Spanish, French and European Portuguese, for
0 to 999,999, by the rules of each grammar: units merge with tens, hundreds
agree, conjunctions and hyphens come and go. Sentences of these languages mean
the same where they say the same number, so that translating can be learnt in
minutes, and checked exactly.
"""

from collections.abc import Callable

import numpy as np

from nmlib.data.text import parallel

LIMIT = 1_000_000  # the first number without words

_ENGLISH = (
    'zero one two three four five six seven eight nine ten eleven twelve'
    ' thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
).split()
_ENGLISH_TENS = (
    'twenty thirty forty fifty sixty seventy eighty ninety'
).split()
_SPANISH = (
    'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece'
    ' catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno'
    ' veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete'
    ' veintiocho veintinueve'
).split()
_SPANISH_TENS = (
    'treinta cuarenta cincuenta sesenta setenta ochenta noventa'
).split()
_SPANISH_HUNDREDS = (
    'ciento doscientos trescientos cuatrocientos quinientos seiscientos'
    ' setecientos ochocientos novecientos'
).split()
_FRENCH = (
    'zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize'
    ' quatorze quinze seize dix-sept dix-huit dix-neuf'
).split()
_FRENCH_TENS = 'vingt trente quarante cinquante soixante'.split()
_PORTUGUESE = (
    'zero um dois três quatro cinco seis sete oito nove dez onze doze treze'
    ' catorze quinze dezasseis dezassete dezoito dezanove'
).split()
_PORTUGUESE_TENS = (
    'vinte trinta quarenta cinquenta sessenta setenta oitenta noventa'
).split()
_PORTUGUESE_HUNDREDS = (
    'cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos'
    ' oitocentos novecentos'
).split()


def words(number: int, language: str) -> str:
  """Returns a whole number in words.

  Args:
    number: in [0, 1,000,000).
    language: 'en', 'es', 'fr' or 'pt'.

  Raises:
    ValueError: if the number has no words here, or the language is unknown.
  """
  if language not in _BELOW:
    raise ValueError(
        f'language must be one of {tuple(_BELOW)}, got {language!r}.'
    )
  if not 0 <= number < LIMIT:
    raise ValueError(f'number must be in [0, {LIMIT}), got {number}.')
  below, thousand = _BELOW[language]
  thousands, rest = divmod(number, 1000)
  if not thousands:
    return below(rest)
  said = [thousand]
  if thousands > 1 or language == 'en':
    said.insert(0, _before_thousand(below(thousands), language))
  if language == 'pt' and rest and (rest < 100 or rest % 100 == 0):
    said.append('e')
  return ' '.join(said + [below(rest)] * bool(rest))


def pairs(
    languages: tuple[str, str], count: int, *, seed: int, digits: int = 3,
    part: str = 'train', held_out: float = 0.1,
) -> parallel.Parallel:  # fmt: skip
  """Returns numbers drawn at random, each in two languages.

  Numbers are uniform over those of a part; no number is in both parts, and
  the parting depends on `digits` and `held_out` alone, so that no language
  tells another what was held out.

  Args:
    languages: such as ('en', 'es').
    count: of sentences.
    seed: of the draw.
    digits: of the largest number, 1 to 6.
    part: 'train' or 'test'.
    held_out: share of all numbers that are for the test.

  Raises:
    ValueError: if a part is unknown or empty, or an argument out of range.
  """
  if not 1 <= digits <= 6:
    raise ValueError(f'digits must be 1 to 6, got {digits}.')
  if not 0 < held_out < 1 or count < 1 or seed < 0:
    raise ValueError(
        'held_out must be in (0, 1), count at least 1 and seed at least 0, got'
        f' {held_out}, {count} and {seed}.'
    )
  if part not in ('train', 'test'):
    raise ValueError(f"part must be 'train' or 'test', got {part!r}.")
  size = 10**digits
  order = np.random.Generator(np.random.Philox(key=0)).permutation(size)
  cut = round(size * held_out)
  numbers = np.sort(order[:cut] if part == 'test' else order[cut:])
  if not numbers.size:
    raise ValueError(
        f'held_out={held_out} leaves no number of {digits} digits for the'
        f' {part} part.'
    )
  random = np.random.Generator(np.random.Philox(key=seed))
  drawn = numbers[random.integers(0, len(numbers), count)]
  return parallel.Parallel(
      languages,
      tuple(
          tuple(words(int(n), language).encode() for language in languages)
          for n in drawn
      ),
  )


def _english(n: int) -> str:
  hundreds, rest = divmod(n, 100)
  said = [f'{_ENGLISH[hundreds]} hundred'] if hundreds else []
  if rest >= 20:
    tens, unit = divmod(rest, 10)
    unit = f'-{_ENGLISH[unit]}' if unit else ''
    said.append(_ENGLISH_TENS[tens - 2] + unit)
  elif rest or not hundreds:
    said.append(_ENGLISH[rest])
  return ' '.join(said)


def _spanish(n: int) -> str:
  if n == 100:
    return 'cien'
  hundreds, rest = divmod(n, 100)
  said = [_SPANISH_HUNDREDS[hundreds - 1]] if hundreds else []
  if rest >= 30:
    tens, unit = divmod(rest, 10)
    said.append(_SPANISH_TENS[tens - 3])
    said += ['y', _SPANISH[unit]] if unit else []
  elif rest or not hundreds:
    said.append(_SPANISH[rest])
  return ' '.join(said)


def _french(n: int) -> str:
  hundreds, rest = divmod(n, 100)
  said: list[str] = []
  if hundreds:
    said = [_FRENCH[hundreds]] if hundreds > 1 else []
    said.append('cents' if hundreds > 1 and not rest else 'cent')
  if rest or not hundreds:
    said.append(_french_below_100(rest))
  return ' '.join(said)


def _french_below_100(n: int) -> str:
  """Sixty counts on to seventy-nine, four score to ninety-nine."""
  if n < 20:
    return _FRENCH[n]
  if n == 80:
    return 'quatre-vingts'
  if n > 80:
    return f'quatre-vingt-{_FRENCH[n - 80]}'
  tens, unit = divmod(n, 10) if n < 70 else (6, n - 60)
  ten = _FRENCH_TENS[tens - 2]
  if unit in (1, 11):
    return f'{ten} et {_FRENCH[unit]}'
  return f'{ten}-{_FRENCH[unit]}' if unit else ten


def _portuguese(n: int) -> str:
  if n == 100:
    return 'cem'
  hundreds, rest = divmod(n, 100)
  said = [_PORTUGUESE_HUNDREDS[hundreds - 1]] if hundreds else []
  if rest >= 20:
    tens, unit = divmod(rest, 10)
    said.append(_PORTUGUESE_TENS[tens - 2])
    said += [_PORTUGUESE[unit]] if unit else []
  elif rest or not hundreds:
    said.append(_PORTUGUESE[rest])
  return ' e '.join(said)


def _before_thousand(said: str, language: str) -> str:
  """Spanish shortens one, French hundreds and score lose their plural."""
  if language == 'es' and said.endswith('veintiuno'):
    return said[: -len('uno')] + 'ún'
  if language == 'es' and said.endswith('uno'):
    return said[:-1]
  if language == 'fr' and said.endswith(('cents', 'vingts')):
    return said[:-1]
  return said


_BELOW: dict[str, tuple[Callable[[int], str], str]] = {
    'en': (_english, 'thousand'),
    'es': (_spanish, 'mil'),
    'fr': (_french, 'mille'),
    'pt': (_portuguese, 'mil'),
}  # words below 1000, and the word for it
