"""Neurons wired into whole models."""
