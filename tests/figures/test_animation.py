import numpy as np
import pytest

from make_results import CLASSES, MINI, dates_between, write_masks, write_samples
from script_runs import run_forked
from stormtrace.errors import BadInput
from stormtrace.figures.animation import make_painter, marks_of, range_of, write_film


def test_frames_are_north_up_with_outlines_where_the_mask_is():
    painter = make_painter(MINI, 0.0, 10.0)
    field = np.zeros(MINI.shape, np.float32)
    field[-1] = 10.0  # moist at the north pole
    mask = np.zeros(MINI.shape, np.int8)
    mask[9, 20:24] = 2
    marks = marks_of(CLASSES)
    frame = painter.paint(field, mask, marks)
    assert frame.shape[1] >= 1000
    assert frame.shape[0] % 2 == frame.shape[1] % 2 == 0  # what H.264 wants
    assert frame[2].mean() > 150 > 60 > frame[-3].mean()
    marked = np.argwhere((frame == marks[2]).all(axis=2))
    factor = frame.shape[1] // 36
    rows, columns = marked[:, 0] // factor, marked[:, 1] // factor
    assert set(rows) <= {8, 9, 10}
    assert columns.min() in (19, 20)
    assert columns.max() in (23, 24)
    # Within its outline a quarter of the class's colour lies over field and coasts; beyond, nothing.
    plain = painter.paint(field, np.zeros_like(mask), marks)
    inside = np.zeros(frame.shape[:2], bool)
    inside[factor * (MINI.shape[0] - 10) :][:factor, factor * 20 : factor * 24] = True
    within = inside & ~(frame == marks[2]).all(axis=2)
    assert within.sum() > 0.7 * inside.sum()
    assert (frame[within] == (plain[within].astype(int) * 3 + marks[2]) // 4).all()
    outside = ~inside & ~(frame == marks[2]).all(axis=2)
    assert (frame[outside] == plain[outside]).all()


def test_the_film_has_a_frame_a_step_and_browsers_can_play_it(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    dates = dates_between((2001, 1, 30), (2001, 2, 3), "noleap")
    mask = write_masks(tmp_path / "m.nc", 2001, dates, lambda s, _: np.zeros(MINI.shape, np.int8))
    samples = write_samples(
        tmp_path / "s", dates, lambda s, _: {"IVT": np.full(MINI.shape, s, np.float32)}
    )
    film = tmp_path / "film.mp4"
    run_forked("animate", "--samples", samples, "--mask", mask, "--field", "IVT", "--month", "1",
               "--output", film)  # fmt: skip
    frames, _seconds = imageio_ffmpeg.count_frames_and_secs(str(film))
    assert frames == 16  # two days of January
    details = next(imageio_ffmpeg.read_frames(str(film)))
    assert (details["codec"], details["pix_fmt"].split("(")[0]) == ("h264", "yuv420p")


def test_a_field_of_its_own_is_filmed_between_what_its_maps_hold():
    """A ramp from 100 to 200, and one twice as high: but for 0.5 % at either end."""
    ramp = np.linspace(100, 200, 1001, dtype=np.float32)
    assert range_of([ramp, 2 * ramp]) == pytest.approx((100.5, 399))
    assert range_of([np.full(9, 3.0)]) == (3, 4)


def test_other_films_are_refused(tmp_path):
    frame = np.zeros((10, 10, 3), np.uint8)
    with pytest.raises(BadInput, match=r"must be \.mp4 or \.webm, found film\.gif"):
        write_film(tmp_path / "film.gif", iter([frame]), 12)
    with pytest.raises(BadInput, match="no step to animate"):
        write_film(tmp_path / "film.mp4", iter([]), 12)
