"""Are recall and reasoning done by different parts of a Transformer?

FROM AN ABSTRACT. Of Fartale, Kattamuri, Raja, Vats, Prasad and Moharir (arXiv
2510.03366, 2025) neither text nor code was at hand. The protocol, tasks and
thresholds are ours, and no number here is the paper's, but the one that its
abstract names: up to 15 % of recall lost without its circuit.

  python -m launch.recall_reasoning                  # small: minutes, 2 cores
  python -m launch.recall_reasoning --preset=real --path=FOLDER   # TinyStories
  python -m launch.recall_reasoning --preset=paper --path=FOLDER  # Qwen, Llama

Facts that are in the weights against chains that are in the prompt, asked in
prompts that differ in one token. Circuits are chosen on some prompts, and put
out on others: each should cost its own task, and not the other.
"""
