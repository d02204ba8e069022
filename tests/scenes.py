"""Pictures made of arithmetic: scenes with as much structure as photographs have.

Every function returns the same pixels wherever it runs, up to rounding: the only randomness is
numpy's legacy generator, whose stream is frozen. Arrays are (height, width, 3), floats from 0 to 1.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

WIDTH = 480
HEIGHT = 360

Array = NDArray[np.float64]
Scene = Callable[[], Array]

# How far down and across each point is; the picture is 1 high.
_down, _across = np.mgrid[0 : 1 : complex(HEIGHT), 0 : 4 / 3 : complex(WIDTH)]


def colour(code: int) -> Array:
    """Return a colour written as 0xRRGGBB."""
    return np.array([code >> 16 & 255, code >> 8 & 255, code & 255], dtype=float) / 255.0


def noise(seed: int, *, octaves: int = 5, cells: int = 3) -> Array:
    """Return smooth clouds of values around 0.5, shape (height, width)."""
    random = np.random.RandomState(seed)
    total = np.zeros((HEIGHT, WIDTH))
    weight = 0.5 / (1 - 0.5**octaves)
    for _ in range(octaves):
        grid = random.random_sample((cells + 2, 2 * cells + 2))
        total += weight * _smooth(grid, _down * cells, _across * cells)
        cells, weight = 2 * cells, weight / 2
    return total


def hills() -> Array:
    """A low sun over four ridges, the nearer the darker."""
    picture = mix(0x27406B, 0xF6B26B, _down * 1.4)
    picture = paint(picture, 0xFFF1C9, disc(0.95, 0.38, 0.09))
    for ridge, code in enumerate((0x8A6E8C, 0x5F5478, 0x3B3D5C, 0x171C2E)):
        edge = 0.42 + 0.14 * ridge + 0.3 * (noise(ridge + 1, cells=2)[0] - 0.5)
        picture = paint(picture, code, _down > edge)
    return grain(picture, 1)


def sea() -> Array:
    """Waves that grow toward the eye, with the moon and its path of light."""
    depth = np.clip(_down - 0.4, 0.02, None)
    waves = np.sin(9 / depth + 6 * noise(11, cells=4)) * np.sin(_across * 14 / depth**0.5)
    water = mix(0x10324A, 0x4FA3B5, 0.4 + 0.35 * waves)
    path = np.exp(-(((_across - 0.4) / (0.05 + depth * 0.3)) ** 2)) * (waves > 0.1)
    water = paint(water, 0xF4F1DE, 0.8 * path)
    sky = mix(0x0B1026, 0x5C6B9C, _down * 2.2 + 0.5 * (noise(12) - 0.5))
    return grain(
        paint(np.where((_down > 0.4)[..., None], water, sky), 0xF4F1DE, disc(0.4, 0.17, 0.07)), 2
    )


def forest() -> Array:
    """Trunks of three depths in a green haze."""
    picture = mix(0xDDE8B9, 0x3C5A2A, _down + 0.6 * (noise(21) - 0.5))
    random = np.random.RandomState(22)
    for code, count, width in ((0x7C8F62, 14, 0.012), (0x4A5538, 9, 0.025), (0x1F2418, 5, 0.05)):
        for centre, lean in random.random_sample((count, 2)):
            axis = centre * 4 / 3 + 0.1 * (lean - 0.5) * _down
            picture = paint(picture, code, np.abs(_across - axis) < width * (0.7 + 0.3 * _down))
    return grain(picture, 3)


def dunes() -> Array:
    """Sand with a lit and a shaded side, under a bare sky."""
    picture = mix(0x4C86C6, 0xE9E1C8, _down * 2)
    for dune in range(4):
        bend = noise(31 + dune, octaves=2, cells=2)[0]
        edge = 0.3 + 0.18 * dune + 0.35 * (bend - 0.5)
        slope = np.gradient(bend) * 60
        sand = mix(0xF2C879, 0xA5622D, 0.5 + slope + 0.5 * (_down - edge))
        picture = np.where((_down > edge)[..., None], sand, picture)
    return grain(picture, 4)


def city() -> Array:
    """Towers at night, some windows lit."""
    picture = mix(0x0A0F24, 0x7A3B5E, _down)
    random = np.random.RandomState(41)
    lit = random.random_sample((60, 80)) > 0.55
    windows = lit[(_down * 59).astype(int), (_across * 59).astype(int)]
    windows &= ((_down * 59 % 1) > 0.35) & ((_across * 59 % 1) > 0.4)
    for left, top, width in zip(
        np.arange(13) * 0.11 - 0.03, *random.random_sample((2, 13)), strict=True
    ):
        tower = (
            (_across > left) & (_across < left + 0.06 + 0.07 * width) & (_down > 0.15 + 0.6 * top)
        )
        picture = paint(picture, 0x161A2B, tower)
        picture = paint(picture, 0xFFD27F, tower & windows)
    return grain(picture, 5)


def marble() -> Array:
    """Veins of dark green in a pale stone."""
    veins = np.abs(np.sin(8 * _across + 5 * _down + 9 * noise(51, cells=2)))
    return grain(mix(0x1D4A3F, 0xE6E2D3, veins**0.4), 6)


def lights() -> Array:
    """Coloured lights out of focus."""
    picture = mix(0x120A1C, 0x2A1B3D, _down)
    random = np.random.RandomState(61)
    colours = (0xFF7F50, 0xFFD166, 0x06D6A0, 0x4CC9F0, 0xF72585)
    for number, (x, y, size) in enumerate(random.random_sample((34, 3))):
        spot = 0.55 * disc(x * 4 / 3, y, 0.02 + 0.1 * size**2)
        picture = paint(picture, colours[number % 5], spot)
    return grain(picture, 7)


def ball() -> Array:
    """A shaded ball on a tiled floor."""
    depth = 1 / np.clip(_down - 0.45, 0.01, None)
    tiles = (np.floor((_across - 0.66) * depth * 1.5) + np.floor(depth * 1.5)) % 2
    floor = paint(mix(0xD9CFC1, 0x6B4F3A, tiles), 0x9FB3C8, np.clip(depth / 30, 0, 1))
    picture = np.where((_down > 0.45)[..., None], floor, mix(0x6E8FB5, 0x9FB3C8, _down * 2))
    picture = paint(picture, 0x2A1E17, 0.6 * disc(0.82, 0.8, 0.2) * (_down > 0.72))
    light = np.hypot(_across - 0.6, _down - 0.42) / 0.36
    shaded = mix(0xFFE3D5, 0x8C1C13, light)
    return grain(np.where(disc(0.7, 0.55, 0.24)[..., None] > 0, shaded, picture), 8)


def flower() -> Array:
    """A flower of nine petals, seen from above."""
    angle = np.arctan2(_down - 0.5, _across - 0.6)
    radius = np.hypot(_down - 0.5, _across - 0.6)
    picture = mix(0x2F5D3A, 0x7FA650, noise(81))
    petals = radius < 0.26 + 0.16 * np.abs(np.cos(4.5 * angle))
    petal = mix(0xFFE5EC, 0xC9184A, radius * 2 + 0.15 * np.cos(27 * angle))
    picture = np.where(petals[..., None], petal, picture)
    centre = mix(0x5C3A00, 0xFFC300, noise(82, cells=14, octaves=2))
    return grain(np.where((radius < 0.11)[..., None], centre, picture), 9)


def lake() -> Array:
    """A peak with snow and its reflection."""
    height = np.where(_down < 0.55, _down, 1.1 - _down + 0.01 * np.sin(_down * 160))
    edge = 0.12 + 0.5 * np.abs(_across - 0.8) + 0.3 * (noise(91, cells=3)[0] - 0.5)
    snow = height < edge + 0.12 + 0.15 * (noise(92, cells=6) - 0.5)
    rock = np.where(snow[..., None], colour(0xF1F5F9), mix(0x4A5568, 0x1F2933, height * 1.5))
    picture = np.where((height > edge)[..., None], rock, mix(0x3B82C4, 0xDCEBF7, height * 1.8))
    return grain(paint(picture, 0x14364F, 0.45 * (_down > 0.55)), 10)


def gradient() -> Array:
    """A ramp from corner to corner."""
    return mix(0x001219, 0xE9D8A6, (_across * 0.75 + _down) / 2)


def shapes() -> Array:
    """Few flat colours, so that every format can hold it exactly."""
    picture = mix(0xF8F9FA, 0xF8F9FA, _down)
    picture = paint(picture, 0x264653, (_across < 0.5) & (_down < 0.45))
    picture = paint(picture, 0xE76F51, disc(0.9, 0.55, 0.3) > 0)
    picture = paint(picture, 0x2A9D8F, (_down > 0.6) & (_across < 0.9 - _down * 0.4))
    return paint(picture, 0xE9C46A, np.abs(_down - 0.3 - _across * 0.3) < 0.04)


def mix(first: int, second: int, share: Array) -> Array:
    """Return the second colour where the share is 1, the first where it is 0."""
    weight = np.clip(share, 0, 1)[..., None]
    return colour(first) * (1 - weight) + colour(second) * weight


def paint(picture: Array, code: int, where: Array | NDArray[np.bool_]) -> Array:
    """Return the picture with a colour laid over it, as densely as `where` says."""
    weight: Array = np.clip(np.asarray(where, dtype=float), 0, 1)[..., None]
    return picture * (1 - weight) + colour(code) * weight


def disc(x: float, y: float, radius: float) -> Array:
    """Return 1 inside the disc and 0 outside; the picture is 4/3 wide and 1 high."""
    return np.asarray(np.hypot(_across - x, _down - y) < radius, dtype=float)


def grain(picture: Array, seed: int) -> Array:
    """Return the picture with a little noise, as from a sensor."""
    random = np.random.RandomState(1000 + seed)
    return np.asarray(picture + 0.03 * (random.random_sample((HEIGHT, WIDTH, 1)) - 0.5))


def _smooth(grid: Array, y: Array, x: Array) -> Array:
    """Interpolate the grid's values, with no slope at its points."""
    row, column = y.astype(int), x.astype(int)
    down, right = (3 * part**2 - 2 * part**3 for part in (y - row, x - column))
    top = grid[row, column] * (1 - right) + grid[row, column + 1] * right
    bottom = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
    return np.asarray(top * (1 - down) + bottom * down)
