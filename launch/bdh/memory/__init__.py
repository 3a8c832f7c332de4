"""What BDH remembers: a word repeated, within a window and across windows.

Kosowski, Uznanski, Chorowski, Stamirowska, Bartoszkiewicz (arXiv 2509.26507,
2025) show a random word again and again: the network predicts its letters from
the second copy on, and fewer neurons fire where it can (figure 14). Without
backpropagation through time it learns language, but not to copy (7.2). They
train on long streams with a state that is carried from window to window.

  python -m launch.bdh.memory                 # small: minutes on 2 cores
  python -m launch.bdh.memory --preset=paper  # 65536 neurons, an accelerator

A variant sees each sequence whole, or cut into windows of --config.window
tokens, with its synapses carried from one to the next, or cleared before each.
Sequences are drawn by seed and step. Losses are nats a token. `paper` is 2.7e16
operations, five minutes at 100 TFLOP/s by that count: it was not run.
"""
