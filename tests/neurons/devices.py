"""Devices that programs are lowered for, which need not be there."""

import inspect
from typing import Any

import jax


def gpu_mesh() -> jax.sharding.AbstractMesh:
  """Returns a mesh of one GPU."""
  kind: list[Any] = ['NVIDIA H100 80GB HBM3', 132]
  if 'platform' in inspect.signature(jax.sharding.AbstractDevice).parameters:
    kind.append('gpu')  # from JAX 0.10.1 on
  device = jax.sharding.AbstractDevice(*kind)
  return jax.sharding.AbstractMesh((1,), ('x',), abstract_device=device)
