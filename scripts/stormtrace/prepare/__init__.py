"""Raw files to canonical fields, to the grid, to samples and their statistics.

clock          moments, and when files without times start
dataset        a dataset of the study: where its files are, how its fields come about
derivations    how a field comes about from a raw variable
sources        the conventions of each source
raw            raw files: found, understood by their times, read
mesh           the points and cells they come on
regridding     from the mesh to a grid: the regridding matrix
plan           the steps of a year, and the records each is made from
needed_variables  what a field needs beside its own raw variable
needed_files   the files that a job opens
vertical       integrals and interpolation between levels
columns        both, for a block of records
fields         derivations turned into fields on the mesh
units          units of raw variables
fill_missing   missing values, filled from the nearest point
sample_making  samples of a year
moments        means and deviations that can be merged
statistics     mean and standard deviation of fields over samples
check          a check of all raw files, and its findings
"""
