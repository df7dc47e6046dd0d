"""Every text that advises something that can harm production has a warning in the same place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from helpers.repository import REPOSITORY
from helpers.shipped_rules import alerts

from wx_domain_exporter.diagnosis.diagnose import diagnose
from wx_domain_exporter.errcodes import remedies
from wx_domain_exporter.errcodes.lookup import TABLE
from wx_domain_exporter.web.pages.texts import TEXTS
from wx_domain_exporter.wechat.errors import (
    ApiError,
    BrokenConnectionError,
    CallTimeoutError,
    DeadlineError,
    DecodeError,
    HttpError,
    NoSecretError,
    NotAuthorizedError,
    TlsError,
    TokenError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wx_domain_exporter.errcodes.types import BilingualText


@dataclass(frozen=True)
class Advice:
    """A kind of advice, and the warning that must accompany it.

    Attributes:
        subject: matches sentences about its subject.
        instruction: matches sentences that instruct the reader to do it.
        warning: matches the warning that must be in the same text.
    """

    subject: re.Pattern[str]
    instruction: re.Pattern[str]
    warning: re.Pattern[str]

    def is_in(self, text: str) -> bool:
        return any(
            self.subject.search(sentence) and self.instruction.search(sentence)
            for sentence in _sentences(text)
        )


ADVICE = {
    "add an address": Advice(
        re.compile(r"whitelist|IP ?白名单|白名单IP地址列表|list of addresses|IP 名单", re.IGNORECASE),
        re.compile(
            r"\b(adds?|put|enter|must|needs?|see that|missing|have an address)\b|添加|加入|须在|必须|中已有",
            re.IGNORECASE,
        ),
        re.compile(r"all addresses\s+of\s+production|生产环境的全部", re.IGNORECASE),
    ),
    "grant a permission set": Advice(
        re.compile(r"permission sets?\b|权限集"),
        re.compile(
            r"\b(grant(ed|ing)?|give|tick|needs?|authori[sz]es?)\b(?! no)"
            r"|勾选|(?<!未)授予(?!了)|须含|重新授权",
            re.IGNORECASE,
        ),
        re.compile(r"for monitoring\s+alone|仅为监控|only one (platform )?can", re.IGNORECASE),
    ),
    "reset a secret": Advice(
        re.compile(r"secret|密钥|开发设置", re.IGNORECASE),
        re.compile(r"(?<!a )\breset(ting)?\b|(?<!已)重置", re.IGNORECASE),
        re.compile(r"stops\s+working at once|旧的会立即", re.IGNORECASE),
    ),
    "clear a quota": Advice(
        re.compile(r"clear_quota|quota/clear"),
        re.compile(r""),
        re.compile(r"resets all APIs.*ten times a month|重置所有接口.*10 次", re.DOTALL),
    ),
}
WARNINGS = {
    "add an address": (remedies.APP_IP_LIST_WARNING, remedies.PLATFORM_IP_LIST_WARNING),
    "grant a permission set": (remedies.PERMISSION_SET_WARNING,),
    "reset a secret": (remedies.SECRET_WARNING,),
    "clear a quota": (remedies.CLEAR_QUOTA_WARNING,),
}
ADDRESS = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist, requestIP: 203.0.113.7"
OTHER_FAILURES = (
    *(
        BrokenConnectionError("x"),
        CallTimeoutError("x"),
        DeadlineError("x"),
        DecodeError("x"),
        HttpError("x"),
    ),
    *(NoSecretError("x"), NotAuthorizedError("x"), TlsError("x"), TokenError("x")),
)
PAGES = sorted(
    page
    for page in (
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("deploy/**/*.md"),
    )
    if page.name != "CHANGELOG.md"  # it describes changes and gives no advice
)


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.;!?])\s+|(?<=[。；！？])", re.sub(r"\s+", " ", text))


def both(place: str, text: BilingualText) -> Iterator[tuple[str, str]]:
    yield f"{place}, en", text.en
    yield f"{place}, zh", text.zh


def remedies_of_errcodes() -> Iterator[tuple[str, str]]:
    for row in TABLE:
        place = f"{row.code} of {', '.join(sorted(row.apis)) or 'any API'}"
        yield from both(place, row.remedy)
        for api in row.apis or {"stable_token", "api_component_token", "getwxadevinfo"}:
            yield from both(f"diagnosis of {place}", diagnose(ApiError(api, row.code, ADDRESS), "wx0").remedy)


def other_texts_of_the_program() -> Iterator[tuple[str, str]]:
    for error in OTHER_FAILURES:
        yield from both(f"diagnosis of {type(error).__name__}", diagnose(error, "wx0").remedy)
    for name, text in TEXTS.items():
        yield from both(f"pages: {name}", text)


def annotations_of_alerts() -> Iterator[tuple[str, str]]:
    for alert in alerts():
        yield f"alert {alert['alert']}", " ".join(alert["annotations"].values())


def pages() -> Iterator[tuple[str, str]]:
    """Each paragraph, list and table row of the documentation, and the comments of config.yml.

    A list is one text, because its items are read together.
    """
    for page in PAGES:
        for block in page.read_text().split("\n\n"):
            rows = block.splitlines() if block.startswith("|") else [block]
            for row in rows:
                yield str(page.relative_to(REPOSITORY)), row
    for line in (REPOSITORY / "config.yml").read_text().splitlines():
        yield "config.yml", line


PLACES = {
    "remedies": remedies_of_errcodes,
    "other texts of the program": other_texts_of_the_program,
    "annotations": annotations_of_alerts,
    "pages": pages,
}


def unwarned(kind: str, text: str) -> bool:
    return ADVICE[kind].is_in(text) and not ADVICE[kind].warning.search(re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ADVICE)
def test_no_advice_is_without_its_warning(kind: str, place: str) -> None:
    assert [(where, text) for where, text in PLACES[place]() if unwarned(kind, text)] == []


@pytest.mark.parametrize(
    ("kind", "place", "minimum"),
    [
        ("add an address", "remedies", 12),
        ("add an address", "annotations", 1),
        ("add an address", "pages", 12),
        ("grant a permission set", "remedies", 16),
        ("grant a permission set", "other texts of the program", 2),
        ("grant a permission set", "annotations", 1),
        ("grant a permission set", "pages", 8),
        ("reset a secret", "remedies", 8),
        ("reset a secret", "pages", 6),
        ("clear a quota", "remedies", 4),
        ("clear a quota", "pages", 4),
    ],
)
def test_there_is_such_advice_in_both_languages(kind: str, place: str, minimum: int) -> None:
    languages = Counter(
        "zh" if re.search(r"[\u4e00-\u9fff]。|。", text) else "en"
        for _, text in PLACES[place]()
        if ADVICE[kind].is_in(text)
    )
    assert languages.total() >= minimum
    assert set(languages) == ({"en"} if place == "annotations" else {"en", "zh"})


@pytest.mark.parametrize("kind", ADVICE)
def test_a_text_that_loses_its_warning_is_found(kind: str) -> None:
    """Removes the warning from each text with the advice; each of these texts must then be found."""
    advice = ADVICE[kind]
    texts = [text for place in PLACES.values() for _, text in place() if advice.is_in(text)]
    without_warning = [advice.warning.sub("", re.sub(r"\s+", " ", text)) for text in texts]
    assert len(without_warning) > 10
    assert [text for text in without_warning if not unwarned(kind, text)] == []


@pytest.mark.parametrize("kind", ADVICE)
def test_the_shared_warnings_warn(kind: str) -> None:
    for warning in WARNINGS[kind]:
        assert ADVICE[kind].warning.search(warning.en)
        assert ADVICE[kind].warning.search(warning.zh)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("add an address", "The exporter's address must be on the mini program's IP whitelist (IP白名单)."),
        ("add an address", "Add this host's outgoing IP address under 「IP白名单」 at mp.weixin.qq.com."),
        (
            "add an address",
            "WeChat has IP whitelists: the pod's way out must have an address that is on them.",
        ),
        ("add an address", "Keep calm, and add it to the IP whitelist; --doctor names it."),
        ("add an address", "登录 mp.weixin.qq.com，在“开发设置 → IP白名单”中添加本机出口 IP。"),
        ("add an address", "本机的 IP 地址须在每个小程序的 IP 白名单中。"),
        ("grant a permission set", "Let its administrator grant permission set 18 to the platform."),
        ("grant a permission set", "Give the platform permission set 18 at open.weixin.qq.com."),
        (
            "grant a permission set",
            "Its administrator authorizes the platform again, with permission set 18.",
        ),
        ("grant a permission set", "由小程序管理员重新扫码授予该权限集。"),
        ("grant a permission set", "请小程序管理员重新授权给第三方平台，授权时勾选该接口所属的权限集。"),
        (
            "reset a secret",
            "Compare the appsecret; if nobody kept it, reset it under 「开发设置」.",
        ),
        ("reset a secret", "微信仅在生成时显示一次 AppSecret，若无人留存，需在“开发设置”重置。"),
        ("clear a quota", "Wait for the next day, or call clear_quota (limited per month)."),
        ("clear a quota", "`clear_quota` 可恢复当日额度，每月限若干次。"),
    ],
)
def test_advice_without_a_warning_is_found(kind: str, text: str) -> None:
    assert unwarned(kind, text)
