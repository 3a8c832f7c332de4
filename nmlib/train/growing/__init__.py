"""Classifiers that grow dendrites while they train."""
