"""The pictures inside of other files: covers of songs and books, previews of documents."""

import io
from typing import Any

from dam.errors import NoDecoderError, UnreadablePictureError
from dam.media.file_type.recognition import media_type
from dam.media.image.decoders import PICTURE_TYPES
from dam.media.image.entry import small_picture
from dam.media.limits import MediaLimits


def small_cover(content: bytes, limits: MediaLimits) -> Any:  # noqa: ANN401 - the type would import Pillow
    """Return a picture that is inside of another file, as `small_picture` does.

    Raises:
        NoDecoderError: It is of a type of pictures that no decoder reads, such as WMF.
        UnreadablePictureError: It is damaged, or no picture at all.
        ItemError: As of `small_picture`.
    """
    found = media_type(io.BytesIO(content))
    if found in PICTURE_TYPES:
        try:
            return small_picture(io.BytesIO(content), limits, found)
        except UnreadablePictureError as error:
            raise UnreadablePictureError(f"{error.picture_format} cover", error.reason) from error
    if found.startswith("image/"):
        raise NoDecoderError(f"covers of type {found}")
    raise UnreadablePictureError("cover", f"its bytes are of type {found}")
