"""Which heads two tasks of a Transformer share, found by path patching.

Merullo, Eickhoff and Pavlick (arXiv 2310.08744, ICLR 2024): of the circuit of
indirect objects in GPT-2 medium most heads are that of coloured objects, and
making some behave as in the one task repairs the other.

  python -m launch.circuit_reuse                           # small: see below
  python -m launch.circuit_reuse --preset=real --path=tinystories260k
  python -m launch.circuit_reuse --preset=paper --path=gpt2-medium

small trains 5 networks of 16 heads on symbols, real reads stories260K. paper is
about 2e17 operations (384 heads, three stages, two tasks of 1000 prompts), six
hours at 1e13 a second: an estimate, it was not run.
"""
