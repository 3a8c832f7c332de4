"""One launcher a paper: `python -m launch.<paper>`."""

import pathlib


def experiments() -> list[str]:
  """Returns what can follow `python -m launch.`: every folder's `experiment`.

  Such as 'elm', the main experiment of a paper, and 'elm.lra', a further one.
  """
  root = pathlib.Path(__file__).parent
  files = root.rglob('experiment.py')
  return sorted('.'.join(f.parent.relative_to(root).parts) for f in files)
