r"""One Transformer block for GPT-2, BERT, Llama and their kin, open to edits.

With the norms before (`norm_place='pre'`) each of L layers computes

.. math::
  m &= r + W_O \, concat_h (A_h v_{g(h)}), \quad
  A_h = softmax(q_h k_{g(h)}^T / \sqrt{k}), \quad (q, k, v) = W_{QKV} N_1(r) \\
  r' &= m + W_2 \, \phi(W_1 N_2(m)) \quad\text{or}\quad
  m + W_2 (silu(W_g N_2(m)) \odot W_1 N_2(m))

(Vaswani et al. 2017, arXiv 1706.03762; norms first: Radford et al. 2019; gated:
Shazeer 2020, arXiv 2002.05202), and with norms after ('post', BERT, Devlin et
al. 2018) m = N_1(r + ...), r' = N_2(m + ...). Query heads share keys and values
in groups (Ainslie et al. 2023). Options of `Config` make it GPT-2, BERT or
Llama; `nmlib.networks.{gpt2,bert,llama}` read their weights.

One sequence, no batch axis. Its sites (`nmlib.neurons.sites`), each with a
layer axis in front, H query heads, G heads of keys and values:

=================== ============ ==============================================
site                shape        what
=================== ============ ==============================================
resid_pre           [T, d]       r, before the layer
ln_scale_1          [T, 1]       what N_1 multiplies by, 1 / its deviation
q                   [T, H, k]    queries, before any rotation
k, v                [T, G, k]    keys before any rotation, values
q_rot, k_rot        as q, k      after it; with rotary positions alone
scores              [H, T, T]    scaled, before the mask
pattern             [H, T, T]    A, after softmax
z                   [T, H, k]    A v, before W_O and its bias
attn_out            [T, d]       what attention adds
resid_mid           [T, d]       m
ln_scale_2          [T, 1]       as ln_scale_1
mlp_pre             [T, m]       before phi; without gates alone
gate_post, up       [T, m]       silu(W_g ..), W_1 ..; with gates alone
mlp_post            [T, m]       before W_2 and its bias
mlp_out             [T, d]       what the perceptron adds
resid_post          [T, d]       r'
embed               [T, d]       what enters the first layer (no layer axis)
ln_scale_final      [T, 1]       of the last norm (no layer axis)
final               [T, d]       after the last norm (no layer axis)
=================== ============ ==============================================
"""

from nmlib.networks.transformer.generation import answering
from nmlib.networks.transformer.generation import generate
from nmlib.networks.transformer.losses import late_and_early_losses
from nmlib.networks.transformer.losses import loss
from nmlib.networks.transformer.losses import token_losses
from nmlib.networks.transformer.model import Output
from nmlib.networks.transformer.model import Start
from nmlib.networks.transformer.model import apply
from nmlib.networks.transformer.params import PARTITION_RULES
from nmlib.networks.transformer.params import Config
from nmlib.networks.transformer.params import Layer
from nmlib.networks.transformer.params import Linear
from nmlib.networks.transformer.params import Norm
from nmlib.networks.transformer.params import Params
from nmlib.networks.transformer.params import Readout
from nmlib.networks.transformer.params import init
from nmlib.networks.transformer.params import scaled
from nmlib.networks.transformer.processing import center_unembedding
from nmlib.networks.transformer.processing import center_writing_weights
from nmlib.networks.transformer.processing import fold_layer_norm
from nmlib.networks.transformer.processing import simplified
from nmlib.networks.transformer.processing import untie
from nmlib.networks.transformer.readout import read_out

__all__ = [
    'Config',
    'Layer',
    'Linear',
    'Norm',
    'Output',
    'PARTITION_RULES',
    'Params',
    'Readout',
    'Start',
    'answering',
    'apply',
    'center_unembedding',
    'center_writing_weights',
    'fold_layer_norm',
    'generate',
    'init',
    'late_and_early_losses',
    'loss',
    'read_out',
    'scaled',
    'simplified',
    'token_losses',
    'untie',
]
