"""Masks -> objects (a connected piece of one class at one time) -> events (objects through time).

The modules, in the order of the flow::

    masks         mask files, checked once at the door
    runs          a mask -> runs -> components (compiled)
    measures      area, centroid and bounding box of components (compiled)
    labelling     one step after the other, each linked with the last
    objects       the objects of a year
    objects_file  the file that holds them
    intensity     fields inside objects
    settings      the `tracking` block, its defaults for each rule
    record        the tables of all years side by side
    reading       objects files -> a record
    overlaps      what any two objects share
    bridging      links over New Year and over gaps
    rules         links -> events: graph, climatenet, components
    identifiers   IDs that do not change when years are added
    events        the tables of events and of their objects
    regions       events that touch, start in or end in a region
    outputs       Parquet, CSV, GeoJSON, CF trajectories
    pixels        the cells of tracked events, for maps and masks
    painted       files of event IDs and of ARTMIP's tags
    sphere        points on the sphere
"""
