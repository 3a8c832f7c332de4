"""The peers of `interpretability.py`: runs once for each line it reads."""

import pathlib
import resource
import sys

import numpy as np
import torch  # pyrefly: ignore [missing-import]


def gpt2(arrays, task):
  """Returns transformers' GPT-2 with the given weights."""
  import transformers  # pyrefly: ignore [missing-import]

  vocab, width = arrays['wte.weight'].shape
  layers = 1 + max(int(n.split('.')[1]) for n in arrays if n.startswith('h.'))
  config = transformers.GPT2Config(
      vocab_size=vocab, n_embd=width, n_layer=layers, n_head=int(task['heads']),
      n_positions=int(task['max_length']), attn_pdrop=0, embd_pdrop=0,
      resid_pdrop=0, layer_norm_epsilon=float(task['epsilon']),
  )  # fmt: skip
  model = transformers.GPT2LMHeadModel(config)
  state = {f'transformer.{n}': torch.tensor(a) for n, a in arrays.items()}
  missing, unexpected = model.load_state_dict(state, strict=False)
  assert set(missing) <= {'lm_head.weight'} and not unexpected
  model.tie_weights()
  return model.eval()


def differences(logits):
  """Of the first two tokens, at the last position."""
  return logits[:, -1, 0] - logits[:, -1, 1]


@torch.no_grad()
def by_hooks(model, clean, corrupt, heads):
  """Each head's part of what enters c_proj, by a forward pre-hook."""
  blocks, kept = model.transformer.h, {}
  size = model.config.n_embd // heads

  def keep(i):
    return lambda module, inputs: kept.update({i: inputs[0]})

  hooks = [
      block.attn.c_proj.register_forward_pre_hook(keep(i))
      for i, block in enumerate(blocks)
  ]
  model(corrupt)
  for hook in hooks:
    hook.remove()
  found = []
  for i, block in enumerate(blocks):
    for head in range(heads):
      part = slice(head * size, (head + 1) * size)

      def put(module, inputs, i=i, part=part):
        x = inputs[0].clone()
        x[..., part] = kept[i][..., part]
        return (x,)

      hook = block.attn.c_proj.register_forward_pre_hook(put)
      found.append(differences(model(clean).logits))
      hook.remove()
  return torch.stack(found).numpy()


@torch.no_grad()
def by_transformer_lens(model, clean, corrupt, heads):
  _, cache = model.run_with_cache(
      corrupt, names_filter=lambda name: name.endswith('hook_z')
  )
  found = []
  for layer in range(model.cfg.n_layers):
    name = f'blocks.{layer}.attn.hook_z'
    for head in range(heads):

      def put(z, hook, head=head, other=cache[name]):
        if z.ndim == 4:
          z[:, :, head] = other[:, :, head]
        else:  # heads in a row
          size = z.shape[-1] // heads
          part = slice(head * size, (head + 1) * size)
          z[..., part] = other[..., part]
        return z

      logits = model.run_with_hooks(clean, fwd_hooks=[(name, put)])
      found.append(differences(logits))
  return torch.stack(found).numpy()


@torch.no_grad()
def by_nnsight(model, clean, corrupt, heads):
  blocks, kept = model.transformer.h, []
  size = model.config.n_embd // heads
  with model.trace(corrupt):
    for block in blocks:
      kept.append(block.attn.c_proj.input.save())
  found = []
  for i, block in enumerate(blocks):
    for head in range(heads):
      part = slice(head * size, (head + 1) * size)
      with model.trace(clean):
        block.attn.c_proj.input[..., part] = kept[i][..., part]
        logits = model.lm_head.output.save()
      found.append(differences(logits))
  return torch.stack(found).numpy()


def by_captum(model, clean, steps):
  """Integrated gradients of what enters the first layer's second matrix."""
  from captum import attr  # pyrefly: ignore [missing-import]

  layer = model.transformer.h[0].mlp.act
  kept = []
  hook = layer.register_forward_hook(lambda m, i, out: kept.append(out))
  with torch.no_grad():
    model(clean)
  hook.remove()

  def forward(value):
    hook = layer.register_forward_hook(lambda m, i, out: value)
    found = differences(model(clean.expand(len(value), -1)).logits)
    hook.remove()
    return found

  moved = attr.IntegratedGradients(forward)
  found = moved.attribute(
      kept[0], torch.zeros_like(kept[0]), n_steps=steps,
      method='riemann_middle',
  )  # fmt: skip
  return found[0].detach().numpy()


def lens(arrays, task):
  """Returns TransformerLens's model with the given weights, as they are."""
  # pyrefly: ignore [missing-import]
  from transformer_lens.model_bridge import sources

  model = gpt2(arrays, task)
  return sources.build_bridge_from_module(
      model, 'GPT2LMHeadModel', hf_config=model.config
  )


def main():
  name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
  with np.load(folder / 'weights.npz') as file:
    arrays = dict(file)
  with np.load(folder / 'task.npz') as file:
    task = dict(file)
  clean, corrupt = (torch.tensor(task[k]) for k in ('clean', 'corrupt'))
  heads = int(task['heads'])
  if name == 'transformer_lens':
    model = lens(arrays, task)
    run = lambda: by_transformer_lens(model, clean, corrupt, heads)
  elif name == 'nnsight':
    import nnsight  # pyrefly: ignore [missing-import]

    model = nnsight.NNsight(gpt2(arrays, task))
    run = lambda: by_nnsight(model, clean, corrupt, heads)
  elif name == 'captum':
    model = gpt2(arrays, task)
    run = lambda: by_captum(model, clean[:1], int(task['steps']))
  else:
    model = gpt2(arrays, task)
    run = lambda: by_hooks(model, clean, corrupt, heads)
  for _ in sys.stdin:
    np.save(folder / f'{name}.npy', run())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(peak, flush=True)


if __name__ == '__main__':
  main()
