"""The classes of the planet's events: ClimateNet's, and their codes in masks and labels."""

from stormtrace.classes import CLIMATENET_LABELS, Classes

CLASSES = Classes.of_labels(CLIMATENET_LABELS)
CYCLONE = CLASSES["Tropical Cyclone"].code
RIVER = CLASSES["Atmospheric River"].code
