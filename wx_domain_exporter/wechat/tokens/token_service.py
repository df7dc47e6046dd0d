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
from wx_domain_exporter.wechat.responses import JsonObject, read_json
from wx_domain_exporter.wechat.token_service_client import TokenRequest
from wx_domain_exporter.wechat.tokens.issued_token import (
    IssuedToken,
    as_expires_in,
    as_token,
    is_unix_time,
    read_text_token,
    seconds_until,
)
from wx_domain_exporter.wechat.tokens.source import CachingSource

log = structlog.get_logger(__name__)

_APPID = "{appid}"
_MAX_KEYS = 10
"""How many keys of a response a message names."""


class TokenServiceSource(CachingSource):
    """Requests the token of one app from a token service."""

    type_name: ClassVar[str] = "http"

    def __init__(self, appid: str, settings: HttpToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(appid, clock)
        self._settings = settings
        self._url = settings.url.replace(_APPID, quote(appid, safe=""))
        self._has_warned = False

    def _secret(self) -> str:
        request = self._token_request()
        return "\n".join(
            f"{name}: {value}" for part in (request.headers, request.body) for name, value in part.items()
        )

    def _token_request(self) -> TokenRequest:
        settings = self._settings
        headers = {name: secret.read_for_header() for name, secret in settings.headers.items()}
        body = {name: secret.read().replace(_APPID, self._appid) for name, secret in settings.body.items()}
        return TokenRequest(self._url, headers, body, settings.body_format == "form")

    def _origin(self, secret: str) -> TokenOrigin:  # noqa: ARG002 - no AppSecret
        return TokenOrigin(self.type_name, self._settings.name, urlsplit(self._url).netloc)

    def _request(self, secret: str, caller: Caller) -> IssuedToken:  # noqa: ARG002 - the headers are read again
        request, settings = self._token_request(), self._settings
        service, timeout = caller.client.token_service, caller.call_timeout()
        if settings.response_format == "text":
            token = service.call(request, settings.ca_file, timeout, read_text_token)
            return IssuedToken(token, settings.ttl)
        answer = service.call(request, settings.ca_file, timeout, read_json)
        secrets = [part for value in request.headers.values() for part in (value, *value.split())]
        secrets += request.body.values()
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
        now = self._clock.time()
        pointer = self._settings.expires_at_pointer
        if pointer is not None and (value := JsonPointer(pointer).resolve(answer, None)) is not None:
            remaining = seconds_until(value, now)
            if remaining is None:
                raise DecodeError(f"expires_at_pointer {pointer} leads to no time in the future")
            return remaining
        pointer = self._settings.expires_in_pointer
        value = JsonPointer(pointer).resolve(answer, None)
        if value is None:
            self._warn_once(answer, secrets)
            return self._settings.ttl
        expires_in = seconds_until(value, now) if is_unix_time(value) else as_expires_in(value)
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
