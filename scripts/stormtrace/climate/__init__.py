"""Masks and events to frequency, genesis, comparisons, figures and the report."""
