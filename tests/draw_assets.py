"""Draw the pictures of tests/assets: `python -m tests.draw_assets [FOLDER]`.

`pictures/` are sound, `broken/` are not. What is committed is what this script draws; a test
compares the two by their pixels, because encoders of another version write other bytes.
"""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from tests import scenes

ASSETS = Path(__file__).parent / "assets"

_PHOTOGRAPHS: dict[str, scenes.Scene] = {
    "hills": scenes.hills,
    "sea": scenes.sea,
    "forest": scenes.forest,
    "dunes": scenes.dunes,
    "city": scenes.city,
    "marble": scenes.marble,
    "lights": scenes.lights,
    "ball": scenes.ball,
    "flower": scenes.flower,
    "lake": scenes.lake,
}
_EXIF_ORIENTATION = 0x0112


def draw(folder: Path) -> None:
    """Write every picture below the folder, over what is there."""
    pictures = folder / "pictures"
    broken = folder / "broken"
    for path in (pictures, broken):
        path.mkdir(parents=True, exist_ok=True)
    photographs = {name: to_image(scene()) for name, scene in _PHOTOGRAPHS.items()}
    for name, image in photographs.items():
        image.save(pictures / f"{name}.jpg", quality=80)
    _draw_near_duplicates(pictures, photographs)
    _draw_turned(pictures, photographs["hills"])
    _draw_formats(pictures)
    _draw_without_structure(pictures)
    photographs["sea"].save(pictures / "lying-webp.jpg", format="WEBP", quality=75)
    _draw_broken(broken, photographs["dunes"])


def to_image(picture: scenes.Array) -> Image.Image:
    """Return the scene as an image of 8 bits a channel."""
    return Image.fromarray(np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def _draw_near_duplicates(folder: Path, photographs: dict[str, Image.Image]) -> None:
    """Each is named for the photograph it looks like and for what was done to it."""
    for name in ("hills", "sea", "city", "lake"):
        image = photographs[name]
        half = image.resize((scenes.WIDTH // 2, scenes.HEIGHT // 2), Image.Resampling.LANCZOS)
        half.save(folder / f"{name}-half.jpg", quality=80)
    for name in ("hills", "forest", "flower"):
        photographs[name].save(folder / f"{name}-recompressed.jpg", quality=30)
    photographs["ball"].save(folder / "ball-recompressed.webp", quality=40)
    for name in ("hills", "dunes"):
        edge = scenes.WIDTH // 60
        box = (edge, edge, scenes.WIDTH - edge, scenes.HEIGHT - edge)
        photographs[name].crop(box).save(folder / f"{name}-cropped.jpg", quality=75)
    for name in ("hills", "lights"):
        brighter = ImageEnhance.Brightness(photographs[name]).enhance(1.15)
        brighter.save(folder / f"{name}-brighter.jpg", quality=75)
    photographs["marble"].convert("L").save(folder / "marble-grey.jpg", quality=70)


def _draw_turned(folder: Path, image: Image.Image) -> None:
    for angle, turn in (
        (90, Image.Transpose.ROTATE_90),
        (180, Image.Transpose.ROTATE_180),
        (270, Image.Transpose.ROTATE_270),
    ):
        image.transpose(turn).save(folder / f"hills-turned-{angle}.jpg", quality=70)
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(folder / "hills-mirrored.jpg", quality=70)
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = 6  # stored a quarter turn to the left of how it is to be seen
    sideways = image.transpose(Image.Transpose.ROTATE_90)
    sideways.save(folder / "hills-exif-oriented.jpg", quality=70, exif=exif)


def _draw_formats(folder: Path) -> None:
    shapes = to_image(scenes.shapes()).resize((160, 120), Image.Resampling.NEAREST)
    shapes.save(folder / "shapes.png")
    shapes.save(folder / "shapes.webp", lossless=True)
    shapes.save(folder / "shapes.tiff", compression="tiff_lzw")
    palette = shapes.quantize(8, dither=Image.Dither.NONE)
    palette.save(folder / "shapes.gif")
    palette.save(folder / "shapes.bmp")
    frames = [palette.rotate(angle) for angle in (0, 120, 240)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:], duration=200)
    shapes.convert("CMYK").save(folder / "cmyk.jpg", quality=75)
    to_image(scenes.gradient()).save(folder / "gradient.jpg", quality=75)
    translucent = shapes.convert("RGBA")
    translucent.putalpha(Image.linear_gradient("L").resize(shapes.size))
    translucent.save(folder / "alpha.png")


def _draw_without_structure(folder: Path) -> None:
    for name, colour in (("white.png", "white"), ("black.jpg", "black"), ("red.gif", "red")):
        Image.new("RGB", (64, 48), colour).save(folder / name)
    Image.new("RGBA", (64, 48), (0, 0, 0, 0)).save(folder / "transparent.png")


def _draw_broken(folder: Path, image: Image.Image) -> None:
    whole = io.BytesIO()
    image.save(whole, format="JPEG", quality=75)
    (folder / "truncated.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (folder / "not-a-picture.png").write_bytes(b"These bytes are words.\n")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS)
