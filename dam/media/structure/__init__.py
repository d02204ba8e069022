"""The structure of files: boxes, chunks, blocks and directories, walked within limits."""
