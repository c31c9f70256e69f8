"""What a mask's numbers mean (Prabhat et al. 2021, ClimateNet)."""

BACKGROUND, TC, AR = 0, 1, 2

#: Short name -> class code of the two features events are made of.
FEATURES = {"TC": TC, "AR": AR}

#: ClimateNet's own names, in the order of the codes; `labels` in a model's config.json.
LABELS = ("Background", "Tropical Cyclone", "Atmospheric River")


def flag_name(label: str) -> str:
    """``Tropical Cyclone`` → ``tropical_cyclone``: a label as one word of CF's `flag_meanings`."""
    return "_".join(label.lower().split())
