from __future__ import annotations

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from wx_domain_exporter.wechat import redaction
from wx_domain_exporter.wechat.redaction import MASK, mask_named_secrets, redact

Function = Callable[[str], str]

TOKEN = "Canary_7c0-e5d"
LONG = "canary-7c0e5d_" * 5

NAMED = [
    pytest.param(f"access_token={TOKEN}", id="query"),
    pytest.param(f"GET /wxa/getwxadevinfo?access_token={TOKEN} HTTP/1.1", id="request line"),
    pytest.param(f"https://api.weixin.qq.com/x?appid=wx1&access_token={TOKEN}&lang=zh", id="in a URL"),
    pytest.param(f"component_access_token={TOKEN}", id="component_access_token"),
    pytest.param(f"cloudbase_access_token={TOKEN}", id="cloudbase_access_token"),
    pytest.param(f"ACCESS_TOKEN={TOKEN}", id="capitals"),
    pytest.param(f"access_token = {TOKEN}", id="spaces around the sign"),
    pytest.param(f'access_token="{TOKEN}"', id="quoted"),
    pytest.param(f"access_token='{TOKEN}'", id="quoted with one stroke"),
    pytest.param(f'{{"access_token":"{TOKEN}","expires_in":7200}}', id="JSON"),
    pytest.param(f'{{"access_token" : "{TOKEN}"}}', id="JSON with spaces"),
    pytest.param(f'{{\\"access_token\\":\\"{TOKEN}\\"}}', id="JSON in JSON"),
    pytest.param(f"{{'access_token': '{TOKEN}'}}", id="Python"),
    pytest.param(f'{{"refresh_token":"{TOKEN}"}}', id="refresh_token"),
    pytest.param(f'{{"authorizer_refresh_token":"{TOKEN}"}}', id="authorizer_refresh_token"),
    pytest.param(f'{{"component_verify_ticket":"ticket@@@{TOKEN}"}}', id="ticket"),
    pytest.param(f'{{"secret":"{TOKEN}"}}', id="secret"),
    pytest.param(f"appsecret={TOKEN}", id="appsecret"),
    pytest.param(f"appSecret={TOKEN}", id="appSecret"),
    pytest.param(f"password={TOKEN}", id="password"),
    pytest.param(f"passwd={TOKEN}", id="passwd"),
    pytest.param(f"Authorization: Bearer {TOKEN}", id="bearer"),
    pytest.param(f"authorization: basic {TOKEN}", id="basic"),
    pytest.param(f"http://{TOKEN}@proxy.example.com", id="user of a URL"),
    pytest.param(f"http://user:{TOKEN}@proxy.example.com:3128/", id="password of a URL"),
    pytest.param(f"http://user:p@{TOKEN}@proxy.example.com:3128/", id="password with an at sign"),
    pytest.param(f"first http://a/ then http://u:{TOKEN}@b/", id="password of a second URL"),
    pytest.param(f"access_token=x&access_token={TOKEN}", id="given twice"),
    pytest.param(f"secret=x&ticket=x&password=x&passwd=x&token={TOKEN}", id="all names at once"),
]


@pytest.mark.parametrize("function", [mask_named_secrets, redact])
class TestBoth:
    @pytest.mark.parametrize("text", NAMED)
    def test_what_is_marked_as_secret_is_masked(self, function: Function, text: str) -> None:
        redacted = function(text)
        assert "7c0" not in redacted
        assert MASK in redacted

    def test_the_text_around_it_is_kept(self, function: Function) -> None:
        text = f"GET https://user:{TOKEN}@h/x?appid=wx1&access_token={TOKEN}&lang=zh, Bearer {TOKEN}, bye"
        expected = f"GET https://{MASK}@h/x?appid=wx1&access_token={MASK}&lang=zh, Bearer {MASK}, bye"
        assert function(text) == expected

    def test_json_around_it_is_kept(self, function: Function) -> None:
        text = f'{{"errcode":0,"access_token":"{TOKEN}","expires_in":7200}}'
        assert function(text) == f'{{"errcode":0,"access_token":"{MASK}","expires_in":7200}}'

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="nothing"),
            pytest.param("invalid credential, access_token is invalid or not latest", id="prose on tokens"),
            pytest.param("invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist", id="address"),
            pytest.param("rid: 65f2a1b3-0a1b2c3d-4e5f6071", id="request id"),
            pytest.param("invalid appid wx0123456789abcdef", id="appid"),
            pytest.param("https://www.qq.com/path?x=1#y", id="URL"),
            pytest.param("mail a@example.com", id="mail address"),
            pytest.param("basic auth is off", id="prose on basic auth"),
            pytest.param("Basic Constraints of CA cert not marked critical", id="prose on certificates"),
            pytest.param("app Basic English, bearer tokens.", id="names"),
            pytest.param("allowed: http://[USER:PASSWORD@]HOST[:PORT]", id="place-holder"),
            pytest.param("expires_in=7200, tokens=3", id="numbers"),
            pytest.param("访问令牌无效", id="Chinese"),
        ],
    )
    def test_what_is_not_a_secret_is_kept(self, function: Function, text: str) -> None:
        assert function(text) == text

    def test_a_redacted_text_does_not_change_again(self, function: Function) -> None:
        once = function(f"access_token={TOKEN} and Bearer {TOKEN} and http://u:{TOKEN}@h")
        assert function(once) == once


