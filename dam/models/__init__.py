"""The components and tables of the project, one class a file; importing this package maps all."""

from dam.models.conceptual.base_conceptual_info_component import BaseConceptualInfoComponent
from dam.models.conceptual.base_variant_info_component import BaseVariantInfoComponent
from dam.models.conceptual.comic_book_concept_component import ComicBookConceptComponent
from dam.models.conceptual.comic_book_term_component import ComicBookTermComponent
from dam.models.conceptual.comic_book_variant_component import ComicBookVariantComponent
from dam.models.conceptual.comic_info_element_component import ComicInfoElementComponent
from dam.models.conceptual.page_link import PageLink
from dam.models.core.file_location_component import (
    IN_ARCHIVE,
    IN_STORE,
    REFERENCED,
    FileLocationComponent,
)
from dam.models.core.plugin_table import PluginTable
from dam.models.core.trashed_component import TrashedComponent
from dam.models.core.world_identity import WorldIdentity
from dam.models.hashes.content_hash_md5_component import ContentHashMD5Component
from dam.models.hashes.content_hash_sha1_component import ContentHashSHA1Component
from dam.models.hashes.content_hash_sha256_component import ContentHashSHA256Component
from dam.models.hashes.content_hashes import CONTENT_HASHES, ContentHash
from dam.models.hashes.image_perceptual_ahash_component import ImagePerceptualAHashComponent
from dam.models.hashes.image_perceptual_dhash_component import ImagePerceptualDHashComponent
from dam.models.hashes.image_perceptual_hash_component import ImagePerceptualHashComponent
from dam.models.hashes.image_perceptual_phash_component import ImagePerceptualPHashComponent
from dam.models.processing.needs_comic_import_component import NeedsComicImportComponent
from dam.models.processing.needs_content_analysis_component import NeedsContentAnalysisComponent
from dam.models.processing.needs_metadata_extraction_component import (
    NeedsMetadataExtractionComponent,
)
from dam.models.processing.needs_search_entry_component import NeedsSearchEntryComponent
from dam.models.properties.audio_properties_component import AudioPropertiesComponent
from dam.models.properties.audio_tags_component import AudioTagsComponent
from dam.models.properties.camera_properties_component import CameraPropertiesComponent
from dam.models.properties.container_properties_component import ContainerPropertiesComponent
from dam.models.properties.document_properties_component import DocumentPropertiesComponent
from dam.models.properties.document_text_component import DocumentTextComponent
from dam.models.properties.duration_component import DurationComponent
from dam.models.properties.file_metadata_component import FileMetadataComponent
from dam.models.properties.file_properties_component import FilePropertiesComponent
from dam.models.properties.frame_properties_component import FramePropertiesComponent
from dam.models.properties.geo_position_component import GeoPositionComponent
from dam.models.properties.image_dimensions_component import ImageDimensionsComponent
from dam.models.properties.image_format_component import ImageFormatComponent
from dam.models.properties.stated_text_component import StatedTextComponent
from dam.models.properties.taken_at_component import TakenAtComponent
from dam.models.properties.video_properties_component import VideoPropertiesComponent
from dam.models.search.saved_query import SavedQuery
from dam.models.search.search_change import search_changes
from dam.models.search.search_entry_component import (
    WORDS_VECTOR,
    SearchEntryComponent,
    is_index_of_words,
)
from dam.models.search.search_triggers import (
    mark_for_search,
    unwatch_tables,
    watch_tables,
    watched_columns,
    watched_tables,
)
from dam.models.source_info.content_successor_component import ContentSuccessorComponent
from dam.models.source_info.original_source_info_component import OriginalSourceInfoComponent
from dam.models.source_info.pending_source_removal_component import PendingSourceRemovalComponent
from dam.models.source_info.sidecar_component import SidecarComponent
from dam.models.tags.entity_tag_link_component import EntityTagLinkComponent
from dam.models.tags.tag_concept_component import TagConceptComponent
from dam.models.tags.tag_name_component import TagNameComponent
from dam.models.tags.tag_parent_component import TagParentComponent

SCHEMA_REVISION = "0016"
"""The Alembic revision that matches these models; a test compares it with the migrations' head."""

__all__ = [
    "CONTENT_HASHES",
    "IN_ARCHIVE",
    "IN_STORE",
    "REFERENCED",
    "SCHEMA_REVISION",
    "WORDS_VECTOR",
    "AudioPropertiesComponent",
    "AudioTagsComponent",
    "BaseConceptualInfoComponent",
    "BaseVariantInfoComponent",
    "CameraPropertiesComponent",
    "ComicBookConceptComponent",
    "ComicBookTermComponent",
    "ComicBookVariantComponent",
    "ComicInfoElementComponent",
    "ContainerPropertiesComponent",
    "ContentHash",
    "ContentHashMD5Component",
    "ContentHashSHA1Component",
    "ContentHashSHA256Component",
    "ContentSuccessorComponent",
    "DocumentPropertiesComponent",
    "DocumentTextComponent",
    "DurationComponent",
    "EntityTagLinkComponent",
    "FileLocationComponent",
    "FileMetadataComponent",
    "FilePropertiesComponent",
    "FramePropertiesComponent",
    "GeoPositionComponent",
    "ImageDimensionsComponent",
    "ImageFormatComponent",
    "ImagePerceptualAHashComponent",
    "ImagePerceptualDHashComponent",
    "ImagePerceptualHashComponent",
    "ImagePerceptualPHashComponent",
    "NeedsComicImportComponent",
    "NeedsContentAnalysisComponent",
    "NeedsMetadataExtractionComponent",
    "NeedsSearchEntryComponent",
    "OriginalSourceInfoComponent",
    "PageLink",
    "PendingSourceRemovalComponent",
    "PluginTable",
    "SavedQuery",
    "SearchEntryComponent",
    "SidecarComponent",
    "StatedTextComponent",
    "TagConceptComponent",
    "TagNameComponent",
    "TagParentComponent",
    "TakenAtComponent",
    "TrashedComponent",
    "VideoPropertiesComponent",
    "WorldIdentity",
    "is_index_of_words",
    "mark_for_search",
    "search_changes",
    "unwatch_tables",
    "watch_tables",
    "watched_columns",
    "watched_tables",
]
