"""Labelled samples before anything is learned from them: faults, and agreement of experts."""
