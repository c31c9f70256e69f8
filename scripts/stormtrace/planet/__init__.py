"""The mini planet: a small synthetic Earth in CESM's, MERRA-2's and ClimateNet's file formats."""
