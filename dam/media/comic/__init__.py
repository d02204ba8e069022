"""Facts about comics from their ComicInfo.xml and file names, and the pages that comics share."""
