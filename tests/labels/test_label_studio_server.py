"""The loop with a genuine Label Studio: masks, tasks, what people submit, export, import: the same."""

import os
import time
from pathlib import Path

import numpy as np

from annotation_files import imported
from browser import open_browser
from campaign_files import GRID, campaign_of, field_source, import_block, made, write_detections
from campaign_files import masks_at as truth_at
from label_studio_server import PASSWORD, USER, serving

#: Regions in the list, the choice Low, and the button Submit, in JavaScript.
REGIONS = (
    "[...document.querySelectorAll('[class*=outliner] *')].filter(one => !one.children.length"
    " && ['Atmospheric River', 'Tropical Cyclone'].includes(one.textContent.trim()))"
)
LOW = (
    "[...document.querySelectorAll('label')].find(one => one.textContent.trim().startsWith('Low'))"
)
SUBMIT = "[...document.querySelectorAll('button')].find(one => one.textContent.trim() === 'Submit')"


def test_masks_come_back_from_the_server_bit_by_bit(tmp_path):
    """All but the last task by its API, the last as an expert does: opened, submitted."""
    campaigns = tmp_path / "campaigns"
    with serving(tmp_path / "data", campaigns) as server:
        detections, masks = write_detections(tmp_path)
        source = field_source(tmp_path)
        campaign = campaign_of(annotate="control")
        times, written = made(campaigns, source, campaign, detections=detections)
        folder = campaigns / campaign.name
        project = server.make_project(folder)
        tasks = server.tasks(project)
        assert [task["data"] for task in tasks] == [task["data"] for task in written]
        for page in tasks[0]["data"]["pages"]:  # the server shows the pictures
            assert server.read(page) == (folder / "pictures" / Path(page).name).read_bytes()
        for task in tasks[:-1]:
            (prediction,) = task["predictions"]
            server.call(
                "POST", f"/api/tasks/{task['id']}/annotations/", {"result": prediction["result"]}
            )
        submit_in_browser(server, project, tasks[-1]["id"], tmp_path / "page.png")
        exported = server.export(project, tmp_path / "export.json")
    store = imported(GRID, import_block(folder, exported))
    (who,) = {who for _, who in store.labellings}
    found = np.array([store.read((time, who))[0] for time in times])
    np.testing.assert_array_equal(found, truth_at(masks, times))
    assert not store.record.dropped
    last = tasks[-1]["predictions"][0]["result"]
    assert store.record.proposed == len(last)  # of what the browser submitted, nothing was changed
    confidence = store.read((times[-1], who))[1]
    assert confidence is not None and set(np.unique(confidence)) == {np.float32(0.33), 1.0}


def submit_in_browser(server, project, task, picture):
    """Open a task, say of the first region that it is unsure, and submit it; keep what was seen."""
    with open_browser() as browser:
        browser.call(
            "Emulation.setDeviceMetricsOverride",
            width=1400, height=1000, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        browser.call("Page.navigate", url=f"{server.address}/user/login/")
        browser.wait("document.querySelector('input[name=password]')")
        browser.evaluate(
            f"document.querySelector('input[name=email]').value = '{USER}';"
            f"document.querySelector('input[name=password]').value = '{PASSWORD}';"
            "document.querySelector('form').submit()"
        )
        browser.wait("!location.pathname.startsWith('/user/login')")
        browser.call("Page.navigate", url=f"{server.address}/projects/{project}/data?task={task}")
        browser.wait(f"document.querySelector('canvas') && {REGIONS}.length > 1")
        for _ in range(20):  # the page may lay itself out anew and forget what was chosen
            time.sleep(1)
            browser.evaluate(f"{REGIONS}[0].click()")
            time.sleep(1)
            browser.evaluate(f"{LOW}?.querySelector('input').click()")
            time.sleep(1)
            if browser.evaluate(f"{LOW}?.querySelector('input').checked"):
                break
        browser.screenshot(Path(os.environ.get("STORMTRACE_LABELLING_PAGE", picture)))
        sizes = "[...document.images].map(one => [one.naturalWidth, one.naturalHeight].join())"
        assert "36,24" in browser.evaluate(sizes)
        browser.evaluate(f"{SUBMIT}.click()")
        browser.wait(f"!({SUBMIT})")
        time.sleep(1)
