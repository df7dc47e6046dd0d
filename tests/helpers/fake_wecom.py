"""Imitates the APIs of 企业微信 that wechat_configs of Alertmanager call, with errcodes and the limit."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from helpers.json_server import json_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES = 2048
"""Of the content of a text message."""


@dataclass
class WeCom:
    """A company with one secret, and the messages that its applications were asked to send."""

    corp_id: str = "ww0123456789abcdef"
    secret: str = "a-secret"
    api_url: str = ""
    tokens: int = 0
    """How many different tokens were handed out."""
    sent: list[str] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    """The errcodes and the contents of messages that were not sent."""
    _expired: bool = True

    @property
    def all(self) -> list[str]:
        """The contents of all messages."""
        return [*self.sent, *(content for _, content in self.refused)]

    def expire_token(self) -> None:
        self._expired = True

    def answer(self, url: str, message: Any) -> dict[str, Any]:
        parts = urlsplit(url)
        query = {key: value for key, [value] in parse_qs(parts.query).items()}
        if parts.path == "/cgi-bin/gettoken":
            return self._token(query)
        assert parts.path == "/cgi-bin/message/send"
        content = message["text"]["content"]
        errcode = self._errcode(query, content)
        if errcode:
            self.refused.append((errcode, content))
        else:
            self.sent.append(content)
        return {"errcode": errcode, "errmsg": "refused" if errcode else "ok"}

    def _token(self, query: Mapping[str, str]) -> dict[str, Any]:
        if query != {"corpid": self.corp_id, "corpsecret": self.secret}:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        if self._expired:  # until then, everybody gets the same token
            self.tokens += 1
            self._expired = False
        return {"errcode": 0, "errmsg": "ok", "access_token": f"token-{self.tokens}", "expires_in": 7200}

    def _errcode(self, query: Mapping[str, str], content: str) -> int:
        if query != {"access_token": f"token-{self.tokens}"}:
            return 40014
        if self._expired:
            return 42001
        return 45002 if len(content.encode()) > MAX_BYTES else 0


@contextlib.contextmanager
def fake_wecom() -> Iterator[WeCom]:
    """Serve the APIs; `api_url` is the value for Alertmanager's key of this name."""
    company = WeCom()
    with json_server(company.answer) as url:
        company.api_url = f"{url}/cgi-bin/"
        yield company
