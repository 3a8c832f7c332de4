"""Sphinx settings of the site; `python docs/build.py` builds it."""

import configparser
import pathlib
import sys

_ROOT = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / 'docs' / '_ext')]

import nmlib  # noqa: E402

_settings = configparser.RawConfigParser()
_settings.read(_ROOT / 'setup.cfg')

project = 'nmlib'
author = 'the nmlib authors'
copyright = author
version = release = nmlib.__version__
repository_url = _settings.get(
    'metadata', 'url', fallback='https://github.com/nmlib/nmlib'
)

extensions = [
    'myst_nb',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.mathjax',
    'sphinx.ext.viewcode',
    'docstrings',
    'generated_pages',
    'internal_links',
    'reports',
]
exclude_patterns = ['_build', 'reports']
add_module_names = False
default_role = 'name'
nitpicky = True
nitpick_ignore_regex = [  # of others, and private ones
    ('py:.*', '(?!nmlib).*'),
    ('py:.*', r'nmlib\..*\b_.*'),
]
nitpick_ignore = [  # of the machinery, not to be made by users
    ('py:class', 'nmlib.train.hosts.interrupt.Watch'),
    ('py:class', 'nmlib.train.run.Folder'),
]
suppress_warnings = ['mystnb.unknown_mime_type']

nb_execution_mode = 'off'  # notebooks are committed with their outputs
myst_enable_extensions = ['amsmath', 'dollarmath']
myst_heading_anchors = 3

autodoc_default_options = {'members': True, 'member-order': 'bysource'}
autodoc_typehints = 'none'  # signatures are shown as they are written
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = 'furo'
html_title = f'nmlib {version}'
html_static_path = ['_static']
html_css_files = ['site.css']
templates_path = ['_templates']
html_theme_options = {'source_repository': repository_url}
html_context = {'gallery': (_ROOT / 'launch' / 'gallery.py').exists()}
html_sidebars = {
    '**': [
        'sidebar/brand.html',
        'sidebar/search.html',
        'sidebar/scroll-start.html',
        'sidebar/navigation.html',
        'more.html',
        'sidebar/scroll-end.html',
    ]
}
