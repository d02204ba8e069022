"""Texts for people of what cameras write: exposures as fractions, settings with their units."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dam.services.summary_service import CameraSummary, EntitySummary

_SHORTEST_FRACTION_S, _LONGEST_FRACTION_S = 1e-9, 0.3


def exposure_text(seconds: float) -> str:
    """Return an exposure as photographers write it: `1/250`, `0.5`, `30`."""
    if _SHORTEST_FRACTION_S <= seconds <= _LONGEST_FRACTION_S:
        return f"1/{round(1 / seconds):d}"
    return f"{round(seconds, 1):g}"


def camera_text(camera: "CameraSummary") -> str:
    """Return a camera and how it was set: `Canon EOS 5D, EF50mm f/1.8, 1/250 s, f/4, ISO 100`."""
    make, model = camera.make or "", camera.model or ""
    is_named = not make or make.split()[0].lower() in model.lower()
    parts = [
        model if is_named else f"{make} {model}".strip(),
        camera.lens or "",
        "" if camera.exposure_time_s is None else f"{exposure_text(camera.exposure_time_s)} s",
        "" if camera.f_number is None else f"f/{round(camera.f_number, 1):g}",
        "" if camera.iso is None else f"ISO {camera.iso}",
        "" if camera.focal_length_mm is None else f"{round(camera.focal_length_mm, 1):g} mm",
    ]
    return ", ".join(part for part in parts if part)


def place_text(one: "EntitySummary") -> str:
    """Return a place in degrees, and its height: `48.858400, 2.294500, 35 m`."""
    if one.latitude is None or one.longitude is None:
        return ""
    height = "" if one.altitude_m is None else f", {round(one.altitude_m):d} m"
    return f"{one.latitude:.6f}, {one.longitude:.6f}{height}"
