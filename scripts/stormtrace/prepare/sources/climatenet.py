"""ClimateNet: labelled samples that already have the canonical fields; their time is a text."""

from stormtrace.prepare.sources.vocabulary import Vocabulary

VOCABULARY = Vocabulary({name: {"take": name} for name in ("TMQ", "U850", "V850", "PSL")})
