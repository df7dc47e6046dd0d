"""Groups of APIs for the rows of the errcode table, by the values of the metric label `api`."""

from typing import Final

ANY: Final[frozenset[str]] = frozenset()
DOMAIN_APIS: Final = frozenset({"getwxadevinfo", "get_effective_domain", "get_effective_webviewdomain"})
APP_APIS: Final = DOMAIN_APIS | {"quota/get"}
"""Called with the access_token of a mini program."""
PLATFORM_DOMAIN_APIS: Final = frozenset({"modify_wxa_server_domain", "modify_wxa_jump_domain"})
COMPONENT_APIS: Final = frozenset(
    {"api_authorizer_token", "api_get_authorizer_list", "api_get_authorizer_info"}
)
"""Called with the component_access_token of a third-party platform."""
STABLE_TOKEN_API: Final = frozenset({"stable_token"})
COMPONENT_TOKEN_API: Final = frozenset({"api_component_token"})
