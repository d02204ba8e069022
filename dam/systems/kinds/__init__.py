"""The media kinds of dam, each with the components that it writes; one module for each."""
