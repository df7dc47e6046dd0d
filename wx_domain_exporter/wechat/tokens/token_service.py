"""`http`: a token from a central token service, which guards the tokens of a company."""

from typing import ClassVar
from urllib.parse import quote

import structlog
from jsonpointer import JsonPointer

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema_tokens import HttpToken
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.redaction import foreign_text
from wx_domain_exporter.wechat.responses import JsonObject
from wx_domain_exporter.wechat.tokens.lifetime import as_life, as_token
from wx_domain_exporter.wechat.tokens.source import CachingSource, Lease

log = structlog.get_logger(__name__)

_MOST_KEYS = 10
"""How many keys of an answer are named where a pointer leads to nothing."""


class TokenServiceSource(CachingSource):
    """One app's token from a central service: asked for with the appid in the URL."""

    describes: ClassVar[str] = "http"

    def __init__(self, appid: str, settings: HttpToken, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(appid, clock)
        self._settings = settings
        self._url = settings.url.replace("{appid}", quote(appid, safe=""))
        self._told = False

    def _secret(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._headers().items())

    def _headers(self) -> dict[str, str]:
        return {name: secret.read_for_header() for name, secret in self._settings.headers.items()}

    def _lease(self, secret: str, caller: Caller) -> Lease:  # noqa: ARG002 - read again, by name
        service, ca_file = caller.client.token_service, self._settings.ca_file
        answer = service.get(self._url, self._headers(), ca_file, caller.call_timeout())
        return Lease(self._token_in(answer), self._life_in(answer))

    def _token_in(self, answer: JsonObject) -> str:
        pointer = self._settings.token_pointer
        found = JsonPointer(pointer).resolve(answer, None)
        token = as_token(found)
        if token is not None:
            return token
        if found is None:
            raise DecodeError(f"token_pointer {pointer} leads to nothing; {_keys_of(answer)}")
        raise DecodeError(
            f"token_pointer {pointer} leads to {'an empty text' if found == '' else 'no token'}"
        )

    def _life_in(self, answer: JsonObject) -> float:
        pointer = self._settings.expires_in_pointer
        found = JsonPointer(pointer).resolve(answer, None)
        if found is None:
            self._tell_once(answer)
            return self._settings.ttl
        life = as_life(found)
        if life is None:
            raise DecodeError(f"expires_in_pointer {pointer} leads to no number of seconds above 0")
        return life

    def _tell_once(self, answer: JsonObject) -> None:
        """Say that ttl stands for the lifetime that somebody expected in the answer."""
        if "expires_in_pointer" in self._settings.model_fields_set and not self._told:
            self._told = True
            log.warning(
                "expires_in_pointer leads to nothing: ttl is used",
                appid=self._appid,
                pointer=self._settings.expires_in_pointer,
                ttl=self._settings.ttl,
                answer=_keys_of(answer),
            )


def _keys_of(answer: JsonObject) -> str:
    keys = [foreign_text(key) for key in list(answer)[:_MOST_KEYS]]
    return f"the answer has the keys {', '.join(keys)}" if keys else "the answer is an empty object"
