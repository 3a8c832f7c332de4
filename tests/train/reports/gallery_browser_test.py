"""The page in a browser: what a hand and a keyboard do with it."""

import io
import pathlib
import shutil

from absl.testing import absltest
import numpy as np
from PIL import Image
import pytest

from nmlib.train.reports import collection
from nmlib.train.reports import gallery

webdriver = pytest.importorskip(
    'selenium.webdriver', reason='needs selenium: pip install selenium'
)
wait = pytest.importorskip('selenium.webdriver.support.wait')
_BROWSER = shutil.which('chromium') or shutil.which('google-chrome')
_DRIVER = shutil.which('chromedriver')
pytestmark = pytest.mark.skipif(
    not (_BROWSER and _DRIVER), reason='needs chromium and chromedriver'
)
_ARGUMENTS = (
    'headless=new', 'no-sandbox', 'disable-gpu', 'disable-quic', 'no-first-run',
    'disable-background-networking', 'disable-component-update', 'disable-sync',
    'window-size=1280,900',
)  # fmt: skip


def _entry(name, preset, *figures):
  """A run with claims, and with figures of one colour each."""
  made = {}
  for i, title in enumerate(figures):
    buffer = io.BytesIO()
    Image.new('RGB', (640, 480), (99 * (preset == 'paper'), 40 * i, 90)).save(
        buffer, 'png'
    )
    made[title] = buffer.getvalue()
  claim = {
      'text': 'A claim whose text is long enough to need two lines on a phone',
      'source': 'abstract', 'paper': '0.9',
      'ours': {'ours, by a long name': [0.512345, 0.7], 'theirs': [0.1, 0.2]},
      'holds': False, 'compared': '', 'expected': False, 'because': 'small',
  }  # fmt: skip
  cells = {f'column {i}': [0.1234, 0.2345] for i in range(9)}
  table = {'label': 'method', 'note': '', 'rows': {'a': cells}}
  record = {
      'experiment': name, 'preset': preset, 'data': {}, 'claims': [claim],
      'config': {'a_field_with_quite_a_long_name': list(range(40))},
      'tables': {'Wide': table}, 'notes': {'Text': 'x' * 200},
  } | {'figures': dict.fromkeys(made, 'x.png')}  # fmt: skip
  return collection.Entry(name, collection.whole(record), None, made)


class BrowserTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    options = webdriver.ChromeOptions()
    options.binary_location = _BROWSER
    for argument in _ARGUMENTS:
      options.add_argument(f'--{argument}')
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    service = webdriver.ChromeService(_DRIVER)
    cls.browser = webdriver.Chrome(options=options, service=service)
    cls.addClassCleanup(cls.browser.quit)

  def setUp(self):
    super().setUp()
    path = pathlib.Path(self.create_tempdir().full_path) / 'gallery.html'
    entries = [
        _entry('first', 'small', 'loss', 'kernels'),
        _entry('first', 'paper', 'loss'),
        _entry('second', 'small', 'curve'),
    ]
    path.write_text(gallery.page(entries, {}, ['x is left out: damaged']))
    self.browser.get(path.as_uri())
    self.addCleanup(self._nothing_went_wrong)

  def _nothing_went_wrong(self):
    self.assertEmpty(self.browser.get_log('browser'))

  def _all(self, what):
    return self.browser.find_elements('css selector', what)

  def _shown(self, what='article'):
    return [found for found in self._all(what) if found.is_displayed()]

  def _choose(self, name, value):
    for option in self._all(f'select[name={name}] option'):
      if option.text == value:
        option.click()

  def _press(self, key):
    webdriver.ActionChains(self.browser).send_keys(key).perform()

  def _says(self):
    return self._all('dialog span')[0].text

  def test_filters_leave_the_runs_that_fit(self):
    self.assertLen(self._shown(), 3)
    self.assertEqual(self._all('output')[0].text, '3 runs')
    self._choose('preset', 'small')
    self.assertLen(self._shown(), 2)
    self._choose('paper', 'second')
    self.assertLen(self._shown(), 1)
    self.assertLen(self._shown('.list tbody tr'), 1)
    self.assertEqual(self._all('output')[0].text, '1 run')
    self._choose('preset', 'paper')
    self.assertEmpty(self._shown())

  def test_keyboard_enlarges_walks_and_closes(self):
    key = webdriver.Keys
    button = self._shown('.figure')[0]
    self.browser.execute_script('arguments[0].focus()', button)
    self._press(key.ENTER)
    (dialog,) = self._all('dialog')
    self.assertTrue(dialog.is_displayed())
    self.assertIn('(1 of 4)', self._says())
    first = self._all('dialog img')[0].get_attribute('src')
    self._press(key.ARROW_RIGHT)
    self.assertIn('(2 of 4)', self._says())
    second = self._all('dialog img')[0].get_attribute('src')
    self.assertTrue(first != second)  # both are long
    for _ in range(2):
      self._press(key.ARROW_LEFT)
    self.assertIn('(4 of 4)', self._says())
    self._press(key.ESCAPE)
    self.assertFalse(dialog.is_displayed())
    # A closed dialog tells the page later, which then gives the focus back.
    returned = (
        'return document.activeElement =='
        " document.querySelectorAll('.figure')[3]"
    )
    wait.WebDriverWait(self.browser, 30).until(
        lambda browser: browser.execute_script(returned)
    )

  def test_only_figures_of_the_filtered_runs_are_walked(self):
    self._choose('paper', 'second')
    self._shown('.figure')[0].click()
    self.assertIn('(1 of 1)', self._says())
    self._shown('dialog button[data-by="1"]')[0].click()
    self.assertIn('(1 of 1)', self._says())
    self._shown('dialog button[data-by="0"]')[0].click()
    self.assertFalse(self._all('dialog')[0].is_displayed())

  def test_figure_fits_or_has_its_own_size(self):
    self._shown('.figure')[0].click()
    image = self._all('dialog img')[0]
    self.assertGreater(image.size['width'], 640)
    toggle = self._shown('dialog [aria-pressed]')[0]
    toggle.click()
    self.assertEqual(image.size, {'width': 640, 'height': 480})
    self.assertEqual(toggle.get_attribute('aria-pressed'), 'true')

  def test_every_control_is_reached_by_tab(self):
    reached = set()
    for _ in range(30):
      self._press(webdriver.Keys.TAB)
      reached.add(self.browser.switch_to.active_element.tag_name)
    self.assertContainsSubset({'select', 'a', 'button', 'summary'}, reached)

  def test_phone_needs_no_sideways_scrolling(self):
    self.browser.execute_script(
        "document.querySelectorAll('details').forEach((d) => d.open = true)"
    )
    self._emulate('Emulation.setDeviceMetricsOverride', width=390, height=800,
                  deviceScaleFactor=1, mobile=True)  # fmt: skip
    self.addCleanup(self._emulate, 'Emulation.clearDeviceMetricsOverride')
    width = 'return document.documentElement.scrollWidth'
    self.assertEqual(self.browser.execute_script(width), 390)

  def test_dark_mode_is_dark_and_every_text_has_contrast(self):
    for scheme in ('light', 'dark'):
      feature = {'name': 'prefers-color-scheme', 'value': scheme}
      self._emulate('Emulation.setEmulatedMedia', features=[feature])
      self.addCleanup(self._emulate, 'Emulation.setEmulatedMedia', features=[])
      back = self._colour('body', 'backgroundColor')
      self.assertEqual(back.mean() < 64, scheme == 'dark')
      card = self._colour('article', 'backgroundColor')
      for what in ('h2', 'a', '.source', '.verdict'):
        self.assertGreater(
            _contrast(self._colour(f'article {what}', 'color'), card), 4.5, what
        )

  def _emulate(self, command, **fields):
    self.browser.execute_cdp_cmd(command, fields)

  def _colour(self, what, which):
    """Returns RGB, 0 to 255."""
    script = (
        'return getComputedStyle(document.querySelector(arguments[0]))'
        '[arguments[1]].match(/[0-9.]+/g).slice(0, 3).map(Number)'
    )
    return np.array(self.browser.execute_script(script, what, which))


def _contrast(one, other):
  """The ratio of WCAG 2.2, section 1.4.3; 4.5 is its least for text."""

  def luminance(colour):
    share = colour / 255
    linear = np.where(
        share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4
    )
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))

  low, high = sorted((luminance(one), luminance(other)))
  return (high + 0.05) / (low + 0.05)


if __name__ == '__main__':
  absltest.main()
