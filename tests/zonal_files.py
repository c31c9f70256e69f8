"""Climatologies by month and latitude for tests, made by the script's own functions."""

from stormtrace.formats.labelled import attributes_of
from stormtrace.formats.samples import samples_by_time
from stormtrace.formats.zonal_climatologies import ZonalClimatology, write_zonal
from stormtrace.prepare.zonal_fitting import fit_zonal


def write_climatology_of(path, folder, field, match="moments", dataset="world"):
    """Write the climatology of a field of a folder of samples; return its path."""
    values, steps = fit_zonal([folder], field, match)
    first = next(iter(samples_by_time(folder).values()))
    units = attributes_of(first, [field]).get(field, {}).get("units", "1")
    write_zonal(path, ZonalClimatology(field, dataset, "g", match, units, values, steps), {})
    return path
