"""Agents as stages, their policies read back, their rollouts as GIFs."""
