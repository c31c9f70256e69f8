"""Stormtrace: atmospheric rivers and tropical cyclones in climate data, from raw files to a report.

One package a stage, in the order of the flow::

    study    the four tables of YAML, merged and checked
    planet   the mini planet of the demo and the tests
    prepare  raw files -> fields -> grid -> samples -> statistics
    learn    samples with labels -> a model and its scores
    detect   a model looks at samples -> masks
    track    masks -> objects -> events
    map      masks and events -> frequency, figures, the report
"""

__version__ = "0.1.0"
