"""What features bring: the share of a field, and of its extremes, that falls in or near a class.

amounts            units and intervals of a field: precipitation in mm/day, whatever the file has
extremes           what is extreme, and how many values are enough
threshold_fitting  percentiles by cell, of all or wet steps or days, by season
near               the cells of a class, or within a distance (km) and a lag (h) of it
yearly_sums        sums of one year by month: all, in each class, in none; the same of extremes
regional_sums      those sums over regions and bands of latitude
shares             shares by region, season and year, with intervals by year
changes            why what a class brings differs between two experiments: frequency, intensity
"""
