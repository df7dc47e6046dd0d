"""The APIs of WeChat that the exporter calls."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """One API.

    Attributes:
        name: its name, as in the metric label `api`.
        path: its path.
        secrets: the keys of its requests whose values are secrets.
        token_parameter: the parameter of the query for the token; None: that of the token source.
    """

    name: str
    path: str
    secrets: tuple[str, ...] = ()
    token_parameter: str | None = None


GETWXADEVINFO = Api("getwxadevinfo", "/wxa/getwxadevinfo")
GET_EFFECTIVE_DOMAIN = Api("get_effective_domain", "/wxa/get_effective_domain")
GET_EFFECTIVE_WEBVIEWDOMAIN = Api("get_effective_webviewdomain", "/wxa/get_effective_webviewdomain")
QUOTA_GET = Api("quota/get", "/cgi-bin/openapi/quota/get")
STABLE_TOKEN = Api("stable_token", "/cgi-bin/stable_token", ("secret",))
API_COMPONENT_TOKEN = Api(
    "api_component_token",
    "/cgi-bin/component/api_component_token",
    ("component_appsecret", "component_verify_ticket"),
)
API_AUTHORIZER_TOKEN = Api(
    "api_authorizer_token", "/cgi-bin/component/api_authorizer_token", ("authorizer_refresh_token",)
)
API_GET_AUTHORIZER_LIST = Api("api_get_authorizer_list", "/cgi-bin/component/api_get_authorizer_list")
API_GET_AUTHORIZER_INFO = Api("api_get_authorizer_info", "/cgi-bin/component/api_get_authorizer_info")

MODIFY_WXA_SERVER_DOMAIN = Api(
    "modify_wxa_server_domain",
    "/cgi-bin/component/modify_wxa_server_domain",
    token_parameter="access_token",  # noqa: S106 - the name of a parameter
)
MODIFY_WXA_JUMP_DOMAIN = Api(
    "modify_wxa_jump_domain",
    "/cgi-bin/component/modify_wxa_jump_domain",
    token_parameter="access_token",  # noqa: S106 - the name of a parameter
)

READ_ONLY_BODIES: Mapping[str, bytes] = {
    api.path: b'{"action":"get"}' for api in (MODIFY_WXA_SERVER_DOMAIN, MODIFY_WXA_JUMP_DOMAIN)
}
"""By path, the only body that may be sent to an API which changes lists at once if another action is named.

`HttpClient` refuses any other body, whoever makes the request.
"""
