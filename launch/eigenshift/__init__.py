"""EigenShift: damping the directions in which a model says marked words.

Shaik, Mazhar, Srivastava & Akhtar (arXiv 2509.16660, NeurIPS 2025) damp the few
singular components of a language model's output whose activations are larger
where it says toxic words; nothing is trained. Neurons that detect such text
(AURA, Damp, Det-0) are said to be others than what generates it.

  python -m launch.eigenshift                  # small: minutes on two cores
  python -m launch.eigenshift --limit=0.1      # twice the loss of perplexity
  python -m launch.eigenshift --preset=real --path=tinystories260k
  python -m launch.eigenshift --preset=paper --path=Llama-2-7b-hf

small trains five Transformers on sentences of two registers, whose marked words
are invented: no text here is offensive. real takes words of sadness in stories
that a trained model of 260,000 parameters tells by itself. paper takes any
Llama in safetensors, with --config.words of your own and --config.prompts; of
7 billion parameters it is about 4e18 operations, five hours at 200 TFLOP/s
(estimated, not run).
"""
