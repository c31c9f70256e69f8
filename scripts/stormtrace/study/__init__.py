"""The four tables of the study: read, merged (like), checked; what the rules look things up in."""
