"""What is doubtful of labels stands at the head of the page, not in a fold."""

from types import SimpleNamespace

from stormtrace.formats.json_files import write_json
from stormtrace.report.contents import Page
from stormtrace.report.label_findings import describe_labels


def test_doubts_of_labels_are_at_the_head(tmp_path):
    doubt = "2 of 9 files are of dates that train has too (2011-06-01)"
    facts = {"files": 9, "times": 9, "first": "2011-06-01-01", "last": "2011-06-09-01"}
    facts |= {"area_share": {"Background": 0.9, "Atmospheric River": 0.1}, "experts": None}
    folders = {
        "climatenet/train": facts | {"problems": [], "doubts": []},
        "climatenet/test": facts
        | {"problems": [{"file": "a.nc", "kind": "date", "detail": "x"}], "doubts": [doubt]},
    }
    write_json(tmp_path / "climatenet.json", {"folders": folders})
    labels = list(describe_labels([str(tmp_path / "climatenet.json")]))
    assert [folder.title for folder in labels] == ["climatenet, train", "climatenet, test"]
    page = SimpleNamespace(experiments=[], labels=labels)
    assert Page.doubts.fget(page) == [("Labels of climatenet, test", doubt)]
