from pathlib import Path

from dam.media.decoder import Decoder
from dam.media.file_type.recognition import file_type
from dam.media.image.decoders import PICTURE_TYPES, installed_decoders


def test_every_decoder_that_is_missing_says_how_to_get_it() -> None:
    decoders = installed_decoders()

    assert {"pillow", "jpeg", "webp", "avif", "tiff", "heif", "jxl"} <= set(decoders)
    assert decoders["pillow"].available
    for decoder in decoders.values():
        assert decoder.available == (decoder.hint is None)
        assert decoder == Decoder(decoder.available, decoder.version, decoder.hint)


def test_every_drawn_asset_is_a_picture() -> None:
    for path in (Path(__file__).parents[2] / "assets/pictures").iterdir():
        assert file_type(path) in PICTURE_TYPES
