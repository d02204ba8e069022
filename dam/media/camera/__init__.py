"""Facts that cameras and programs write into pictures: EXIF, IPTC and XMP.

The blocks are found in the containers of many formats and read without decoding a pixel, also in
files for which there is no decoder. `reading.read_camera_facts` is the entry.
"""
