"""Fused forms of BDH for CPU, GPU and TPU."""
