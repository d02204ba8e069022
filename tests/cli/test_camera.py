"""What cameras have written, as people and programs get it from the command."""

import math

import pytest

from dam.cli.toolkit.photo_texts import camera_text, exposure_text
from dam.services.summary_service import CameraSummary
from tests.command_line import DamCli
from tests.media.camera.blocks import jpeg_with_exif, text, tiff
from tests.systems.test_camera import CANON, picture_with


@pytest.mark.slow
def test_camera_time_and_place_are_shown(dam_cli: DamCli) -> None:
    path = dam_cli.home / "boat.jpg"
    path.write_bytes(picture_with(jpeg_with_exif(CANON)))
    dam_cli("add-asset", path)
    lines = dam_cli("show", "1").stdout.splitlines()
    facts = {name: value for _, name, value in (line.split(maxsplit=2) for line in lines)}
    assert facts["camera"] == "Canon EOS 5D, 1/250 s, f/2.8, ISO 400"
    assert facts["taken"] == "2024-05-17T12:30:05+02:00, 48.850000, 2.350000"
    assert facts["title"] == "A boat"
    assert facts["tags"] == "rating=4"
    assert len(facts) == 8
    names = "taken_at,exposure_time_s,iso,latitude,camera_model"
    (found,) = dam_cli("search", "gps:48.85,2.35", "--fields", names, "--json").json
    assert found == {
        "taken_at": "2024-05-17T12:30:05.250000+02:00",
        "exposure_time_s": 0.004,
        "iso": 400,
        "latitude": 48.85,
        "camera_model": "Canon EOS 5D",
    }
    shown = dam_cli("search", "camera:canon", "--fields", names).stdout.split()
    assert shown[:3] == ["2024-05-17T12:30:05+02:00", "1/250", "400"]
    template = "{taken_at} {f_number} {keywords}|"
    line = dam_cli("list", "--format", template).stdout
    assert line == "2024-05-17T12:30:05+02:00 2.8 |\n"
    fault = dam_cli("search", "gps:Paris")
    assert (fault.returncode, fault.stderr.splitlines()[0]) == (
        2,
        "error: query, position 4: found 'Paris', expected latitude, longitude and a distance, "
        "as in 48.85,2.35,10km",
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.004, "1/250"), (1 / 3, "0.3"), (0.3, "1/3"), (2.5, "2.5"), (30, "30"), (1e-6, "1/1000000")],
)
def test_exposures_are_fractions_of_a_second(seconds: float, expected: str) -> None:
    assert exposure_text(seconds) == expected


@pytest.mark.parametrize("seconds", [1e-320, 0.0, -1.0, 1e300, math.inf, -math.inf, math.nan])
def test_every_number_that_is_stored_is_shown(seconds: float) -> None:
    assert exposure_text(seconds)


@pytest.mark.slow
def test_a_long_value_is_cut_where_people_read_it(dam_cli: DamCli) -> None:
    path = dam_cli.home / "boat.jpg"
    path.write_bytes(picture_with(jpeg_with_exif(tiff([text(0x10F, "M" * 9000)]))))
    dam_cli("add-asset", path)
    (line,) = [each for each in dam_cli("show", "1").stdout.splitlines() if "camera" in each]
    assert line.split()[-1:] == ["all)"]
    assert line.count("M") == 500
    assert "M" * 9000 in dam_cli("show", "1", "--raw").stdout


def test_a_maker_is_named_once() -> None:
    nothing = dict.fromkeys(("lens", "exposure_time_s", "f_number", "iso", "focal_length_mm"))
    makers = ("NIKON CORPORATION", "NIKON D70"), ("SONY", "DSC-RX100"), ("Canon", None)
    shown = [
        camera_text(CameraSummary(make=make, model=model, **nothing)) for make, model in makers
    ]
    assert shown == ["NIKON D70", "SONY DSC-RX100", "Canon"]
