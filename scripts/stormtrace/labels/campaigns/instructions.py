"""What the organiser of a campaign does with its folder: its README."""

from collections.abc import Sequence

from stormtrace.labels.campaigns.campaign_block import LOCAL_FILES, Campaign


def instructions(campaign: Campaign, legends: Sequence[str]) -> str:
    """Return the README of a campaign, Markdown. legends: what is on each page."""
    pages = "\n".join(f"{number}. {text}" for number, text in enumerate(legends, 1))
    shown = (
        f"Detections of `{campaign.annotate}` are shown to correct"
        + (", redrawn by the network of `assist`" if campaign.assist else "")
        + ": delete what is wrong, erase and add with the brush, draw what is missing."
        if campaign.annotate
        else "Nothing is drawn beforehand."
    )
    sure = (
        "\n- With a region selected, say how sure you are: " + ", ".join(campaign.confidence) + "."
        if campaign.confidence
        else ""
    )
    classes = ", ".join(f'"{label}": {label}' for label in campaign.labels[1:])
    labels = ", ".join(campaign.labels)
    local = campaign.address == LOCAL_FILES
    return f"""# {campaign.title or campaign.name}

{campaign.times} times of `{campaign.dataset}` on the grid `{campaign.grid}`, to be labelled in
Label Studio.

| file | |
|---|---|
| `labelling.xml` | the labelling interface: classes, colours, confidence, legends |
| `tasks.json` | the tasks: pictures of each time, and pre-annotations |
| `pictures/` | a picture of each field and time: a pixel is a cell, north is up |
| `times.csv` | which picture is of which time: needed for the import |
| `campaign.json` | how this was made |

## Start

Copy `times.csv` now to where it stays: this folder is made again when the campaign changes in
the study.
{_LOCAL if local else _ELSEWHERE.format(address=campaign.address)}
## Label

The fields are pages of one picture:

{pages}

- {shown} Draw on any page: all pages show the same cells. Pre-annotations are on page 1.{sure}
- A time without any feature is submitted empty: an empty label is a label.

## Import

Export as JSON (not JSON-MIN), and add to the study:

```yaml
datasets:
  {campaign.name}:
    source: annotations
    dataset: {campaign.dataset}
    grid: {campaign.grid}
    labels: [{labels}]
    test_period: [FIRST, FIRST_NO_LONGER]      # these times are for tests
    annotations:
      - format: label-studio
        files: "FOLDER/*.json"                 # the exports
        classes: {{{classes}}}
        times: {{table: FOLDER/times.csv}}
```

`dataset: {campaign.name}` in a model of the study then learns from them.
"""


_LOCAL = """
1. Start Label Studio where this folder is (it serves the folder of all campaigns, here `..`):

       export LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true
       export LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT="$(cd .. && pwd)"
       label-studio start

2. Create a project; in Settings, Labeling Interface, Code: paste `labelling.xml`.
3. Settings, Cloud Storage, Add Source Storage, Local Files: the absolute path of this folder's
   `pictures`. Save it and do not synchronise: it only allows the pictures to be shown.
4. Import `tasks.json`.
"""

_ELSEWHERE = """
1. Put the files of `pictures/` where `{address}` leads.
2. Create a project in Label Studio; in Settings, Labeling Interface, Code: paste `labelling.xml`.
3. Import `tasks.json`.
"""
