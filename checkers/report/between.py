"""The part of a text between two marks that stand on lines of their own."""

from collections.abc import Iterable


def replaced_between(text: str, begin: str, end: str, lines: Iterable[str]) -> str | None:
    """The text with these lines between the marks; None if it lacks one of the marks."""
    found = text.split("\n")
    if begin not in found or end not in found[found.index(begin) :]:
        return None
    first = found.index(begin) + 1
    return "\n".join([*found[:first], *lines, *found[found.index(end, first) :]])
