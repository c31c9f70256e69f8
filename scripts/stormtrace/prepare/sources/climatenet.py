"""ClimateNet: labelled samples that already have the canonical fields; their time is a text."""

FIELDS = {name: {"take": name} for name in ("TMQ", "U850", "V850", "PSL")}
