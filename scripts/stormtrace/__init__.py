"""Stormtrace: atmospheric rivers and tropical cyclones in climate data, from raw files to a report.

One package a stage, in the order of the flow::

    study         the four tables of YAML, merged and checked
    planet        the mini planet of the demo and the tests
    prepare       raw files -> fields -> grid -> samples -> statistics
    labels        annotations -> labelled samples
    network       weights -> a network that runs
    learn         labelled samples -> a model and its scores
    detect        a network or a recipe of thresholds looks at samples -> masks
    track         masks -> objects -> events
    climate       masks and events -> frequency, comparisons, composites
    attribution   what share of a field falls under events
    verification  events against those that others observed
    results       what is in the files that figures and the report show
    figures       every drawing
    report        one page

Under them all `formats`, what is in a file, and `grids`. Which package may import which is in
tests/test_rooms.py.
"""

__version__ = "0.1.0"
