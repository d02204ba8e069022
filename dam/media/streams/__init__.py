"""Videos and songs: their facts, their posters and their covers, by FFmpeg in PyAV."""
