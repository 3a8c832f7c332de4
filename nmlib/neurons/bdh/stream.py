"""The loss of one window of a stream, whose state goes on to the next."""

import jax

from nmlib.neurons.bdh import model
from nmlib.neurons.bdh.config import Config
from nmlib.neurons.bdh.params import Params
from nmlib.neurons.bdh.params import State
from nmlib.neurons.bdh.params import rebase_state
from nmlib.neurons.core import checks


def stream_loss(
    params: Params,
    state: State,
    tokens: jax.Array,
    targets: jax.Array,
    config: Config,
    *,
    form: str = 'parallel',
    key: jax.Array | None = None,
    rebase: bool = False,
) -> tuple[jax.Array, State]:
  """Reads a window that follows the state: truncated backpropagation.

  For `nmlib.train.truncated_bptt`, which keeps the state of each row. A window
  may have any length: in the chunked form the last chunk is what is left.

  Args:
    params: weights.
    state: synapses and position before the window; `initial_state` at first.
    tokens: int [T], at least one.
    targets: int [T], the tokens that follow.
    config: hyperparameters, static under jit.
    form: as in `apply`; gradients flow through the whole window in each.
    key: turns dropout on.
    rebase: False carries the position on, True turns the synapses back to
      position 0 after the window (`rebase_state`). The same function; but
      float32 phases, those of the authors' code, then stay accurate however
      long the stream. Carried on, they want `exact_phases` beyond about 1e5
      tokens, and a position is an int32.

  Returns:
    The mean cross-entropy [] of the targets in nats, and the state after the
    window.

  Raises:
    ValueError: if shapes differ, a token is unknown, or the window is empty.
  """
  checks.shape('targets', targets, tokens=len(tokens))
  out = model.apply(params, tokens, config, state=state, form=form, key=key)
  after = rebase_state(out.state, config) if rebase else out.state
  return model.cross_entropy(out.logits, targets), after
