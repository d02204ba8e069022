"""The perceptual hash that `imagehash` calls dhash."""

from dam.models.hashes.image_perceptual_hash_component import ImagePerceptualHashComponent


class ImagePerceptualDHashComponent(ImagePerceptualHashComponent, kw_only=True):
    """The difference hash: one bit a pixel, set if the pixel to its right is brighter."""

    __tablename__ = "component_image_perceptual_dhash"
