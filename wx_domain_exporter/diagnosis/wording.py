"""Numbers and lists in sentences."""

from collections.abc import Sequence

from wx_domain_exporter.errcodes.types import BilingualText


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 app` and `2 apps`."""
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


def excerpt(items: Sequence[str], most: int) -> BilingualText:
    """Return the first items as a list, and how many more there are."""
    shown, left = items[:most], len(items) - most
    if left <= 0:
        return BilingualText(", ".join(shown), "、".join(shown))
    return BilingualText(f"{', '.join(shown)} and {left} more", f"{'、'.join(shown)}，另有 {left} 个")
