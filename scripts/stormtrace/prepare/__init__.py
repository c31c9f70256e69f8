"""Raw files to canonical fields, to the grid, to 3-hourly samples and their statistics."""
