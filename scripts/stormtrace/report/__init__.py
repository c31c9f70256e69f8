"""The report: one self-contained page that answers the study's questions."""
