"""The ECS runtime; it knows nothing of files, images, Typer or Qt."""
