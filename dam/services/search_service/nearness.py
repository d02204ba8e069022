"""Distances between places on the earth, and the box that has all places near to one."""

import math
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius; on a sphere of it, distances are at most 0.6 % too long or too short."""

Place = tuple[float, float]
"""Latitude and longitude in degrees, north and east positive."""

_SLACK_DEGREES = 1e-6


class Box(NamedTuple):
    """Bounds in degrees; `west` and `east` are None if the box goes around the earth."""

    south: float
    north: float
    west: float | None
    east: float | None


def distance_m(one: Place, other: Place) -> float:
    """Return the length of the shortest way between two places, in metres.

    Example: `distance_m((48.8584, 2.2945), (48.8530, 2.3499))` is about 4,100.
    """
    (north, east), (other_north, other_east) = (map(math.radians, each) for each in (one, other))
    over = math.sin((other_north - north) / 2) ** 2
    aside = math.sin((other_east - east) / 2) ** 2
    part = over + math.cos(north) * math.cos(other_north) * aside
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, part)))


def box_around(latitude: float, longitude: float, radius_m: float) -> Box:
    """Return a box that has every place within this many metres of a place.

    Example: `box_around(48.85, 2.35, 10_000)`.

    Args:
        latitude: Of the place, in degrees.
        longitude: Of the place, in degrees.
        radius_m: In metres.
    """
    angle = radius_m / EARTH_RADIUS_M
    degrees = math.degrees(angle) + _SLACK_DEGREES
    south, north = latitude - degrees, latitude + degrees
    if south <= -90 or north >= 90:  # noqa: PLR2004 - a pole is near, and so all longitudes are
        return Box(south, north, None, None)
    aside = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(latitude))))
    west, east = longitude - aside - _SLACK_DEGREES, longitude + aside + _SLACK_DEGREES
    if west < -180 or east > 180:  # noqa: PLR2004 - where longitudes begin anew
        return Box(south, north, None, None)
    return Box(south, north, west, east)
