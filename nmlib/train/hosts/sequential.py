"""Seeds one after another instead of side by side, on every device its own."""

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import PartitionSpec as P


def sequential_vmap(function: Callable[..., Any]) -> Callable[..., Any]:
  """Makes `jax.vmap` of a function run its elements in turn.

  `jax.custom_batching.sequential_vmap` that also splits over devices. The same
  numbers. For what is slower side by side: networks whose weights together
  leave a CPU's caches, or intermediates too large to hold for every seed.
  Under a mesh with an axis `replica` the devices share the elements.
  Differentiate inside of it, not through it.

  Args:
    function: of arrays and pytrees of arrays.

  Returns:
    The function, to be vmapped once.
  """
  turned = jax.custom_batching.custom_vmap(function)

  @turned.def_vmap
  def rule(axis_size, in_batched, *args):
    leaves, tree = jax.tree.flatten(args)
    moves = jax.tree.leaves(in_batched)

    def share(moving, still):
      def one(moving):
        a, b = iter(moving), iter(still)
        return function(
            *jax.tree.unflatten(tree, [next(a if m else b) for m in moves])
        )

      return jax.lax.map(one, moving)

    pick = lambda kind: [
        x for x, m in zip(leaves, moves, strict=True) if m is kind
    ]
    mesh = jax.sharding.get_abstract_mesh()
    parts = mesh.shape.get('replica', 1)
    if parts > 1 and axis_size % parts == 0:
      share = jax.shard_map(
          share,
          in_specs=(P('replica'), P()),
          out_specs=P('replica'),
          check_vma=False,
      )
    result = share(pick(True), pick(False))
    return result, jax.tree.map(lambda _: True, result)

  return turned
