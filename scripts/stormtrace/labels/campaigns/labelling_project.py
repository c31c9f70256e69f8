"""A project of Label Studio: labelling interface, tasks with pre-annotations, instructions.

Fields are the pages of one `Image` (`valueList`). They share their pixels, and what is drawn on any
of them is imported as drawn on the same map. See docs/decisions/campaigns.md.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormtrace.classes import Classes, FeatureClass
from stormtrace.formats.sample_names import stamp
from stormtrace.labels.brush_rle import encode_brush
from stormtrace.labels.campaigns.campaign_block import Campaign
from stormtrace.labels.importers.label_studio import CONFIDENCE

#: Names of the controls and of the picture in the interface.
LABEL, IMAGE = "label", "image"

#: Powers in units.
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def interface(
    campaign: Campaign, classes: Classes, scales: Mapping[str, tuple[str, Sequence[str]]]
) -> str:
    """Return the labelling interface, Label Studio's XML.

    scales: field -> what its legend says, and its colours from lowest to highest.
    """
    labels = "\n".join(
        f'    <Label value="{_xml(one.name)}" background="{colour_of(one)}"/>'
        for one in classes.features
    )
    sure = "".join(f'\n    <Choice value="{_xml(word)}"/>' for word in campaign.confidence)
    asked = (
        f'\n  <Choices name="{CONFIDENCE}" toName="{IMAGE}" perRegion="true" choice="single-radio"'
        f' showInline="true">{sure}\n  </Choices>'
    )
    legends = "\n".join(
        f'    <View className="scale"><Header size="6" value="Page {page}: {_xml(said)}"/>'
        f'<View className="ramp ramp-{page}"/></View>'
        for page, (said, _) in enumerate(scales.values(), 1)
    )
    ramps = "\n".join(
        f"    .ramp-{page} {{ background: linear-gradient(to right, {', '.join(colours)}); }}"
        for page, (_, colours) in enumerate(scales.values(), 1)
    )
    return f"""<View>
  <Style>
    .scales {{ display: flex; flex-wrap: wrap; gap: 4px 28px; }}
    .scale * {{ font-size: 13px !important; margin: 0 !important; }}
    .ramp {{ height: 10px; width: 220px; }}
{ramps}
  </Style>
  <Header size="5" value="$time"/>
  <BrushLabels name="{LABEL}" toName="{IMAGE}" showInline="true">
{labels}
  </BrushLabels>{asked if campaign.confidence else ""}
  <Image name="{IMAGE}" valueList="$pages" zoom="true" zoomControl="true" brightnessControl="true"
    contrastControl="true" smoothing="false"/>
  <View className="scales">
{legends}
  </View>
</View>
"""


def legend(field: str, long_name: str, low: float, high: float, units: str) -> str:
    """Return what the legend of a field says: ``TMQ, total precipitable water: 0 … 70 kg m⁻²``."""
    raised = " ".join(word[:1] + word[1:].translate(RAISED) for word in units.split())
    named = f", {long_name[:1].lower()}{long_name[1:]}" if long_name else ""
    return f"{field}{named}: {low:g} … {high:g} {raised}".rstrip()


def picture_name(time: str, field: str) -> str:
    """Return the file name of a field's picture at a time."""
    return f"{stamp(time)}.{field}.png"


def task(
    campaign: Campaign, time: str, fields: Sequence[str], results: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the task of a time. results: of the pre-annotation; none, where there is none."""
    address = campaign.address.replace("{campaign}", campaign.name)
    made: dict[str, Any] = {
        "data": {
            "image": stamp(time),  # the name by which the table of times knows it
            "time": time.removesuffix(":00"),
            "pages": [f"{address}{picture_name(time, field)}" for field in fields],
        }
    }
    if campaign.annotate is not None:
        who = f"{campaign.annotate}{' with assistance' if campaign.assist else ''}"
        made["predictions"] = [{"model_version": who, "result": list(results)}]
    return made


def brush_results(
    masks: Iterator[tuple[FeatureClass, NDArray[np.bool_]]],
) -> Iterator[dict[str, Any]]:
    """Yield a region of Label Studio for each mask, (height, width) of the picture, north up."""
    for number, (feature, mask) in enumerate(masks, 1):
        yield {
            "id": f"{feature.key}-{number}",
            "type": "brushlabels",
            "from_name": LABEL,
            "to_name": IMAGE,
            "item_index": 0,
            "image_rotation": 0,
            "original_width": mask.shape[1],
            "original_height": mask.shape[0],
            "value": {
                "format": "rle",
                "rle": encode_brush(mask),
                "brushlabels": [feature.name],
            },
        }


def colour_of(feature: FeatureClass) -> str:
    """Return the colour of a class's regions."""
    return feature.colours[len(feature.colours) // 2]


def _xml(text: str) -> str:
    return html.escape(text, quote=True)
