"""How much of what is true of the corpus' files dam finds: `python -m tests.benchmarks.truth`.

Each module beside `table` compares dam with the truth of one folder, read by independent programs.
"""
