r"""A Transformer decoder with ALiBi and carried keys: the usual baseline.

What "Transformer" means beside a new sequence model: GPT-2 as nanoGPT writes it
(A. Karpathy, github.com/karpathy/nanoGPT), with the linear biases of
`nmlib.neurons.attention.alibi` in place of position embeddings. With LN a
normalisation with a scale, each of L layers computes for tokens s at most C
before t

.. math::
  q, k, v &= W_{qkv} LN(z) \\
  p_{ts} &= softmax_s(q_t \cdot k_s / \sqrt{d/h} - m_h (t - s)) \\
  z &\leftarrow z + W_o \textstyle\sum_s p_{ts} v_s \\
  z &\leftarrow z + W_2 \, gelu(W_1 LN(z))

Nothing depends on absolute positions, so that keys and values can be carried:
however a sequence is cut into windows, each reads the C tokens before it, and
the logits are the same. The state is an input; who trains window by window and
hands it on as data lets no gradient into earlier windows.

From nanoGPT: LN before each block and at the end, exact GELU, no biases, LN
with scales, weights from N(0, 0.02^2), of W_o and W_2 with 0.02 / sqrt(2 L),
one matrix for embedding and read-out, dropout of the embedding, of p and of
what both blocks add.

The defaults are GPTXL of 25M weights, the baseline of the Dragon Hatchling
(arXiv 2509.26507), which says: nanoGPT, ALiBi, a carried cache of 4096, and
layers, width, heads, hidden units and dropout. That its options are those of
nanoGPT's `train.py`, and that a token reads itself and the 4096 before it, are
our reading.

One sequence, no batch axis. Sites (`nmlib.neurons.sites`) are 'attention', p
[L, h, T, S]; 'mlp' [L, T, m]; and 'residual', z after each layer [L, T, d].
"""

from nmlib.networks.gpt.model import Output
from nmlib.networks.gpt.model import apply
from nmlib.networks.gpt.model import loss
from nmlib.networks.gpt.model import step
from nmlib.networks.gpt.model import stream_loss
from nmlib.networks.gpt.model import unroll
from nmlib.networks.gpt.params import PARTITION_RULES
from nmlib.networks.gpt.params import Config
from nmlib.networks.gpt.params import Layer
from nmlib.networks.gpt.params import Params
from nmlib.networks.gpt.params import State
from nmlib.networks.gpt.params import decayed
from nmlib.networks.gpt.params import init
from nmlib.networks.gpt.params import initial_state
from nmlib.networks.gpt.params import num_params

__all__ = [
    'Config',
    'Layer',
    'Output',
    'PARTITION_RULES',
    'Params',
    'State',
    'apply',
    'decayed',
    'init',
    'initial_state',
    'loss',
    'num_params',
    'step',
    'stream_loss',
    'unroll',
]
