"""Raw files to canonical fields, to the grid, to samples and their statistics.

clock          moments, and when files without times start
dataset        a dataset of the study: where its files are, how its fields come about
verbs          what can be done with raw variables: a class each
derivations    how a field comes about: the entry in YAML, by its verb
field_quantities  what a field is: units, possible values, behaviour in a mirror
sources        the conventions of each source
raw            raw files: found, understood by their times, read
mesh           the points and cells they come on
regridding     from the mesh to a grid: the regridding matrix
plan           the steps of a year, and the records each is made from
needed_variables  what a field needs beside its own raw variable
needed_files   the files that a job opens
vertical       integrals and interpolation between levels
air_layers     the layers of air that an integral sums over
vorticity      relative vorticity on rows and columns, or on other points
columns        interpolation, for a block of records
column_integrals  integrals and transports, likewise
running_totals  amounts since a forecast began, which are not summed
fields         derivations turned into fields on the mesh
field_units    units carried through a derivation
field_attributes  what samples say of their fields
fill_missing   missing values, filled from the nearest point
sample_making  samples of a year
unwritten_samples  samples made from raw files as they are read
years_of_samples  folders of samples, or raw files in their place
climatology_fitting  a mean and harmonics of the year, for anomalies
zonal_fitting  mean, deviation and quantiles by month and latitude band
percentile_fitting, cell_percentiles  percentiles by cell, in bounded memory
moments        means and deviations that can be merged
statistics     mean and standard deviation of fields over samples
trial          mesh, matrices, first and last steps, made as the jobs do
labelled_folders  a check of folders of labelled samples
check, findings  a check of all raw files, and how it is printed
"""
