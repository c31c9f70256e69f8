from stormtrace.grids import make_grid
from stormtrace.grids.common_area import cover_alike


def test_grids_of_other_steps_cover_the_same():
    globe, fine = make_grid({"nlat": 19, "nlon": 36}), make_grid({"gaussian": 32})
    box, like = ({"box": [180, 255, 20, 65], "step": step} for step in (1.25, 2.5))
    assert cover_alike(globe, fine)
    assert cover_alike(make_grid(box), make_grid(like))


def test_parts_of_the_globe_are_not_alike():
    """A box and its neighbour of the same size; a polar grid and the globe around it."""
    first, second = ({"box": [west, west + 60, 20, 60], "step": 2} for west in (120, 180))
    assert not cover_alike(make_grid(first), make_grid(second))
    polar = make_grid({"projection": "north-polar", "cells": 48})
    assert cover_alike(polar, polar)
    assert not cover_alike(polar, make_grid({"nlat": 19, "nlon": 36}))
