"""How benchmarks speak: lines of at most 80 columns, and bars that are met or not."""


def say(line: str = "") -> None:
    """Print a line."""
    print(line, flush=True)


def bar(
    what: str, value: float, *, at_most: float | None = None, at_least: float | None = None
) -> None:
    """Print a figure and whether it meets what is asked of it."""
    if at_most is not None:
        limit, is_met = f"at most {at_most:g}", value <= at_most
    else:
        limit, is_met = f"at least {at_least:g}", value >= (at_least or 0)
    say(f"  {value:7.2f}  {what} ({limit}: {'met' if is_met else 'NOT MET'})")
