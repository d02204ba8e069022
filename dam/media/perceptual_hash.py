"""Perceptual hashes of one small bitmap, and whether it has enough structure to be hashed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dam.media.image import PerceptualHashes

_LANCZOS: Final = Image.Resampling.LANCZOS
_SIDE, _KEPT = 32, 8
_FREQUENCY, _SAMPLE = np.arange(_KEPT)[:, None], np.arange(_SIDE)[None, :]
_DCT: Final = 2 * np.cos(np.pi * _FREQUENCY * (2 * _SAMPLE + 1) / (2 * _SIDE))

# Symmetric drawings have coefficients of exactly the median. Floating point puts these a hair above
# or below it, another way on every machine; here they are not above.
_ROUNDING = 1e-6

# Rounding pixels to whole grey levels alone moves a coefficient by 18 (one standard deviation):
# four times this is no accident. Of 64 coefficients, pictures of one colour, ramps and bands keep
# at most 9 above it, the flattest of 400 real pictures kept 28.
_CERTAIN_COEFFICIENT = 64.0
_CERTAIN_NEEDED = 16


def hash_bitmap(grey: Image.Image) -> tuple[PerceptualHashes, bool]:
    """Return the hashes of a bitmap, and whether it has the structure that makes them useful.

    Args:
        grey: Mode `L`, any size.

    Source: Zauner 2010; the same bits as `imagehash.phash`, `average_hash` and `dhash`, save for
    bits of `phash` that are ties and accidents there.
    """
    frequencies = _low_frequencies(grey)
    deviations = frequencies - np.median(frequencies)
    mean_pixels = np.asarray(grey.resize((8, 8), _LANCZOS))
    step_pixels = np.asarray(grey.resize((9, 8), _LANCZOS))
    hashes = PerceptualHashes(
        phash=_pack(deviations > _ROUNDING),
        ahash=_pack(mean_pixels > mean_pixels.mean()),
        dhash=_pack(step_pixels[:, 1:] > step_pixels[:, :-1]),
    )
    certain = np.count_nonzero(np.abs(deviations) >= _CERTAIN_COEFFICIENT)
    return hashes, bool(certain >= _CERTAIN_NEEDED)


def _low_frequencies(grey: Image.Image) -> NDArray[np.float64]:
    pixels = np.asarray(grey.resize((_SIDE, _SIDE), _LANCZOS), dtype=np.float64)
    frequencies: NDArray[np.float64] = _DCT @ pixels @ _DCT.T
    return frequencies


def _pack(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
