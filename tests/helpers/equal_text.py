"""Texts that are equal to others, but not the same objects."""


def equal_text(text: str) -> str:
    """Return an equal text that is another object, as each response and each reload makes one."""
    return "".join(list(text))
