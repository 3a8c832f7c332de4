"""Numbers in words, by what grammars of the four languages say."""

import pytest

from nmlib.data.text import numerals

_SAID = {
    0: ('zero', 'cero', 'zéro', 'zero'),
    16: ('sixteen', 'dieciséis', 'seize', 'dezasseis'),
    21: ('twenty-one', 'veintiuno', 'vingt et un', 'vinte e um'),
    71: (
        'seventy-one', 'setenta y uno', 'soixante et onze', 'setenta e um',
    ),
    80: ('eighty', 'ochenta', 'quatre-vingts', 'oitenta'),
    91: ('ninety-one', 'noventa y uno', 'quatre-vingt-onze', 'noventa e um'),
    100: ('one hundred', 'cien', 'cent', 'cem'),
    122: (
        'one hundred twenty-two', 'ciento veintidós', 'cent vingt-deux',
        'cento e vinte e dois',
    ),
    500: ('five hundred', 'quinientos', 'cinq cents', 'quinhentos'),
    1000: ('one thousand', 'mil', 'mille', 'mil'),
    1100: ('one thousand one hundred', 'mil cien', 'mille cent', 'mil e cem'),
    2005: ('two thousand five', 'dos mil cinco', 'deux mille cinq',
           'dois mil e cinco'),
    2135: (
        'two thousand one hundred thirty-five',
        'dos mil ciento treinta y cinco',
        'deux mille cent trente-cinq', 'dois mil cento e trinta e cinco',
    ),
    80_000: ('eighty thousand', 'ochenta mil', 'quatre-vingt mille',
             'oitenta mil'),
    200_021: (
        'two hundred thousand twenty-one', 'doscientos mil veintiuno',
        'deux cent mille vingt et un', 'duzentos mil e vinte e um',
    ),
    321_000: (
        'three hundred twenty-one thousand', 'trescientos veintiún mil',
        'trois cent vingt et un mille', 'trezentos e vinte e um mil',
    ),
    731_001: (
        'seven hundred thirty-one thousand one',
        'setecientos treinta y un mil uno',
        'sept cent trente et un mille un', 'setecentos e trinta e um mil e um',
    ),
}  # fmt: skip
_LANGUAGES = ('en', 'es', 'fr', 'pt')


@pytest.mark.parametrize('number', _SAID)
def test_numbers_are_said_as_grammars_have_them(number):
  said = tuple(numerals.words(number, language) for language in _LANGUAGES)
  assert said == _SAID[number]


@pytest.mark.parametrize('language', _LANGUAGES)
def test_no_two_numbers_sound_alike(language):
  step = 7 if language == 'en' else 13
  numbers = [*range(3000), *range(3000, 10**6, 97 * step)]
  assert len({numerals.words(n, language) for n in numbers}) == len(numbers)


def test_parts_share_no_number_in_any_language():
  said = {
      (part, language): {
          pair[0] for pair in numerals.pairs(
              ('en', language), 1500, seed=seed, part=part,
          ).sentences
      }
      for seed, language in enumerate(('es', 'fr'))
      for part in ('train', 'test')
  }  # fmt: skip
  tests = said['test', 'es'] | said['test', 'fr']
  trains = said['train', 'es'] | said['train', 'fr']
  assert not tests & trains
  assert len(tests) == 100
  assert 800 < len(trains) <= 900


def test_pairs_say_the_same_number_and_follow_their_seed():
  text = numerals.pairs(('fr', 'pt'), 200, seed=5, digits=4)
  known = {numerals.words(n, 'fr').encode(): n for n in range(10_000)}
  for french, portuguese in text.sentences:
    number = known[french]
    assert numerals.words(number, 'pt').encode() == portuguese
  assert numerals.pairs(('fr', 'pt'), 200, seed=5, digits=4) == text
  assert numerals.pairs(('fr', 'pt'), 200, seed=6, digits=4) != text


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: numerals.words(10**6, 'en'), r'number must be in \[0, 100000'),
        (lambda: numerals.words(-1, 'fr'), 'number must be in .* got -1'),
        (lambda: numerals.words(1, 'de'), "must be one of .* got 'de'"),
        (lambda: _pairs(digits=7), 'digits must be 1 to 6, got 7'),
        (lambda: _pairs(part='dev'), "must be 'train' or 'test', got 'dev'"),
        (lambda: _pairs(digits=1, held_out=0.01), 'leaves no number of 1 dig'),
    ],
)
def test_what_has_no_words_is_refused(call, message):
  with pytest.raises(ValueError, match=message):
    call()


def _pairs(part='test', **settings):
  return numerals.pairs(('en', 'es'), 5, seed=0, part=part, **settings)
