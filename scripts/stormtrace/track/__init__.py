"""Masks -> objects (a connected piece of one class at one time) -> events (objects through time).

masks         mask files, checked once at the door
labelling     one mask -> runs -> objects; overlaps of one step with the next (compiled)
objects       the table of one year: how it is made, written and read
settings      the `tracking` block, its defaults for each rule
record        the tables of all years side by side, with the links over New Year and over gaps
rules         links -> events: graph, climatenet, components
events        the tables of events and of their objects
regions       events that touch, start in or end in a region
outputs       Parquet, CSV, GeoJSON, CF trajectories
pixels        the cells of tracked events, for maps and masks
"""
