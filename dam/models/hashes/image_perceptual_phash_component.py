"""The perceptual hash that `imagehash` calls phash."""

from dam.models.hashes.image_perceptual_hash_component import ImagePerceptualHashComponent


class ImagePerceptualPHashComponent(ImagePerceptualHashComponent, kw_only=True):
    """The DCT hash: one bit for each low frequency, set if it is above their median."""

    __tablename__ = "component_image_perceptual_phash"
