"""Neurons of a language model that belong to one language, to some, to all.

Zhang, Lai, Liu, She, Liu, Gong, Huang, Chen (arXiv 2505.21505, AAAI 2026) count
in answers how often each gated neuron is above 0, by language; put out each
language's neurons; and look again after the model has been aligned.

  python -m launch.language_neurons                     # small: see below
  python -m launch.language_neurons --preset=real --counts=FOLDER
  python -m launch.language_neurons --preset=paper --model=FOLDER --texts=FILE

small trains five seeds of a gated decoder on one small world told in five
languages, of which the first has ten times more text, then aligns two of them
by translation: some minutes on two cores. real reads the counts that the
authors released (Mistral-7B, ten languages) and compares the masks with theirs:
seconds. paper runs any Llama, Mistral or Qwen2 (a folder of weights,
config.json and tokenizer.json) on lines of {"language", "prompt", "response"}
and, if there is one, an --aligned one; of MGSM's 8M tokens counting is about
0.2 hours and the matrices are about 22 on one GPU at 150 TFLOP/s (float32
weights), estimated from FLOPs.
"""
