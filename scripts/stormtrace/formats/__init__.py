"""File formats: what a file is called and holds, each written and read in one place.

netcdf, own_end, classic, file_kinds    netCDF at the door; files that are damaged, or no netCDF
axes, class_axis, month_axis            grids, classes and months in our own files
units, quantities                       units as others spell them; what a field can be
samples …, labelled …                   fields of one time; the same with labels, as ClimateNet's
masks, mask_…, kept_runs                class codes of a year, and their runs
objects, tables, tracks, track_texts    objects and events
counts, frequencies, …_maps             what is counted and compared
climatologies, zonal_…, percentile_maps what is computed from all samples
json_files, xml_files, pieces           files of other kinds
"""
