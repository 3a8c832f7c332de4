"""Networks whose trained weights are read: real logits, names, sizes."""

import functools
import importlib.util
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from nmlib.data import weights
from nmlib.networks import efficientnet
from nmlib.networks import resnet
from nmlib.networks import transformer
from nmlib.networks import vit
from nmlib.neurons import sites
from tests.networks import recorded_vit

_RESNET = resnet.Config(3, (2, 1), (8, 16), 'bottleneck', 4)
_EFFICIENT = efficientnet.Config(
    3,
    (efficientnet.Stage(1, 3, 1, 1, 4), efficientnet.Stage(2, 5, 2, 2, 8)),
    4,
    6,
)


def _photographs(names):
  """Returns scikit-image's, the centre square at 224 pixels; or none."""
  package = importlib.util.find_spec('skimage')
  if package is None or package.origin is None:
    return {}
  folder = pathlib.Path(package.origin).parent / 'data'
  found = {}
  for name in names:
    for file in folder.glob(f'{name}.*'):
      image = Image.open(file).convert('RGB')
      side = min(image.size)
      left, top = ((size - side) // 2 for size in image.size)
      box = left, top, left + side, top + side
      square = image.crop(box).resize((224, 224), Image.Resampling.BICUBIC)
      found[name] = np.asarray(square)
  return found


def _noisy(init, config):
  params = init(jax.random.key(0), config)
  leaves, tree = jax.tree.flatten(params)
  return jax.tree.unflatten(
      tree,
      [
          leaf + 0.1 * np.random.default_rng(i).random(leaf.shape, np.float32)
          for i, leaf in enumerate(leaves)
      ],
  )


@pytest.mark.parametrize(
    'module,config',
    (
        (resnet, _RESNET), (efficientnet, _EFFICIENT),
        (vit, vit.Config(3, (2, 2), 2, 3, 2, 8, 2, 6)),
        (vit, vit.Config(0, (2, 2), 2, 3, 2, 8, 2, 6, layer_scale=True)),
    ),
)  # fmt: skip
def test_weights_go_out_and_in(module, config):
  params = _noisy(module.init, config)
  official = module.params_to_official(params, config)
  if module is vit and config.layer_scale:
    official = module.params_to_official(params, config, 'dinov2')
  found = module.params_from_official(official, config)
  jax.tree.map(np.testing.assert_array_equal, found, params)
  name = next(iter(official))
  with pytest.raises(ValueError, match=rf'missing \[\'{name}'):
    rest = {key: value for key, value in official.items() if key != name}
    module.params_from_official(rest, config)
  with pytest.raises(ValueError, match=f'array {name!r} must have shape'):
    module.params_from_official({**official, name: np.zeros(2)}, config)


def test_weights_of_the_official_jax_release():
  config = vit.Config(3, (2, 2), 4, 3, 2, 12, 3, 6)
  params = _noisy(vit.init, config)
  arrays = vit.params_to_official(params, config, 'npz')
  assert vit.config_from_official(arrays) == config
  block = 'Transformer/encoderblock_1'
  attention = f'{block}/MultiHeadDotProductAttention_1'
  shapes = {
      'embedding/kernel': (4, 4, 3, 12), 'cls': (1, 1, 12),
      f'{attention}/query/kernel': (12, 3, 4),
      f'{attention}/out/kernel': (3, 4, 12), f'{attention}/key/bias': (3, 4),
      f'{block}/MlpBlock_3/Dense_0/kernel': (12, 6), 'head/kernel': (12, 3),
  }  # fmt: skip
  assert {name: arrays[name].shape for name in shapes} == shapes
  found = vit.params_from_official(arrays, config)
  jax.tree.map(np.testing.assert_array_equal, found, params)


def test_configs_from_official():
  found = vit.config_from_official(
      dict(
          model_type='vit', hidden_size=192, num_hidden_layers=12,
          num_attention_heads=3, intermediate_size=768, image_size=384,
          patch_size=16, num_labels=10,
      )
  )  # fmt: skip
  assert found.grid == (24, 24) and found.epsilon == 1e-12
  assert found.num_classes == 10 and not found.layer_scale
  found = vit.config_from_official(
      dict(
          model_type='dinov2', hidden_size=384, num_hidden_layers=12,
          num_attention_heads=6, image_size=518,
      )
  )  # fmt: skip
  assert found.grid == (37, 37) and found.mlp_dim == 1536 and found.layer_scale
  with pytest.raises(ValueError, match='must be a multiple of patch_size=16'):
    vit.config_from_official(
        dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
             image_size=100)
    )  # fmt: skip
  lite = efficientnet.config_from_official({'name': 'efficientnet-lite0'})
  assert lite == efficientnet.Config() and len(lite.blocks) == 16
  big = efficientnet.config_from_official({'name': 'efficientnet-lite4'})
  assert [s.repeats for s in big.stages] == [1, 4, 4, 6, 6, 8, 1]
  assert [s.channels for s in big.stages] == [24, 32, 56, 112, 160, 272, 448]
  with pytest.raises(ValueError, match="name='b9' is not supported"):
    efficientnet.config_from_official({'name': 'b9'})
  fifty = resnet.config_from_official(
      dict(depths=[3, 4, 6, 3], hidden_sizes=[256, 512, 1024, 2048],
           layer_type='bottleneck')
  )  # fmt: skip
  shapes = jax.eval_shape(lambda: resnet.init(jax.random.key(0), fifty))
  sizes = [leaf.size for leaf in jax.tree.leaves(shapes)]
  # torchvision says 25,557,032; we also hold the statistics of 53 norms.
  norms = sum(
      2 * leaf.size
      for path, leaf in jax.tree_util.tree_leaves_with_path(shapes)
      if jax.tree_util.keystr(path).endswith('.mean')
  )
  assert sum(sizes) - norms == 25_557_032


