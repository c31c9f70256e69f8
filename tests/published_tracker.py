"""The published ClimateNet tracker, written as plainly as possible: a slow oracle for tests.

Written from a description of what it does, cell by cell, with nothing in common with the library:
flood fill instead of runs, dense arrays instead of tables, one step after the other.
"""

import numpy as np

MINIMUM_STEPS = 5


def track(masks, minimum_pixels=250, pole_wrap=True):
    """Return the event of every cell, (time, lat, lon): IDs from 1000, or 0.

    The seam between the last column and the first is always closed; `pole_wrap` closes the one
    between the last row and the first, as published.
    """
    minimum_pixels = max(minimum_pixels, 2)
    events = np.zeros(masks.shape, int)
    next_id = 1000
    for step, mask in enumerate(masks):
        for component in components(mask, pole_wrap):
            if len(component) < minimum_pixels:
                continue
            identifier = 0
            if step > 0:
                for row, column in sorted(component):
                    same_class = masks[step - 1, row, column] == mask[row, column]
                    if same_class and events[step - 1, row, column]:
                        identifier = events[step - 1, row, column]
                        break
            if not identifier:
                identifier, next_id = next_id, next_id + 1
            for row, column in component:
                events[step, row, column] = identifier
    for identifier in range(1000, next_id):
        if sum((events == identifier).any(axis=(1, 2))) < MINIMUM_STEPS:
            events[events == identifier] = 0
    return events


def components(mask, pole_wrap):
    """Return the components of one step as lists of cells, in raster order of first cells."""
    nlat, nlon = mask.shape
    seen = np.zeros(mask.shape, bool)
    found = []
    for start in zip(*np.nonzero(mask), strict=True):
        if seen[start]:
            continue
        component, edge = [], [start]
        seen[start] = True
        while edge:
            row, column = edge.pop()
            component.append((row, column))
            for up in (-1, 0, 1):
                for right in (-1, 0, 1):
                    r, c = row + up, (column + right) % nlon
                    if not 0 <= r < nlat:
                        if not pole_wrap:
                            continue
                        r %= nlat
                    if not seen[r, c] and mask[r, c] == mask[start]:
                        seen[r, c] = True
                        edge.append((r, c))
        found.append(component)
    return found
