"""Masks -> objects (a connected piece of one class at one time) -> events (objects through time).

The modules, in the order of the flow::

    runs            a mask -> runs -> components (compiled)
    measures        area, centroid, second moments and bounding box of components (compiled)
    labelling       one step after the other, each linked with the one before
    extents         bounding boxes in degrees
    shapes          length, width and orientation on the sphere
    object_finding  the objects of a year, as columns of its file (formats.objects)
    intensity       fields inside objects
    tracking        the `tracking` block, its defaults for each rule
    record          objects of several years, their steps and links
    joining         objects files -> a record
    linking         the record year by year, in the memory of two
    shared_cells    cells that any two objects share
    bridging        links over New Year and over gaps
    rules           links -> events: graph, climatenet, components
    identifiers     IDs that do not change when years are added
    events          the tables of events and of their objects (formats.tables, formats.tracks)
    event_files     the tables written while the years are linked
    regions         events that touch, start in or end in a region
    pixels          the cells of tracked events, for maps and masks (formats.event_maps)
"""
