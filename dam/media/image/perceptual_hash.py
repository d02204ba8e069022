"""Perceptual hashes of a small bitmap, and whether it has enough structure for useful hashes."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dam.media.image.values import PerceptualHashes

_SIDE, _KEPT = 32, 8
_SIZES = (8, 8), (9, 8), (_SIDE, _SIDE)  # width and height, for the three hashes
_ENDS = 8, 17
_FREQUENCY, _SAMPLE = np.arange(_KEPT)[:, None], np.arange(_SIDE)[None, :]
_DCT: Final = 2 * np.cos(np.pi * _FREQUENCY * (2 * _SAMPLE + 1) / (2 * _SIDE))

# Pillow's Lanczos filter for 8-bit pixels: three lobes a side, weights with 22 binary places.
_LOBES, _ONE = 3, 1 << 22

# Symmetric drawings have coefficients exactly at the median. Floating point puts these slightly
# above or below it, differently on each machine; here they count as not above.
_ROUNDING = 1e-6

# Rounding pixels to whole grey levels already moves a coefficient by 18 (one standard deviation),
# so one that deviates by about four times as much does so because of the picture. Of the 64
# coefficients, at most 9 do so in pictures of one colour, ramps and bands; 28 did in the flattest
# of 400 real pictures.
_CERTAIN_COEFFICIENT = 64.0
_CERTAIN_NEEDED = 16


def hash_bitmap(grey: Image.Image) -> tuple[PerceptualHashes, bool]:
    """Return the hashes of a bitmap, and whether it has the structure that makes them useful.

    Args:
        grey: Mode `L`, any size.

    Source: Zauner 2010; the same bits as `imagehash.phash`, `average_hash` and `dhash`, except for
    bits of `phash` whose coefficient is at the median: there `imagehash` follows rounding errors.
    """
    mean_pixels, step_pixels, square = _resized(np.asarray(grey, dtype=np.float64))
    frequencies = _DCT @ square @ _DCT.T
    deviations = frequencies - _median(frequencies)
    hashes = PerceptualHashes(
        phash=_pack(deviations > _ROUNDING),
        ahash=_pack(mean_pixels > mean_pixels.mean()),
        dhash=_pack(step_pixels[:, 1:] > step_pixels[:, :-1]),
    )
    certain = np.count_nonzero(np.abs(deviations) >= _CERTAIN_COEFFICIENT)
    return hashes, bool(certain >= _CERTAIN_NEEDED)


def _median(coefficients: NDArray[np.float64]) -> float:
    """Return the median of an even number of values.

    `np.median` imports `numpy.ma`, for which a worker that starts takes longer than for Pillow.
    """
    half = coefficients.size // 2
    low, high = np.partition(coefficients, (half - 1, half), axis=None)[half - 1 : half + 1]
    return float((low + high) / 2)


def _resized(pixels: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the bitmap in three sizes, as `Image.resize` of Pillow 13 gives them with Lanczos.

    Pillow itself is not used, for two reasons. The order of its two passes has changed between
    versions, and with it a bit of some hashes. And it computes its weights anew for each picture,
    which takes longer than this.
    """
    rows, columns = pixels.shape
    wide = _levels(pixels @ _widths(columns))  # all three at once: one product instead of three
    sizes = []
    for (width, height), across in zip(_SIZES, np.split(wide, _ENDS, axis=1), strict=True):
        if rows > height and rows - height > 2 * (columns - width):
            sizes.append(_levels(_down(pixels, height) @ _lanczos(columns, width)))
        else:
            sizes.append(_down(across, height))
    return sizes


def _down(pixels: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    return _levels(_lanczos(pixels.shape[0], height).T @ pixels)


def _levels(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.floor(sums / _ONE + 0.5).clip(0, 255)


@lru_cache(maxsize=256)
def _widths(columns: int) -> NDArray[np.float64]:
    """Return the weights for the widths of all three sizes, side by side."""
    return np.hstack([_lanczos(columns, width) for width, _ in _SIZES])


@lru_cache(maxsize=1024)
def _lanczos(size: int, wanted: int) -> NDArray[np.float64]:
    """Return the weights that turn `size` pixels into `wanted`: whole numbers, one column a pixel.

    Sums of whole numbers below 2**53 are exact, so the order of addition does not matter.

    Returns:
        Shape (size, wanted).
    """
    scale = size / wanted
    stretch = max(scale, 1.0)
    weights = np.zeros((size, wanted))
    for column in range(wanted):
        centre = (column + 0.5) * scale
        first = max(int(centre - _LOBES * stretch + 0.5), 0)
        last = min(int(centre + _LOBES * stretch + 0.5), size)
        distances = (np.arange(first, last) - centre + 0.5) / stretch
        lobes = np.where(
            np.abs(distances) < _LOBES, np.sinc(distances) * np.sinc(distances / _LOBES), 0.0
        )
        weights[first:last, column] = lobes / lobes.sum()
    return np.trunc(weights * _ONE + np.copysign(0.5, weights))


def _pack(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
