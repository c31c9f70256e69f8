"""Labelled samples to a model (CGNet), its history and its scores."""
