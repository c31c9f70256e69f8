"""The page of the land-model emulator, run on the real CLM5 ensemble."""

import numpy as np

from real_data import real_data
from test_documents import ROOT, blocks

PAGE = ROOT / "docs" / "examples" / "land_emulator.md"


def test_the_page_gives_the_published_skill_and_importance(tmp_path, monkeypatch):
    (tmp_path / "clm5_ppe").symlink_to(real_data("clm5_ppe"))
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    monkeypatch.chdir(tmp_path)
    page = {}
    exec("\n".join(text for _, text in blocks(PAGE, "python")), page)

    # Published, five-fold: GPP .92 and more, LHF .96 and more of the first mode.
    assert page["skill"]["GPP"][0] > 0.95 and page["skill"]["LHF"][0] > 0.96
    np.testing.assert_allclose(page["skill"]["GPP"], [0.97, 0.89, 0.69], atol=0.02)
    np.testing.assert_allclose(page["skill"]["LHF"], [0.98, 0.99, 0.97], atol=0.02)

    def ranked(way, name, mode):
        lost = {column: loss[mode] for column, loss in page[way][name].items()}
        return sorted(lost, key=lost.get, reverse=True)

    for way in ("held_out", "as_published"):
        assert ranked(way, "GPP", 0)[0] == "kmax"
        assert ranked(way, "GPP", 1)[0] == "medlynslope"
        assert set(ranked(way, "LHF", 0)[:2]) == {"medlynslope", "kmax"}
        assert ranked(way, "LHF", 1)[0] == "dint"
        assert ranked(way, "LHF", 2)[0] == "fff"
