"""From masks and events to frequencies, comparisons and composites; nothing is drawn here.

counting          steps of each class by month and cell, from the masks of a year
crossings         entries of fronts into cells
near_blank        what counts are doubted for
event_counting    the same from tracked events; where they begin and end
all_years         the counts of all years in one file
frequency         maps of any period from it
comparison        second minus first, by the names of classes, on one grid
decomposition     what each input field contributes to it
significance      bootstrap by year, false discovery rate
year_maps         counts of all years that a bootstrap draws from, on disk
composites        fields while a class is present, and why their contribution changes
series            lines and distributions: the numbers of figures and report
hovmoller         latitude and month along a coast
landfall          events that reach a coast
event_tables      events of one class, density of their beginnings and ends
time_coverage     the record of an experiment in dates and words
seasons           months, seasons, expected steps
sample_files      samples of the times of masks
"""
