"""Stages that learn one thing after another."""