def test_a_block_of_zero_kernels_passes_on_what_it_gets():
  params = resnet.init(jax.random.key(0), _RESNET)
  quiet = jax.tree.map(jnp.zeros_like, params.blocks[1].convolutions)
  params = params._replace(
      blocks=(
          params.blocks[0], params.blocks[1]._replace(convolutions=quiet),
          params.blocks[2],
      )
  )  # fmt: skip
  image = jax.random.normal(jax.random.key(1), (19, 16, 3))
  network = functools.partial(resnet.apply, config=_RESNET)
  names = ['resid_pre_1', 'resid_post_1', 'resid_post_2', 'conv_pre_stem']
  out, seen = sites.run(network, params, image, capture=names)
  np.testing.assert_array_equal(seen['resid_post_1'], seen['resid_pre_1'])
  assert seen['conv_pre_stem'].shape == (10, 8, 4)
  assert seen['resid_post_1'].shape == (5, 4, 8)
  assert seen['resid_post_2'].shape == (3, 2, 16)
  np.testing.assert_allclose(
      out.final, seen['resid_post_2'].mean((0, 1)), rtol=1e-6
  )


def test_vit_equals_the_recording_and_cuts_images_of_any_aspect():
  with jax.enable_x64(True):
    stored, params, config = recorded_vit.load()
    apply = jax.jit(jax.vmap(lambda x: vit.apply(params, x, config).logits))
    np.testing.assert_allclose(
        apply(stored['x']), stored['logits'], rtol=0, atol=1e-12
    )
  image = jnp.arange(4 * 6 * 2.0).reshape(4, 6, 2)
  cut = vit.patches(image, 2)
  assert cut.shape == (6, 8)
  np.testing.assert_array_equal(cut[4], image[2:4, 2:4].reshape(-1))
  with pytest.raises(ValueError, match='multiples of size=4, got 4 x 6'):
    vit.patches(image, 4)


def test_resized_positions_keep_the_class_token_and_linear_maps():
  config = vit.Config(3, (4, 4), 2, 1, 1, 8, 2)
  params = vit.init(jax.random.key(0), config)
  ramp = jnp.broadcast_to(jnp.arange(4.0)[:, None, None], (4, 4, 8))
  rows = jnp.concatenate([params.positions[:1], ramp.reshape(16, 8)])
  found, resized = vit.resize(params._replace(positions=rows), config, (8, 2))
  assert resized.grid == (8, 2) and found.positions.shape == (17, 8)
  np.testing.assert_array_equal(found.positions[0], params.positions[0])
  grid = found.positions[1:].reshape(8, 2, 8)
  np.testing.assert_allclose(np.diff(grid[1:-1, 0, 0]), 0.5, rtol=1e-6)
  out = vit.apply(found, jnp.ones((16, 4)), resized)
  assert out.final.shape == (8,)


def test_bad_input_of_vit_is_refused():
  config = vit.Config(3, (2, 2), 2, 1, 1, 8, 2)
  params = vit.init(jax.random.key(0), config)
  with pytest.raises(ValueError, match=r'patches must be \[N=4, pixels=4\]'):
    vit.apply(params, jnp.ones((5, 4)), config)
  with pytest.raises(ValueError, match=r'patches must be finite, got nan'):
    vit.apply(params, jnp.full((4, 4), jnp.nan), config)
  with pytest.raises(ValueError, match='width must be a multiple of num_heads'):
    vit.Config(3, (2, 2), 2, 1, 1, 8, 3)
  with pytest.raises(ValueError, match="needs output 'separate' or 'none'"):
    transformer.Config(5, embedding=False)
  bare = transformer.Config(
      5, 1, 8, 2, embedding=False, output='none', positions='none'
  )
  with pytest.raises(ValueError, match='start must be given'):
    transformer.apply(
        transformer.init(jax.random.key(0), bare), jnp.zeros(3, int), bare
    )


def test_efficientnet_lite0_names_photographs(data_folder):
  path = data_folder / 'efficientnet_lite0'
  if not path.exists():
    pytest.skip('NMLIB_DATA has no folder efficientnet_lite0')
  config = efficientnet.config_from_official({'name': 'efficientnet-lite0'})
  params = efficientnet.params_from_official(
      weights.load(path / 'model.safetensors'), config
  )
  with np.load(path / 'reference.npz') as stored:
    ramp, logits = stored['ramp'], stored['logits']
    features, names = stored['pooled_features'], stored['names'].tolist()
  images = {'ramp': ramp, **_photographs(names)}
  run = jax.jit(functools.partial(efficientnet.apply, config=config))
  for name, image in images.items():
    out = run(params, (jnp.asarray(image, jnp.float32) - 127) / 128)
    row = names.index(name)
    np.testing.assert_allclose(out.logits, logits[row], rtol=0, atol=5e-5)
    np.testing.assert_allclose(out.final, features[row], rtol=0, atol=5e-5)
