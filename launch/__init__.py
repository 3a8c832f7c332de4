"""One launcher a paper: `python -m launch.<paper>`."""
