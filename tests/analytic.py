"""Fields on the sphere that interpolation is judged by (the ESMF literature's Y2,2 and Y32,16)."""

import numpy as np


def y2(lat, lon):
    return 2 + np.cos(np.radians(lat)) ** 2 * np.cos(2 * np.radians(lon))


def y32(lat, lon):
    return 2 + np.sin(2 * np.radians(lat)) ** 16 * np.cos(16 * np.radians(lon))


def errors(weights, mesh, target, law):
    """(greatest, root mean square) relative error of interpolating `law` from mesh to target."""
    truth = law(target.lat, target.lon)
    relative = (weights.shares @ law(mesh.lat, mesh.lon) - truth) / truth
    return np.abs(relative).max(), np.sqrt((relative**2).mean())
