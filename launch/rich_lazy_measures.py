"""How lazily the networks of launch.rich_lazy have learnt so far."""

import jax
import jax.numpy as jnp

from nmlib.analysis import laziness


def predict(
    model, params, inputs: jax.Array, network
) -> tuple[jax.Array, jax.Array]:
  """Returns logits [B, T, O] and rates [B, T, N] of inputs [B, T, I]."""
  start = model.initial_state(network)
  run = lambda x: model.unroll(params, start, x, network)[1]
  outputs = jax.vmap(run)(inputs)
  return outputs.logits, outputs.rates


def measure(
    state,
    probe: dict[str, jax.Array],
    model,
    network,
    asks_last: bool,
    kernel_trials: int,
    names: tuple[str, ...],
) -> dict[str, jax.Array]:
  """Returns every measure of laziness of each network, by 'measure/name'."""

  # One network at a time, over seeds too: a Jacobian is trials x steps x
  # outputs by N^2 numbers.
  @jax.custom_batching.sequential_vmap
  def one(params, start, probe):
    logits, rates = predict(model, params, probe['inputs'], network)
    before = predict(model, start, probe['inputs'], network)[1]
    kernels = [
        laziness.tangent_kernel_dense(
            lambda w, p=p: predict(
                model,
                p._replace(recurrent=w),
                probe['inputs'][:kernel_trials],
                network,
            )[0][:, -1 if asks_last else 0 :],
            p.recurrent,
        )
        for p in (params, start)
    ]
    w, w0 = params.recurrent, start.recurrent
    correct = jnp.argmax(logits[:, -1], -1) == probe['labels'][:, -1]
    return {
        'kernel_alignment': laziness.kernel_alignment(*kernels),
        'representation_alignment': laziness.representation_alignment(
            rates[:, -1], before[:, -1]
        ),
        'weight_change': laziness.weight_change(w, w0),
        'relative_weight_change': laziness.relative_weight_change(w, w0),
        'dimension': laziness.dimension(rates[:, -1]),
        'sign_similarity': laziness.sign_similarity(
            rates[:, -1], before[:, -1]
        ),
        'accuracy': jnp.mean(correct),
    }

  rows = jax.lax.map(
      lambda pair: one(*pair, probe), (state.params, state.start)
  )
  rows |= {'final_loss': state.smoothed, 'stopped': 1.0 * state.stopped}
  return {
      f'{kind}/{name}': values[i]
      for kind, values in rows.items()
      for i, name in enumerate(names)
  }
