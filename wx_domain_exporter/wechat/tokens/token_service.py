"""`http`: tokens from a central token service, which renews the tokens of all apps of a company."""

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote, urlsplit

import structlog
from jsonpointer import JsonPointer

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import HttpToken
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import DecodeError, TokenOrigin
from wx_domain_exporter.wechat.redaction import redact
from wx_domain_exporter.wechat.responses import JsonObject
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken, as_expires_in, as_token
from wx_domain_exporter.wechat.tokens.source import CachingSource

log = structlog.get_logger(__name__)

_MAX_KEYS = 10
"""How many keys of a response a message names."""


class TokenServiceSource(CachingSource):
    """Requests the token of one app from a token service, with the appid in the URL."""

    type_name: ClassVar[str] = "http"

    def __init__(self, appid: str, settings: HttpToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(appid, clock)
        self._settings = settings
        self._url = settings.url.replace("{appid}", quote(appid, safe=""))
        self._has_warned = False

    def _secret(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._headers().items())

    def _headers(self) -> dict[str, str]:
        return {name: secret.read_for_header() for name, secret in self._settings.headers.items()}

    def _origin(self, secret: str) -> TokenOrigin:  # noqa: ARG002 - no AppSecret
        return TokenOrigin(self.type_name, self._settings.name, urlsplit(self._url).netloc)

    def _request(self, secret: str, caller: Caller) -> IssuedToken:  # noqa: ARG002 - the headers are read again
        service, ca_file = caller.client.token_service, self._settings.ca_file
        headers = self._headers()
        answer = service.get(self._url, headers, ca_file, caller.call_timeout())
        secrets = [part for value in headers.values() for part in (value, *value.split())]
        return IssuedToken(self._token_in(answer, secrets), self._expires_in(answer, secrets))

    def _token_in(self, answer: JsonObject, secrets: Sequence[str]) -> str:
        pointer = self._settings.token_pointer
        value = JsonPointer(pointer).resolve(answer, None)
        token = as_token(value)
        if token is not None:
            return token
        if value is None:
            raise DecodeError(f"token_pointer {pointer} leads to nothing; {_keys_of(answer, secrets)}")
        problem = "an empty text" if value == "" else "no token"
        raise DecodeError(f"token_pointer {pointer} leads to {problem}")

    def _expires_in(self, answer: JsonObject, secrets: Sequence[str]) -> float:
        pointer = self._settings.expires_in_pointer
        value = JsonPointer(pointer).resolve(answer, None)
        if value is None:
            self._warn_once(answer, secrets)
            return self._settings.ttl
        expires_in = as_expires_in(value)
        if expires_in is None:
            raise DecodeError(f"expires_in_pointer {pointer} leads to no whole number of seconds above 0")
        return expires_in

    def _warn_once(self, answer: JsonObject, secrets: Sequence[str]) -> None:
        """Warn that `ttl` replaces the lifetime that the configuration expects in the response."""
        if "expires_in_pointer" in self._settings.model_fields_set and not self._has_warned:
            self._has_warned = True
            log.warning(
                "expires_in_pointer leads to nothing: ttl is used instead",
                appid=self._appid,
                pointer=self._settings.expires_in_pointer,
                ttl=self._settings.ttl,
                answer=_keys_of(answer, secrets),
            )


def _keys_of(answer: JsonObject, secrets: Sequence[str]) -> str:
    keys = [redact(key, secrets) for key in list(answer)[:_MAX_KEYS]]
    return f"the answer has the keys {', '.join(keys)}" if keys else "the answer is an empty object"
