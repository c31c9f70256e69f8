"""From masks and events to frequencies, comparisons and composites; nothing is drawn here.

counting          steps of each class by month and cell, from the masks of a year
event_counting    the same from tracked events; where they begin and end
all_years         the counts of all years in one file
frequency         maps of any period from it
comparison        second minus first, by the names of classes, on one grid
significance      bootstrap by year, false discovery rate
composites        fields while a class is present, and why their contribution changes
series            lines and distributions: the numbers of figures and report
hovmoller         latitude and month along a coast
landfall          events that reach a coast
event_tables      events of one class, density of their beginnings and ends
basins            ocean basins
time_coverage     the record of an experiment in dates and words
seasons           months, seasons, expected steps
sample_files      samples of the times of masks
"""
