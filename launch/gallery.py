"""Gathers the reports of finished runs into one page for the browser.

  python -m launch.gallery --workdir=runs

finds every report.json below the folder and writes runs/gallery.html: claims
with their verdicts, the paper's figures beside ours, tables, plots, and the
command that repeats each run. The page needs no network and no other file.
What is damaged, or no report, is left out with a sentence.

  python -m launch.gallery --workdir=docs/reports --write_readme

writes the table of papers in README.md from the same reports, too.
"""

import importlib
import pathlib
import sys

from absl import flags

import launch
from nmlib.train import options
from nmlib.train import workdir as workdir_lib
from nmlib.train.reports import collection
from nmlib.train.reports import gallery
from nmlib.train.reports import readme

_README = pathlib.Path(__file__).parents[1] / 'README.md'


def main() -> None:
  """Parses the flags and writes what they ask for."""
  flags.DEFINE_string('workdir', 'runs', 'Folder below which runs are sought.')
  flags.DEFINE_string(
      'output', None, 'The page. Default: gallery.html in the workdir.'
  )
  flags.DEFINE_bool('write_readme', False, "Write README's table of papers.")
  options.run(_main)


def known() -> dict[str, gallery.Known]:
  """Returns what every launcher says of its paper and presets."""
  configs = {
      name: importlib.import_module(f'launch.{name}.config')
      for name in launch.experiments()
  }
  return {n: gallery.Known(c.PAPER, c.PRESETS) for n, c in configs.items()}


def table(entries: list[collection.Entry]) -> str:
  """Returns README's table of papers from these runs."""
  return readme.table(
      {name: about.paper for name, about in known().items()},
      [entry.record for entry in entries],
  )


def _main() -> int:
  root = workdir_lib.parse(flags.FLAGS.workdir)
  entries, skipped = collection.collect(root)
  output = workdir_lib.parse(flags.FLAGS.output or str(root / 'gallery.html'))
  workdir_lib.write_atomic(output, gallery.page(entries, known(), skipped))
  if flags.FLAGS.write_readme:
    text = readme.splice(_README.read_text(), table(entries))
    workdir_lib.write_atomic(_README, text)
  for sentence in skipped:
    print(sentence, file=sys.stderr)
  print(f'{len(entries)} runs: {output}')
  return 0


if __name__ == '__main__':
  main()
