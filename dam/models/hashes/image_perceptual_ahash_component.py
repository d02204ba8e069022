"""The perceptual hash that `imagehash` calls ahash."""

from dam.models.hashes.image_perceptual_hash_component import ImagePerceptualHashComponent


class ImagePerceptualAHashComponent(ImagePerceptualHashComponent, kw_only=True):
    """The average hash: one bit a pixel, set if it is brighter than the mean."""

    __tablename__ = "component_image_perceptual_ahash"
