"""Raw files: found, understood by their times, and read.

classic_entries  large variables of classic netCDF, read from where they lie
opened         a raw file, opened: dimensions, variables, attributes
raw_formats    netCDF, Zarr, GRIB and zips, opened
forecast_times files by forecast, along the times that their values are of
degrees        latitudes and longitudes in degrees, whatever their units
horizontal     the latitudes and longitudes of a variable
variable_layout  which dimension is time, levels, points
found_files    files on disk by the patterns of a dataset
named_dates    dates in file names, compared with the times inside
calendar_time  seconds since an epoch in CF's calendars
time_stamps    the times of a file as they are written
time_bounds    the bounds of times, believed or refused
time_methods   instants, means, minima, maxima, sums
time_axis      when the records of a file are, of all these
inventory      all records of a variable, by their times
archive        the files of a dataset, each opened once for its header
time_agreement whether the times of several variables go together
matching       expected steps and the records they are made from
level_values   what the coordinate of levels holds: pressures, or something else
level_order    which way levels run, and which is which
coefficients   of hybrid levels, whole and in order
formula_terms  these coefficients in a file, by CF's, CMOR's and CAM's names
hybrid_levels  the coefficients put to a variable's levels; ECMWF's by their numbers
coordinate     the vertical coordinate of a variable: hybrid, constant or varying pressure
reader         values of records, in the order of the mesh
"""