class TestForeignText:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"token: {TOKEN}", id="after a colon"),
            pytest.param(f"secret:{TOKEN}", id="right after a colon"),
            pytest.param(f"X-Token: {TOKEN}", id="header"),
            pytest.param(LONG, id="long and opaque"),
            pytest.param(f"hint: [{LONG}] rid", id="long and opaque in brackets"),
            pytest.param(f"/path/{LONG}/x", id="long and opaque in a path"),
            pytest.param(f"中{LONG}文", id="long and opaque in Chinese"),
        ],
    )
    def test_what_may_be_secret_is_masked(self, text: str) -> None:
        redacted = redact(text)
        assert "7c0" not in redacted
        assert MASK in redacted

    def test_32_characters_as_an_appsecret_has_are_opaque(self) -> None:
        assert redact("a" * 31) == "a" * 31
        assert redact("a" * 32) == MASK

    @pytest.mark.parametrize("char", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\x9b"], ids=ascii)
    def test_it_is_one_line_without_control_characters(self, char: str) -> None:
        assert redact(f"a{char}{char}b") == "a b"

    def test_500_characters_are_kept_of_a_long_text(self) -> None:
        words = "word " * 100
        assert redact(words) == words
        assert redact(words + "x") == f"{words}…"

    def test_a_text_is_masked_whole_up_to_2000_characters(self) -> None:
        assert redact("x" * 2000) == MASK
        assert redact("x" * 2001) == "…"

    def test_a_token_where_a_long_text_is_cut_does_not_show_in_part(self) -> None:
        for before in range(480, 510):
            text = f"{'w ' * before}"[:before] + f"access_token={TOKEN}"
            assert redact(text).startswith(text[:480])
            assert "7c0" not in redact(text)

    @pytest.mark.parametrize("shown", range(8, 32, 4))
    def test_an_opaque_text_shows_no_part_because_texts_before_it_shrink(self, shown: int) -> None:
        secret = "0123456789abcdef0123456789abcdef"
        text = "x" * (2000 - shown - 1) + " " + secret
        assert redact(text) == f"{MASK} …"

    def test_a_huge_text_is_cut_before_it_is_searched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        searched: list[int] = []

        def note(text: str) -> str:
            searched.append(len(text))
            return text

        monkeypatch.setattr(redaction, "mask_named_secrets", note)
        assert redact("w " * 10_000_000) == "w " * 250 + "…"
        assert searched == [2000]


SENT = ["tk/7c0+e5d==", "k.7c0.e5d", "7c0e", 'pass"7c0\\<e&d>', "例7c0子", '例"7c0/e', "Canary7c0"]


class TestSecretsThatWereSent:
    @pytest.mark.parametrize("secret", SENT)
    @pytest.mark.parametrize(
        "form",
        [
            str,
            quote,
            lambda text: quote(text, safe=""),
            lambda text: quote(text, safe="").lower() if "%" in quote(text, safe="") else text,
            quote_plus,
            lambda text: quote(quote(text, safe=""), safe=""),
            lambda text: json.dumps(text)[1:-1],
            lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
            lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
            lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
            html.escape,
        ],
        ids=range(11),
    )
    def test_they_are_masked_in_each_form(self, secret: str, form: Callable[[str], str]) -> None:
        text = f"invalid [{form(secret)}] rid: 1"
        assert redact(text, [secret]) == f"invalid [{MASK}] rid: 1"

    def test_no_part_shows_where_a_long_text_is_cut(self) -> None:
        secret = "7c0/e5d." * 50
        for before in (0, 100, 498, 499, 1999, 65_500):
            shown = redact(" " * before + secret * 300, [secret])
            assert shown.endswith("…")
            assert "7c0" not in shown

    def test_other_words_are_kept(self) -> None:
        assert redact("invalid credential", ["", "in", "val", "another"]) == "invalid credential"

    def test_of_two_the_longer_one_is_masked_first(self) -> None:
        assert redact("invalid 7c0e.5d", ["7c0e", "7c0e.5d"]) == f"invalid {MASK}"

    def test_a_text_beyond_the_limit_also_loses_the_length_of_the_longest_form(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redaction, "_MAX_SEARCHED", 40)
        longest = len("7c0%252Fe5d.")
        words = "word " * 8
        for text, shown in [
            (words[:39], words[:39]),
            (words, words),
            (f"{words}x", f"{words[:-longest]}…"),
            (words * 2, f"{words[:-longest]}…"),
        ]:
            assert redact(text, ["7c0/e5d."]) == shown

    def test_64_kibibytes_of_a_text_are_searched(self) -> None:
        secret = "7c0e" * 512
        text = secret * 32
        assert len(text) == 64 * 1024
        assert redact(text, [secret]) == MASK * 32
        assert redact(f"{text} end", [secret]).endswith("…")
        assert "end" not in redact(f"{text} end", [secret])
