"""Which heads two tasks of a Transformer share, found by path patching.

Merullo, Eickhoff and Pavlick (arXiv 2310.08744, ICLR 2024): of the circuit of
indirect objects in GPT-2 medium most heads are that of coloured objects, and
making some behave as in the one task repairs the other.

  python -m launch.circuit_reuse                   # small: see below
  python -m launch.circuit_reuse --preset=real --weights=stories260K.bin \
      --tokenizer=tok512.bin
  python -m launch.circuit_reuse --preset=paper --weights=model.safetensors \
      --tokenizer=tokenizer.json

small trains 5 networks of 4 layers and 4 heads on symbols. paper reads GPT-2
medium and its tokenizer: 384 heads, three stages, two tasks of 1000 prompts,
about 2e17 operations, 6 hours at 1e13 a second; that is an estimate, it was not
run. real reads the 260,000 weights of stories260K.
"""
