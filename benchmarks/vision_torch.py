"""The peer of `vision.py`: runs the task that each line it reads names.

Lines are a task and a dtype, such as 'ascent float32'.
"""

import pathlib
import sys

import numpy as np
import torch  # pyrefly: ignore [missing-import]

F = torch.nn.functional
_B0 = (
    (1, 3, 1),
    (2, 3, 2),
    (2, 5, 2),
    (3, 3, 2),
    (3, 5, 1),
    (4, 5, 2),
    (1, 3, 1),
)  # repeats, kernel, stride


def _same(x, kernel, stride):
  """Pads as TensorFlow does: the odd one behind."""
  found = []
  for size in (x.shape[3], x.shape[2]):
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    found += [total // 2, total - total // 2]
  return F.pad(x, found)


class Layer(torch.nn.Module):
  """Convolution, norm, activation."""

  def __init__(self, arrays, name, stride, activation):
    super().__init__()
    part = lambda key: torch.tensor(arrays[f'{name}.{key}'])
    self.kernel = part('kernel').permute(3, 2, 0, 1).contiguous()
    self.bias = part('bias') if f'{name}.bias' in arrays else None
    self.norm = None
    if f'{name}.norm.mean' in arrays:
      self.norm = [part(f'norm.{key}') for key in
                   ('mean', 'variance', 'scale', 'bias')]  # fmt: skip
    self.stride, self.activation = stride, activation
    self.groups = len(self.kernel) if self.kernel.shape[1] == 1 else 1

  def forward(self, x):
    x = _same(x, self.kernel.shape[2], self.stride)
    x = F.conv2d(x, self.kernel, self.bias, self.stride, groups=self.groups)
    if self.norm is not None:
      x = F.batch_norm(x, *self.norm, eps=1e-3)
    return self.activation(x)


class Block(torch.nn.Module):
  """An inverted residual."""

  def __init__(self, arrays, name, stride):
    super().__init__()
    names = [('expand', 1, F.relu6), ('depthwise', stride, F.relu6),
             ('project', 1, torch.nn.Identity())]  # fmt: skip
    self.layers = torch.nn.Sequential(
        *(
            Layer(arrays, f'{name}.{part}', turns, activation)
            for part, turns, activation in names
            if f'{name}.{part}.kernel' in arrays
        )
    )
    self.stride = stride

  def forward(self, x):
    y = self.layers(x)
    return x + y if self.stride == 1 and x.shape == y.shape else y


class Network(torch.nn.Module):
  """`early`, then `middle` to the units that are looked at, then `late`."""

  def __init__(self, arrays, lite0):
    super().__init__()
    part = torch.nn.Sequential
    if lite0:
      strides = [s if not i else 1 for n, _, s in _B0 for i in range(n)]
      blocks = [Block(arrays, f'blocks.{i}', s) for i, s in enumerate(strides)]
      self.early = Layer(arrays, 'stem', 2, F.relu6)
      self.middle = part(*blocks[:11])
      self.late = part(*blocks[11:], Layer(arrays, 'head', 1, F.relu6))
    else:
      layers = [
          Layer(arrays, f'layers.{i}', s, F.relu)
          for i, s in enumerate((1, 2, 2))
      ]
      self.early, self.middle = layers[0], part(*layers[1:])
      self.late = torch.nn.Identity()
    self.kernel = torch.tensor(arrays['output.kernel'])
    self.bias = torch.tensor(arrays['output.bias'])

  def above(self, x):
    x = self.late(self.middle(x)).mean((2, 3))
    return x @ self.kernel + self.bias

  def forward(self, images):
    return self.above(self.early((images - 127.5) / 64))


def ascent(network, images, sizes):
  x = images
  for _ in range(int(sizes['steps'])):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(network(x)[:, 0].sum(), x)
    slope = slope / slope.abs().mean((1, 2, 3), keepdim=True)
    x = (x + slope).clamp(0, 255)
  return x.detach().permute(0, 2, 3, 1)


def gradients(network, images, sizes):
  from captum import attr  # pyrefly: ignore [missing-import]

  with torch.no_grad():
    value = network.early((images - 127.5) / 64)
  moved = attr.IntegratedGradients(lambda x: network.above(x)[:, 0])
  found = moved.attribute(
      value, torch.zeros_like(value), n_steps=int(sizes['points']),
      method='riemann_middle',
  )  # fmt: skip
  return found[0].detach().permute(1, 2, 0)


def statistics(network, images, sizes):
  kept = []
  hook = network.middle.register_forward_hook(
      lambda module, inputs, out: kept.append(out.amax((2, 3)))
  )
  with torch.no_grad():
    for batch in images.split(int(sizes['batch'])):
      network(batch)
  hook.remove()
  return torch.cat(kept).topk(int(sizes['top']), 0).values.T


def main():
  folder = pathlib.Path(sys.argv[1])
  load = lambda name: dict(np.load(folder / f'{name}.npz'))
  sizes = load('sizes')
  arrays, images = load('params'), load('images')
  networks, pictures = {}, {}
  for dtype in ('float32', 'float64'):
    cast = {name: array.astype(dtype) for name, array in arrays.items()}
    networks[dtype] = Network(cast, bool(sizes['lite0'])).eval()
    for task, x in images.items():
      rows = torch.tensor(x.astype(dtype)).permute(0, 3, 1, 2).contiguous()
      pictures[task, dtype] = rows
  tasks = {'ascent': ascent, 'gradients': gradients, 'statistics': statistics}
  for line in sys.stdin:
    task, dtype = line.split()
    images = pictures[task, dtype]
    found = tasks[task](networks[dtype], images, sizes)
    np.save(folder / f'{task}.npy', found)
    print('done', flush=True)


if __name__ == '__main__':
  main()
