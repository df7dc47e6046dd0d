"""What the server tells the application with each request, in the `state` of the ASGI scope."""

from collections.abc import Callable

from starlette.types import Scope

_CUT = "cut"


def state_of_connection(cut: Callable[[], None]) -> dict[str, object]:
    """Return the state of the requests of one connection; `cut` closes it at once."""
    return {_CUT: cut}


def cut_of(scope: Scope) -> Callable[[], None]:
    """Return the function that closes the connection of a request at once."""
    cut: Callable[[], None] = scope["state"][_CUT]
    return cut
