BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0016');
CREATE TABLE component_audio_properties (
	codec VARCHAR(64), 
	sample_rate_hz INTEGER, 
	channels INTEGER, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_audio_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_audio_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_audio_properties" VALUES('codec-1',1,1,1);
INSERT INTO "component_audio_properties" VALUES('codec-2',2,2,2);
INSERT INTO "component_audio_properties" VALUES('codec-3',3,3,3);
CREATE TABLE component_audio_tags (
	artist VARCHAR, 
	album VARCHAR, 
	album_artist VARCHAR, 
	track INTEGER, 
	year INTEGER, 
	genre VARCHAR, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_audio_tags PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_audio_tags_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_audio_tags" VALUES('artist-1','album-1','album_artist-1',1,1,'genre-1',1);
INSERT INTO "component_audio_tags" VALUES('artist-2','album-2','album_artist-2',2,2,'genre-2',2);
INSERT INTO "component_audio_tags" VALUES('artist-3','album-3','album_artist-3',3,3,'genre-3',3);
CREATE TABLE component_camera_properties (
	make VARCHAR, 
	model VARCHAR, 
	lens VARCHAR, 
	exposure_time_s DOUBLE, 
	f_number DOUBLE, 
	iso INTEGER, 
	focal_length_mm DOUBLE, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_camera_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_camera_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_camera_properties" VALUES('make-1','model-1','lens-1',0.5,0.5,1,0.5,1);
INSERT INTO "component_camera_properties" VALUES('make-2','model-2','lens-2',1.0,1.0,2,1.0,2);
INSERT INTO "component_camera_properties" VALUES('make-3','model-3','lens-3',1.5,1.5,3,1.5,3);
CREATE TABLE component_comic_book_concept (
	comic_title VARCHAR NOT NULL, 
	series_title VARCHAR(500), 
	issue_number VARCHAR(64), 
	volume INTEGER, 
	issue_count INTEGER, 
	publication_year INTEGER, 
	publication_month INTEGER, 
	publication_day INTEGER, 
	publisher VARCHAR, 
	imprint VARCHAR, 
	age_rating VARCHAR(64), 
	name VARCHAR(500) NOT NULL, 
	description VARCHAR, 
	entity_id INTEGER NOT NULL, title_key VARCHAR(500), volume_text VARCHAR(64), publication_format VARCHAR(64), 
	CONSTRAINT pk_component_comic_book_concept PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_comic_book_concept_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_comic_book_concept" VALUES('comic_title-1','series_title-1','issue_number-1',1,1,1,1,1,'publisher-1','imprint-1','age_rating-1','name-1','description-1',1,'title_key-1','volume_text-1','publication_format-1');
INSERT INTO "component_comic_book_concept" VALUES('comic_title-2','series_title-2','issue_number-2',2,2,2,2,2,'publisher-2','imprint-2','age_rating-2','name-2','description-2',2,'title_key-2','volume_text-2','publication_format-2');
INSERT INTO "component_comic_book_concept" VALUES('comic_title-3','series_title-3','issue_number-3',3,3,3,3,3,'publisher-3','imprint-3','age_rating-3','name-3','description-3',3,'title_key-3','volume_text-3','publication_format-3');
CREATE TABLE component_comic_book_term (
	kind VARCHAR(64) NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	position INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_comic_book_term PRIMARY KEY (id), 
	CONSTRAINT fk_component_comic_book_term_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_comic_book_term_entity_id_kind_position UNIQUE (entity_id, kind, position)
);
INSERT INTO "component_comic_book_term" VALUES('kind-1','name-1',1,1,1);
INSERT INTO "component_comic_book_term" VALUES('kind-2','name-2',2,2,2);
INSERT INTO "component_comic_book_term" VALUES('kind-3','name-3',3,3,3);
CREATE TABLE component_comic_book_variant (
	language VARCHAR(64), 
	format VARCHAR(64), 
	scan_quality VARCHAR, 
	variant_description VARCHAR, 
	scan_group VARCHAR, 
	reading_direction VARCHAR(64), 
	conceptual_entity_id INTEGER, 
	is_primary_variant BOOLEAN NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_comic_book_variant PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_comic_book_variant_conceptual_entity_id FOREIGN KEY(conceptual_entity_id) REFERENCES entities (id) ON DELETE RESTRICT, 
	CONSTRAINT fk_component_comic_book_variant_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_comic_book_variant" VALUES('language-1','format-1','scan_quality-1','variant_description-1','scan_group-1','reading_direction-1',1,0,1);
INSERT INTO "component_comic_book_variant" VALUES('language-2','format-2','scan_quality-2','variant_description-2','scan_group-2','reading_direction-2',2,1,2);
INSERT INTO "component_comic_book_variant" VALUES('language-3','format-3','scan_quality-3','variant_description-3','scan_group-3','reading_direction-3',3,0,3);
CREATE TABLE component_comic_info_element (
	position INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR NOT NULL, 
	is_markup BOOLEAN NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_comic_info_element PRIMARY KEY (id), 
	CONSTRAINT fk_component_comic_info_element_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_comic_info_element_entity_id_position UNIQUE (entity_id, position)
);
INSERT INTO "component_comic_info_element" VALUES(1,'name-1','value-1',0,1,1);
INSERT INTO "component_comic_info_element" VALUES(2,'name-2','value-2',1,2,2);
INSERT INTO "component_comic_info_element" VALUES(3,'name-3','value-3',0,3,3);
CREATE TABLE component_container_properties (
	container VARCHAR(32) NOT NULL, 
	bit_rate INTEGER, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_container_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_container_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_container_properties" VALUES('container-1',1,1);
INSERT INTO "component_container_properties" VALUES('container-2',2,2);
INSERT INTO "component_container_properties" VALUES('container-3',3,3);
CREATE TABLE component_content_hash_md5 (
	digest BLOB NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_content_hash_md5 PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_content_hash_md5_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_content_hash_md5" VALUES(X'0101010101010101',1);
INSERT INTO "component_content_hash_md5" VALUES(X'0202020202020202',2);
INSERT INTO "component_content_hash_md5" VALUES(X'0303030303030303',3);
CREATE TABLE component_content_hash_sha1 (
	digest BLOB NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_content_hash_sha1 PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_content_hash_sha1_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_content_hash_sha1" VALUES(X'0101010101010101',1);
INSERT INTO "component_content_hash_sha1" VALUES(X'0202020202020202',2);
INSERT INTO "component_content_hash_sha1" VALUES(X'0303030303030303',3);
CREATE TABLE component_content_hash_sha256 (
	digest BLOB NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_content_hash_sha256 PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_content_hash_sha256_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_content_hash_sha256_digest UNIQUE (digest)
);
INSERT INTO "component_content_hash_sha256" VALUES(X'0101010101010101',1);
INSERT INTO "component_content_hash_sha256" VALUES(X'0202020202020202',2);
INSERT INTO "component_content_hash_sha256" VALUES(X'0303030303030303',3);
CREATE TABLE component_content_successor (
	successor_entity_id INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, mtime_ns INTEGER, 
	CONSTRAINT pk_component_content_successor PRIMARY KEY (id), 
	CONSTRAINT fk_component_content_successor_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_component_content_successor_successor_entity_id FOREIGN KEY(successor_entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_content_successor_entity_id_successor_entity_id UNIQUE (entity_id, successor_entity_id)
);
INSERT INTO "component_content_successor" VALUES(1,1,1,1);
INSERT INTO "component_content_successor" VALUES(2,2,2,2);
INSERT INTO "component_content_successor" VALUES(3,3,3,3);
CREATE TABLE component_document_properties (
	page_count INTEGER, 
	is_encrypted BOOLEAN NOT NULL, 
	created_at DATETIME, 
	modified_at DATETIME, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_document_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_document_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_document_properties" VALUES(1,0,'2026-01-01 00:00:00.000000','2026-01-01 00:00:00.000000',1);
INSERT INTO "component_document_properties" VALUES(2,1,'2026-01-02 00:00:00.000000','2026-01-02 00:00:00.000000',2);
INSERT INTO "component_document_properties" VALUES(3,0,'2026-01-03 00:00:00.000000','2026-01-03 00:00:00.000000',3);
CREATE TABLE component_document_text (
	text VARCHAR NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_document_text PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_document_text_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_document_text" VALUES('text-1',1);
INSERT INTO "component_document_text" VALUES('text-2',2);
INSERT INTO "component_document_text" VALUES('text-3',3);
CREATE TABLE component_duration (
	duration_s DOUBLE NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_duration PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_duration_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_duration" VALUES(0.5,1);
INSERT INTO "component_duration" VALUES(1.0,2);
INSERT INTO "component_duration" VALUES(1.5,3);
CREATE TABLE component_entity_tag_link (
	tag_entity_id INTEGER NOT NULL, 
	source VARCHAR(32) NOT NULL, 
	system VARCHAR(255) NOT NULL, 
	value VARCHAR, 
	number DOUBLE, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_entity_tag_link PRIMARY KEY (id), 
	CONSTRAINT fk_component_entity_tag_link_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_component_entity_tag_link_tag_entity_id FOREIGN KEY(tag_entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_entity_tag_link UNIQUE (entity_id, tag_entity_id, source, system)
);
INSERT INTO "component_entity_tag_link" VALUES(1,'source-1','system-1','value-1',0.5,1,1);
INSERT INTO "component_entity_tag_link" VALUES(2,'source-2','system-2','value-2',1.0,2,2);
INSERT INTO "component_entity_tag_link" VALUES(3,'source-3','system-3','value-3',1.5,3,3);
CREATE TABLE "component_file_location" (
	storage VARCHAR(32) NOT NULL, 
	path BLOB, 
	path_digest BLOB, 
	path_text VARCHAR, 
	size_bytes INTEGER, 
	mtime_ns INTEGER, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	container_entity_id INTEGER, ctime_ns INTEGER, device INTEGER, inode INTEGER, 
	CONSTRAINT pk_component_file_location PRIMARY KEY (id), 
	CONSTRAINT fk_component_file_location_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_file_location_path_digest UNIQUE (path_digest), 
	CONSTRAINT fk_component_file_location_container_entity_id FOREIGN KEY(container_entity_id) REFERENCES entities (id) ON DELETE RESTRICT
);
INSERT INTO "component_file_location" VALUES('storage-1',X'0101010101010101',X'0101010101010101','path_text-1',1,1,1,1,1,1,1,1);
INSERT INTO "component_file_location" VALUES('storage-2',X'0202020202020202',X'0202020202020202','path_text-2',2,2,2,2,2,2,2,2);
INSERT INTO "component_file_location" VALUES('storage-3',X'0303030303030303',X'0303030303030303','path_text-3',3,3,3,3,3,3,3,3);
CREATE TABLE component_file_metadata (
	"values" VARCHAR NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_file_metadata PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_file_metadata_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_file_metadata" VALUES('{"values":1}',1);
INSERT INTO "component_file_metadata" VALUES('{"values":2}',2);
INSERT INTO "component_file_metadata" VALUES('{"values":3}',3);
CREATE TABLE component_file_properties (
	size_bytes INTEGER NOT NULL, 
	name BLOB NOT NULL, 
	name_text VARCHAR NOT NULL, 
	media_type VARCHAR(255), 
	entity_id INTEGER NOT NULL, description_recipe INTEGER, described_by VARCHAR(255), picture_version INTEGER, 
	CONSTRAINT pk_component_file_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_file_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_file_properties" VALUES(1,X'0101010101010101','name_text-1','media_type-1',1,1,'described_by-1',1);
INSERT INTO "component_file_properties" VALUES(2,X'0202020202020202','name_text-2','media_type-2',2,2,'described_by-2',2);
INSERT INTO "component_file_properties" VALUES(3,X'0303030303030303','name_text-3','media_type-3',3,3,'described_by-3',3);
CREATE TABLE component_frame_properties (
	frame_count INTEGER NOT NULL, 
	is_animated BOOLEAN NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_frame_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_frame_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_frame_properties" VALUES(1,0,1);
INSERT INTO "component_frame_properties" VALUES(2,1,2);
INSERT INTO "component_frame_properties" VALUES(3,0,3);
CREATE TABLE component_geo_position (
	latitude DOUBLE NOT NULL, 
	longitude DOUBLE NOT NULL, 
	altitude_m DOUBLE, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_geo_position PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_geo_position_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_geo_position" VALUES(0.5,0.5,0.5,1);
INSERT INTO "component_geo_position" VALUES(1.0,1.0,1.0,2);
INSERT INTO "component_geo_position" VALUES(1.5,1.5,1.5,3);
CREATE TABLE component_image_dimensions (
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_image_dimensions PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_image_dimensions_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_image_dimensions" VALUES(1,1,1);
INSERT INTO "component_image_dimensions" VALUES(2,2,2);
INSERT INTO "component_image_dimensions" VALUES(3,3,3);
CREATE TABLE component_image_format (
	format VARCHAR(32) NOT NULL, 
	mode VARCHAR(16) NOT NULL, 
	bit_depth INTEGER NOT NULL, 
	has_alpha BOOLEAN NOT NULL, 
	orientation INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_image_format PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_image_format_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_image_format" VALUES('format-1','mode-1',1,0,1,1);
INSERT INTO "component_image_format" VALUES('format-2','mode-2',2,1,2,2);
INSERT INTO "component_image_format" VALUES('format-3','mode-3',3,0,3,3);
CREATE TABLE component_image_perceptual_ahash (
	recipe INTEGER NOT NULL, 
	value BLOB, 
	revision INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_image_perceptual_ahash PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_image_perceptual_ahash_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_image_perceptual_ahash" VALUES(1,X'0101010101010101',1,1);
INSERT INTO "component_image_perceptual_ahash" VALUES(2,X'0202020202020202',2,2);
INSERT INTO "component_image_perceptual_ahash" VALUES(3,X'0303030303030303',3,3);
CREATE TABLE component_image_perceptual_dhash (
	recipe INTEGER NOT NULL, 
	value BLOB, 
	revision INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_image_perceptual_dhash PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_image_perceptual_dhash_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_image_perceptual_dhash" VALUES(1,X'0101010101010101',1,1);
INSERT INTO "component_image_perceptual_dhash" VALUES(2,X'0202020202020202',2,2);
INSERT INTO "component_image_perceptual_dhash" VALUES(3,X'0303030303030303',3,3);
CREATE TABLE component_image_perceptual_phash (
	recipe INTEGER NOT NULL, 
	value BLOB, 
	revision INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_image_perceptual_phash PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_image_perceptual_phash_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_image_perceptual_phash" VALUES(1,X'0101010101010101',1,1);
INSERT INTO "component_image_perceptual_phash" VALUES(2,X'0202020202020202',2,2);
INSERT INTO "component_image_perceptual_phash" VALUES(3,X'0303030303030303',3,3);
CREATE TABLE component_needs_comic_import (
	attempts INTEGER NOT NULL, 
	lease_token VARCHAR(64), 
	lease_until DOUBLE, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_needs_comic_import PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_needs_comic_import_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_needs_comic_import" VALUES(1,'lease_token-1',0.5,1);
INSERT INTO "component_needs_comic_import" VALUES(2,'lease_token-2',1.0,2);
INSERT INTO "component_needs_comic_import" VALUES(3,'lease_token-3',1.5,3);
CREATE TABLE component_needs_content_analysis (
	attempts INTEGER NOT NULL, 
	lease_token VARCHAR(64), 
	lease_until DOUBLE, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_needs_content_analysis PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_needs_content_analysis_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_needs_content_analysis" VALUES(1,'lease_token-1',0.5,1);
INSERT INTO "component_needs_content_analysis" VALUES(2,'lease_token-2',1.0,2);
INSERT INTO "component_needs_content_analysis" VALUES(3,'lease_token-3',1.5,3);
CREATE TABLE component_needs_metadata_extraction (
	attempts INTEGER NOT NULL, 
	lease_token VARCHAR(64), 
	lease_until DOUBLE, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_needs_metadata_extraction PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_needs_metadata_extraction_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_needs_metadata_extraction" VALUES(1,'lease_token-1',0.5,1);
INSERT INTO "component_needs_metadata_extraction" VALUES(2,'lease_token-2',1.0,2);
INSERT INTO "component_needs_metadata_extraction" VALUES(3,'lease_token-3',1.5,3);
CREATE TABLE component_needs_search_entry (
	attempts INTEGER NOT NULL, 
	lease_token VARCHAR(64), 
	lease_until DOUBLE, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_needs_search_entry PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_needs_search_entry_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_needs_search_entry" VALUES(1,'lease_token-1',0.5,1);
INSERT INTO "component_needs_search_entry" VALUES(2,'lease_token-2',1.0,2);
INSERT INTO "component_needs_search_entry" VALUES(3,'lease_token-3',1.5,3);
CREATE TABLE component_original_source_info (
	path BLOB NOT NULL, 
	path_digest BLOB NOT NULL, 
	path_text VARCHAR NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	mtime_ns INTEGER NOT NULL, 
	mode INTEGER NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	read_at DATETIME NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, stem_digest BLOB, 
	CONSTRAINT pk_component_original_source_info PRIMARY KEY (id), 
	CONSTRAINT fk_component_original_source_info_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_original_source_info_path_digest UNIQUE (path_digest)
);
INSERT INTO "component_original_source_info" VALUES(X'0101010101010101',X'0101010101010101','path_text-1',1,1,1,'2026-01-01 00:00:00.000000','2026-01-01 00:00:00.000000','2026-01-01 00:00:00.000000',1,1,X'0101010101010101');
INSERT INTO "component_original_source_info" VALUES(X'0202020202020202',X'0202020202020202','path_text-2',2,2,2,'2026-01-02 00:00:00.000000','2026-01-02 00:00:00.000000','2026-01-02 00:00:00.000000',2,2,X'0202020202020202');
INSERT INTO "component_original_source_info" VALUES(X'0303030303030303',X'0303030303030303','path_text-3',3,3,3,'2026-01-03 00:00:00.000000','2026-01-03 00:00:00.000000','2026-01-03 00:00:00.000000',3,3,X'0303030303030303');
CREATE TABLE component_pending_source_removal (
	machine_id VARCHAR(64) NOT NULL, 
	path BLOB NOT NULL, 
	path_digest BLOB NOT NULL, 
	path_text VARCHAR NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	mtime_ns INTEGER NOT NULL, 
	noted_at DATETIME NOT NULL, 
	aside_name BLOB, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_pending_source_removal PRIMARY KEY (id), 
	CONSTRAINT fk_component_pending_source_removal_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_pending_source_removal_machine_id_path_digest UNIQUE (machine_id, path_digest)
);
INSERT INTO "component_pending_source_removal" VALUES('machine_id-1',X'0101010101010101',X'0101010101010101','path_text-1',1,1,'2026-01-01 00:00:00.000000',X'0101010101010101',1,1);
INSERT INTO "component_pending_source_removal" VALUES('machine_id-2',X'0202020202020202',X'0202020202020202','path_text-2',2,2,'2026-01-02 00:00:00.000000',X'0202020202020202',2,2);
INSERT INTO "component_pending_source_removal" VALUES('machine_id-3',X'0303030303030303',X'0303030303030303','path_text-3',3,3,'2026-01-03 00:00:00.000000',X'0303030303030303',3,3);
CREATE TABLE component_processing_error (
	system VARCHAR(255) NOT NULL, 
	error VARCHAR(255) NOT NULL, 
	message VARCHAR NOT NULL, 
	requirement VARCHAR(255), 
	attempts INTEGER NOT NULL, 
	occurred_at DATETIME NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, hint VARCHAR, dismissed_at DATETIME, 
	CONSTRAINT pk_component_processing_error PRIMARY KEY (id), 
	CONSTRAINT fk_component_processing_error_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_processing_error_entity_id_system UNIQUE (entity_id, system)
);
INSERT INTO "component_processing_error" VALUES('system-1','error-1','message-1','requirement-1',1,'2026-01-01 00:00:00.000000',1,1,'hint-1','2026-01-01 00:00:00.000000');
INSERT INTO "component_processing_error" VALUES('system-2','error-2','message-2','requirement-2',2,'2026-01-02 00:00:00.000000',2,2,'hint-2','2026-01-02 00:00:00.000000');
INSERT INTO "component_processing_error" VALUES('system-3','error-3','message-3','requirement-3',3,'2026-01-03 00:00:00.000000',3,3,'hint-3','2026-01-03 00:00:00.000000');
CREATE TABLE component_revisions (
	table_name VARCHAR(63) NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_component_revisions PRIMARY KEY (table_name)
);
INSERT INTO "component_revisions" VALUES('table_name-1',1);
INSERT INTO "component_revisions" VALUES('table_name-2',2);
INSERT INTO "component_revisions" VALUES('table_name-3',3);
CREATE TABLE component_search_entry (
	words VARCHAR NOT NULL, 
	name_key VARCHAR(255), 
	is_listed BOOLEAN NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_search_entry PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_search_entry_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_search_entry" VALUES('words-1','name_key-1',0,1);
INSERT INTO "component_search_entry" VALUES('words-2','name_key-2',1,2);
INSERT INTO "component_search_entry" VALUES('words-3','name_key-3',0,3);
CREATE TABLE component_sidecar (
	sidecar_entity_id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_sidecar PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_sidecar_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_component_sidecar_sidecar_entity_id FOREIGN KEY(sidecar_entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_sidecar" VALUES(1,1);
INSERT INTO "component_sidecar" VALUES(2,2);
INSERT INTO "component_sidecar" VALUES(3,3);
CREATE TABLE component_stated_text (
	title VARCHAR, 
	description VARCHAR, 
	author VARCHAR, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_stated_text PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_stated_text_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_stated_text" VALUES('title-1','description-1','author-1',1);
INSERT INTO "component_stated_text" VALUES('title-2','description-2','author-2',2);
INSERT INTO "component_stated_text" VALUES('title-3','description-3','author-3',3);
CREATE TABLE component_tag_concept (
	namespace VARCHAR(100), 
	name VARCHAR(400) NOT NULL, 
	description VARCHAR, 
	value_type VARCHAR(16), 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_tag_concept PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_tag_concept_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_tag_concept" VALUES('namespace-1','name-1','description-1','value_type-1',1);
INSERT INTO "component_tag_concept" VALUES('namespace-2','name-2','description-2','value_type-2',2);
INSERT INTO "component_tag_concept" VALUES('namespace-3','name-3','description-3','value_type-3',3);
CREATE TABLE component_tag_name (
	"key" VARCHAR(500) NOT NULL, 
	digest BLOB NOT NULL, 
	is_alias BOOLEAN NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_tag_name PRIMARY KEY (id), 
	CONSTRAINT fk_component_tag_name_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_tag_name_digest UNIQUE (digest)
);
INSERT INTO "component_tag_name" VALUES('key-1',X'0101010101010101',0,1,1);
INSERT INTO "component_tag_name" VALUES('key-2',X'0202020202020202',1,2,2);
INSERT INTO "component_tag_name" VALUES('key-3',X'0303030303030303',0,3,3);
CREATE TABLE component_tag_parent (
	parent_entity_id INTEGER NOT NULL, 
	id INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_tag_parent PRIMARY KEY (id), 
	CONSTRAINT fk_component_tag_parent_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_component_tag_parent_parent_entity_id FOREIGN KEY(parent_entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_component_tag_parent_entity_id_parent_entity_id UNIQUE (entity_id, parent_entity_id)
);
INSERT INTO "component_tag_parent" VALUES(1,1,1);
INSERT INTO "component_tag_parent" VALUES(2,2,2);
INSERT INTO "component_tag_parent" VALUES(3,3,3);
CREATE TABLE component_taken_at (
	taken_at DATETIME NOT NULL, 
	utc_offset_minutes INTEGER, 
	source VARCHAR(100) NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_taken_at PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_taken_at_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_taken_at" VALUES('2026-01-01 00:00:00.000000',1,'source-1',1);
INSERT INTO "component_taken_at" VALUES('2026-01-02 00:00:00.000000',2,'source-2',2);
INSERT INTO "component_taken_at" VALUES('2026-01-03 00:00:00.000000',3,'source-3',3);
CREATE TABLE component_trashed (
	trashed_at DATETIME NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_trashed PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_trashed_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_trashed" VALUES('2026-01-01 00:00:00.000000',1);
INSERT INTO "component_trashed" VALUES('2026-01-02 00:00:00.000000',2);
INSERT INTO "component_trashed" VALUES('2026-01-03 00:00:00.000000',3);
CREATE TABLE component_video_properties (
	codec VARCHAR(64), 
	frame_rate DOUBLE, 
	rotation INTEGER NOT NULL, 
	entity_id INTEGER NOT NULL, 
	CONSTRAINT pk_component_video_properties PRIMARY KEY (entity_id), 
	CONSTRAINT fk_component_video_properties_entity_id FOREIGN KEY(entity_id) REFERENCES entities (id) ON DELETE CASCADE
);
INSERT INTO "component_video_properties" VALUES('codec-1',0.5,1,1);
INSERT INTO "component_video_properties" VALUES('codec-2',1.0,2,2);
INSERT INTO "component_video_properties" VALUES('codec-3',1.5,3,3);
CREATE TABLE dam_plugins (
	table_name VARCHAR(63) NOT NULL, 
	plugin VARCHAR(63) NOT NULL, 
	revision VARCHAR(255) NOT NULL, 
	system VARCHAR(255), 
	CONSTRAINT pk_dam_plugins PRIMARY KEY (table_name)
);
INSERT INTO "dam_plugins" VALUES('table_name-1','plugin-1','revision-1','system-1');
INSERT INTO "dam_plugins" VALUES('table_name-2','plugin-2','revision-2','system-2');
INSERT INTO "dam_plugins" VALUES('table_name-3','plugin-3','revision-3','system-3');
CREATE TABLE entities (
	id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_entities PRIMARY KEY (id)
);
INSERT INTO "entities" VALUES(1,'2026-01-01 00:00:00.000000');
INSERT INTO "entities" VALUES(2,'2026-01-02 00:00:00.000000');
INSERT INTO "entities" VALUES(3,'2026-01-03 00:00:00.000000');
CREATE TABLE entity_counter (
	id INTEGER NOT NULL, 
	last_id INTEGER NOT NULL, 
	CONSTRAINT pk_entity_counter PRIMARY KEY (id)
);
INSERT INTO "entity_counter" VALUES(1,3);
CREATE TABLE page_links (
	id INTEGER NOT NULL, 
	owner_entity_id INTEGER NOT NULL, 
	page_image_entity_id INTEGER NOT NULL, 
	page_number INTEGER NOT NULL, 
	page_type VARCHAR(64), 
	is_double_page BOOLEAN NOT NULL, 
	attributes VARCHAR, 
	CONSTRAINT pk_page_links PRIMARY KEY (id), 
	CONSTRAINT ck_page_links_page_number CHECK (page_number >= 1), 
	CONSTRAINT fk_page_links_owner_entity_id FOREIGN KEY(owner_entity_id) REFERENCES entities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_page_links_page_image_entity_id FOREIGN KEY(page_image_entity_id) REFERENCES entities (id) ON DELETE RESTRICT, 
	CONSTRAINT uq_page_links_owner_entity_id_page_number UNIQUE (owner_entity_id, page_number)
);
INSERT INTO "page_links" VALUES(1,1,1,1,'page_type-1',0,'attributes-1');
INSERT INTO "page_links" VALUES(2,2,2,2,'page_type-2',1,'attributes-2');
INSERT INTO "page_links" VALUES(3,3,3,3,'page_type-3',0,'attributes-3');
CREATE TABLE saved_queries (
	"key" VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	"query" VARCHAR NOT NULL, 
	saved_at DATETIME NOT NULL, 
	CONSTRAINT pk_saved_queries PRIMARY KEY ("key")
);
INSERT INTO "saved_queries" VALUES('key-1','name-1','query-1','2026-01-01 00:00:00.000000');
INSERT INTO "saved_queries" VALUES('key-2','name-2','query-2','2026-01-02 00:00:00.000000');
INSERT INTO "saved_queries" VALUES('key-3','name-3','query-3','2026-01-03 00:00:00.000000');
CREATE TABLE search_changes (
	entity_id INTEGER NOT NULL
);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
INSERT INTO "search_changes" VALUES(1);
INSERT INTO "search_changes" VALUES(2);
INSERT INTO "search_changes" VALUES(3);
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','search_words','search_words',0,'CREATE VIRTUAL TABLE search_words USING fts5(
        words, content=''component_search_entry'', content_rowid=''entity_id'',
        tokenize=''ascii'', detail=''none'', columnsize=0
    )');
CREATE TABLE 'search_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "search_words_config" VALUES('version',4);
CREATE TABLE 'search_words_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "search_words_data" VALUES(1,X'0306');
INSERT INTO "search_words_data" VALUES(10,X'000000000103030003010101020101030101');
INSERT INTO "search_words_data" VALUES(137438953473,X'00000010023031010105776F726473010404');
INSERT INTO "search_words_data" VALUES(274877906945,X'00000010023032020105776F726473020404');
INSERT INTO "search_words_data" VALUES(412316860417,X'00000010023033030105776F726473030404');
CREATE TABLE 'search_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "search_words_idx" VALUES(1,X'',2);
INSERT INTO "search_words_idx" VALUES(2,X'',2);
INSERT INTO "search_words_idx" VALUES(3,X'',2);
CREATE TABLE world_identity (
	id INTEGER NOT NULL, 
	uuid VARCHAR(32) NOT NULL, store_editions VARCHAR, new_store VARCHAR(32), 
	CONSTRAINT pk_world_identity PRIMARY KEY (id)
);
INSERT INTO "world_identity" VALUES(1,'00000000000000000000000000000000',NULL,NULL);
CREATE INDEX ix_component_content_hash_md5_digest ON component_content_hash_md5 (digest);
CREATE INDEX ix_component_content_hash_sha1_digest ON component_content_hash_sha1 (digest);
CREATE INDEX ix_component_content_successor_entity_id ON component_content_successor (entity_id);
CREATE INDEX ix_component_content_successor_successor_entity_id ON component_content_successor (successor_entity_id);
CREATE INDEX ix_component_file_properties_media_type ON component_file_properties (media_type);
CREATE INDEX ix_component_image_perceptual_ahash_revision ON component_image_perceptual_ahash (revision);
CREATE INDEX ix_component_image_perceptual_dhash_revision ON component_image_perceptual_dhash (revision);
CREATE INDEX ix_component_image_perceptual_phash_revision ON component_image_perceptual_phash (revision);
CREATE INDEX ix_component_original_source_info_entity_id ON component_original_source_info (entity_id);
CREATE INDEX ix_component_processing_error_entity_id ON component_processing_error (entity_id);
CREATE INDEX ix_component_processing_error_system ON component_processing_error (system);
CREATE INDEX ix_component_comic_book_concept_name ON component_comic_book_concept (name);
CREATE INDEX ix_component_comic_book_term_entity_id ON component_comic_book_term (entity_id);
CREATE INDEX ix_component_comic_book_term_kind ON component_comic_book_term (kind);
CREATE INDEX ix_component_comic_book_term_name ON component_comic_book_term (name);
CREATE INDEX ix_component_comic_book_variant_conceptual_entity_id ON component_comic_book_variant (conceptual_entity_id);
CREATE UNIQUE INDEX uq_component_comic_book_variant_primary ON component_comic_book_variant (conceptual_entity_id) WHERE is_primary_variant;
CREATE INDEX ix_component_comic_info_element_entity_id ON component_comic_info_element (entity_id);
CREATE INDEX ix_page_links_page_image_entity_id ON page_links (page_image_entity_id);
CREATE INDEX ix_component_file_location_entity_id ON component_file_location (entity_id);
CREATE INDEX ix_component_file_location_container_entity_id ON component_file_location (container_entity_id);
CREATE INDEX ix_component_comic_book_concept_title_key ON component_comic_book_concept (title_key);
CREATE INDEX ix_component_pending_source_removal_entity_id ON component_pending_source_removal (entity_id);
CREATE INDEX ix_component_trashed_trashed_at ON component_trashed (trashed_at);
CREATE INDEX ix_component_tag_name_entity_id ON component_tag_name (entity_id);
CREATE INDEX ix_component_tag_name_key ON component_tag_name ("key");
CREATE INDEX ix_component_tag_parent_entity_id ON component_tag_parent (entity_id);
CREATE INDEX ix_component_tag_parent_parent_entity_id ON component_tag_parent (parent_entity_id);
CREATE INDEX ix_component_entity_tag_link_tag ON component_entity_tag_link (tag_entity_id, entity_id);
CREATE INDEX ix_component_search_entry_listed ON component_search_entry (entity_id) WHERE is_listed;
CREATE INDEX ix_component_search_entry_name_key ON component_search_entry (name_key);
CREATE TRIGGER search_words_insert AFTER INSERT ON component_search_entry BEGIN
        INSERT INTO search_words (rowid, words) VALUES (new.entity_id, new.words);
    END;
CREATE TRIGGER search_words_delete AFTER DELETE ON component_search_entry BEGIN
        INSERT INTO search_words (search_words, rowid, words)
        VALUES ('delete', old.entity_id, old.words);
    END;
CREATE TRIGGER search_words_update AFTER UPDATE OF entity_id, words ON component_search_entry
    WHEN old.words <> new.words OR old.entity_id <> new.entity_id BEGIN
        INSERT INTO search_words (search_words, rowid, words)
        VALUES ('delete', old.entity_id, old.words);
        INSERT INTO search_words (rowid, words) VALUES (new.entity_id, new.words);
    END;
CREATE INDEX ix_component_entity_tag_link_number ON component_entity_tag_link (tag_entity_id, entity_id, number) WHERE number IS NOT NULL;
CREATE INDEX ix_component_taken_at_taken_at ON component_taken_at (taken_at);
CREATE INDEX ix_component_geo_position_latitude ON component_geo_position (latitude);
CREATE INDEX ix_component_original_source_info_stem_digest ON component_original_source_info (stem_digest);
CREATE INDEX ix_component_sidecar_sidecar_entity_id ON component_sidecar (sidecar_entity_id);
CREATE TRIGGER search_change_insert_component_comic_book_concept AFTER INSERT ON component_comic_book_concept BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_comic_book_concept AFTER UPDATE OF comic_title, description, entity_id, name, series_title ON component_comic_book_concept WHEN old.comic_title IS NOT new.comic_title OR old.description IS NOT new.description OR old.entity_id IS NOT new.entity_id OR old.name IS NOT new.name OR old.series_title IS NOT new.series_title BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_comic_book_concept AFTER DELETE ON component_comic_book_concept BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_comic_book_term AFTER INSERT ON component_comic_book_term BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_comic_book_term AFTER UPDATE OF entity_id, name ON component_comic_book_term WHEN old.entity_id IS NOT new.entity_id OR old.name IS NOT new.name BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_comic_book_term AFTER DELETE ON component_comic_book_term BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_comic_book_variant AFTER INSERT ON component_comic_book_variant BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_comic_book_variant AFTER UPDATE OF conceptual_entity_id, entity_id, variant_description ON component_comic_book_variant WHEN old.conceptual_entity_id IS NOT new.conceptual_entity_id OR old.entity_id IS NOT new.entity_id OR old.variant_description IS NOT new.variant_description BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_comic_book_variant AFTER DELETE ON component_comic_book_variant BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_file_location AFTER INSERT ON component_file_location BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_file_location AFTER UPDATE OF entity_id, path_text, storage ON component_file_location WHEN old.entity_id IS NOT new.entity_id OR old.path_text IS NOT new.path_text OR old.storage IS NOT new.storage BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_file_location AFTER DELETE ON component_file_location BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_content_hash_sha256 AFTER INSERT ON component_content_hash_sha256 BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_content_hash_sha256 AFTER UPDATE OF entity_id ON component_content_hash_sha256 WHEN old.entity_id IS NOT new.entity_id BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_content_hash_sha256 AFTER DELETE ON component_content_hash_sha256 BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_audio_tags AFTER INSERT ON component_audio_tags BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_audio_tags AFTER UPDATE OF album, album_artist, artist, entity_id ON component_audio_tags WHEN old.album IS NOT new.album OR old.album_artist IS NOT new.album_artist OR old.artist IS NOT new.artist OR old.entity_id IS NOT new.entity_id BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_audio_tags AFTER DELETE ON component_audio_tags BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_document_text AFTER INSERT ON component_document_text BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_document_text AFTER UPDATE OF entity_id, text ON component_document_text WHEN old.entity_id IS NOT new.entity_id OR old.text IS NOT new.text BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_document_text AFTER DELETE ON component_document_text BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_file_properties AFTER INSERT ON component_file_properties BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_file_properties AFTER UPDATE OF entity_id, name_text ON component_file_properties WHEN old.entity_id IS NOT new.entity_id OR old.name_text IS NOT new.name_text BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_file_properties AFTER DELETE ON component_file_properties BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_stated_text AFTER INSERT ON component_stated_text BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_stated_text AFTER UPDATE OF author, description, entity_id, title ON component_stated_text WHEN old.author IS NOT new.author OR old.description IS NOT new.description OR old.entity_id IS NOT new.entity_id OR old.title IS NOT new.title BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_stated_text AFTER DELETE ON component_stated_text BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
CREATE TRIGGER search_change_insert_component_original_source_info AFTER INSERT ON component_original_source_info BEGIN INSERT INTO search_changes VALUES (new.entity_id); END;
CREATE TRIGGER search_change_update_component_original_source_info AFTER UPDATE OF entity_id, path_text ON component_original_source_info WHEN old.entity_id IS NOT new.entity_id OR old.path_text IS NOT new.path_text BEGIN INSERT INTO search_changes SELECT old.entity_id UNION SELECT new.entity_id; END;
CREATE TRIGGER search_change_delete_component_original_source_info AFTER DELETE ON component_original_source_info BEGIN INSERT INTO search_changes VALUES (old.entity_id); END;
PRAGMA writable_schema=OFF;
COMMIT;
