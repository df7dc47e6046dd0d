from __future__ import annotations

import json
import re
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.configurations import parse
from helpers.repository import REPOSITORY
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.schema import App, Collect, Config, Defaults, Scrape, Wechat
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES, DomainList, domain_list, normal_form
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.redaction import MASK, mask_named_secrets, redact
from wx_domain_exporter.wechat.responses import read_categories, read_errcode, read_errmsg, read_json

if TYPE_CHECKING:
    import random

    from wx_domain_exporter.config.settings import Settings

# The same examples in each run: what fails here fails for everybody.
fuzz = settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

FILE = Path("some.yml")
ACTIONS = (None, "getserverdomain", "getbizdomain")
ANSWER = json.dumps({"errcode": 0, "errmsg": "ok", "requestdomain": ["https://www.qq.com"]}).encode()
CONFIGURATION = (REPOSITORY / "config.yml").read_bytes()


def scalars() -> st.SearchStrategy[Any]:
    return st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


def changed(content: bytes) -> st.SearchStrategy[bytes]:
    """Some bytes of a good text replaced: closer to what goes wrong than bytes at random."""

    def change(edits: list[tuple[int, int, bytes]]) -> bytes:
        found = content
        for place, length, new in edits:
            start = place % (len(found) + 1)
            found = found[:start] + new + found[start + length :]
        return found

    places, pieces = st.integers(0, len(content)), st.binary(max_size=4) | st.sampled_from(list(PIECES))
    return st.lists(st.tuples(places, st.integers(0, 12), pieces), min_size=1, max_size=4).map(change)


PIECES = tuple(rb'{ } [ ] : , " \ & * ! - ? | > % @ ` ~ << null 1.5 !!bool !!timestamp \u0000'.split())


class TestAnswers:
    def read(self, body: bytes, action: str | None = None) -> dict[str, DomainList] | None:
        try:
            answer = read_json(body)
            assert isinstance(read_errmsg(answer), str)
            assert isinstance(read_errcode(answer), int)
            return read_categories(answer, action, ("tcpdomain",))
        except DecodeError:
            return None

    @fuzz
    @given(st.binary(max_size=200) | changed(ANSWER))
    def test_any_bytes_are_an_answer_or_malformed(self, body: bytes) -> None:
        self.read(body)

    @fuzz
    @given(
        st.recursive(scalars(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
        st.sampled_from(ACTIONS),
    )
    def test_any_json_is_an_answer_or_malformed(self, tree: object, action: str | None) -> None:
        self.read(json.dumps(tree).encode(), action)

    @fuzz
    @given(
        st.dictionaries(
            st.sampled_from(["errcode", "errmsg", *DOCUMENTED_CATEGORIES, "tcpdomain", "xdomain", "y"]),
            scalars() | st.lists(scalars()) | st.lists(st.text(max_size=20)),
        ),
        st.sampled_from(ACTIONS),
    )
    def test_any_answer_with_the_keys_of_one_is_read_or_malformed(
        self, answer: dict[str, object], action: str | None
    ) -> None:
        found = self.read(json.dumps(answer).encode(), action)
        if found is not None:
            assert all(
                found[name] == domain_list(values)
                for name, values in answer.items()
                if name in DOCUMENTED_CATEGORIES and isinstance(values, list)
            )

    @fuzz
    @given(st.dictionaries(st.sampled_from(DOCUMENTED_CATEGORIES), st.lists(st.text("abc./:-", min_size=2))))
    def test_a_good_answer_is_read(self, lists: dict[str, list[str]]) -> None:
        assume(lists)
        found = self.read(json.dumps({"errcode": "0", **lists}).encode())
        assert found is not None
        assert list(found) == [*DOCUMENTED_CATEGORIES, "tcpdomain"]


schemes = st.sampled_from(["https://", "http://", "wss://", "udp://", ""])
hosts = st.lists(st.text("az09-é例", min_size=1, max_size=5), min_size=1, max_size=4).map(".".join)
ports = st.none() | st.integers(1, 65535)
paths = st.lists(st.text("azAZ09-_~%", min_size=1, max_size=5), max_size=3)
domains = st.tuples(
    schemes,
    st.tuples(hosts, ports).map(lambda pair: pair[0] if pair[1] is None else f"{pair[0]}:{pair[1]}"),
    paths.map(lambda parts: "".join(f"/{part}" for part in parts)),
)
spaces = st.text(" \t\r\n\u3000", max_size=3)


def randomly_cased(text: str, source: random.Random) -> str:
    return "".join(source.choice((char.lower(), char.upper())) for char in text)


class TestNormalForm:
    @fuzz
    @given(domains, spaces, st.sampled_from(["", "/"]), st.randoms(use_true_random=False))
    def test_case_of_scheme_and_host_one_slash_and_white_space_around_do_not_matter(
        self, domain: tuple[str, str, str], space: str, slash: str, source: random.Random
    ) -> None:
        scheme, host, path = domain
        spelling = randomly_cased(scheme + host, source) + path + slash
        assert normal_form(f"{space}{spelling}{space}") == scheme + host + path

    @fuzz
    @given(domains, spaces)
    def test_the_normal_form_of_a_normal_form_is_itself(
        self, domain: tuple[str, str, str], space: str
    ) -> None:
        form = normal_form(f"{space}{''.join(domain).upper()}/{space}")
        assert normal_form(form) == form

    @fuzz
    @given(domains, domains)
    def test_two_domains_are_not_taken_for_one(
        self, one: tuple[str, str, str], other: tuple[str, str, str]
    ) -> None:
        assume(one != other)
        assert normal_form("".join(one)) != normal_form("".join(other))

    @fuzz
    @given(st.lists(domains.map("".join), max_size=8), st.randoms(use_true_random=False))
    def test_order_and_duplicates_do_not_change_the_hash(
        self, values: list[str], source: random.Random
    ) -> None:
        again = values + [f"{source.choice(values)}/" for _ in range(3) if values]
        source.shuffle(again)
        assert domain_list(again) == domain_list(values)

    @fuzz
    @given(st.sets(domains.map("".join), max_size=6), st.sets(domains.map("".join), max_size=6))
    def test_different_lists_have_different_hashes(self, one: set[str], other: set[str]) -> None:
        assume(one != other)
        assert domain_list(one).hash != domain_list(other).hash


SECTIONS = [name for model in (Config, Wechat, Scrape, Collect, Defaults, App) for name in model.model_fields]
KEYS = [*SECTIONS, "type", "appsecret", "access_token", "file", "env", "requestdomain", "shop", "<<", "[a]"]
VALUES = ["shop", "stable_token", "access_token", "http", "wx0123456789abcdef", "5s", "http://127.0.0.1", "0"]


def trees() -> st.SearchStrategy[Any]:
    keys = st.sampled_from(KEYS) | scalars()
    values = st.sampled_from(VALUES) | scalars() | st.binary(max_size=5) | st.dates()
    return st.recursive(
        values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6)
    )


def good_tree() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(CONFIGURATION)
    return tree


def every_place(tree: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    pairs: list[tuple[str | int, Any]] = []
    if isinstance(tree, dict):
        pairs = list(tree.items())
    elif isinstance(tree, list):
        pairs = list(enumerate(tree))
    return [found for key, value in pairs for found in [(*path, key), *every_place(value, (*path, key))]]


class TestConfiguration:
    def load(self, content: bytes) -> Settings | None:
        try:
            return parse(content, FILE)
        except ConfigError as error:
            lines = str(error).splitlines()
        assert lines
        assert all(re.match(rf"{FILE}:\d+: |{FILE}: has more errors", line) for line in lines)
        return None

    @fuzz
    @given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | changed(CONFIGURATION))
    def test_any_bytes_are_settings_or_errors_that_name_the_file(self, content: bytes) -> None:
        self.load(content)

    @fuzz
    @given(trees())
    def test_any_tree_is_settings_or_errors_that_name_the_file(self, tree: object) -> None:
        self.load(yaml.safe_dump(tree).encode())

    @fuzz
    @given(st.fixed_dictionaries({}, optional={name: trees() for name in Config.model_fields}))
    def test_any_tree_with_the_known_sections_is_settings_or_errors(self, tree: dict[str, object]) -> None:
        self.load(yaml.safe_dump(tree, allow_unicode=True).encode())

    @fuzz
    @given(st.sampled_from(every_place(good_tree())), trees())
    def test_any_value_anywhere_in_a_good_file_is_settings_or_errors(
        self, place: tuple[str | int, ...], value: object
    ) -> None:
        tree = good_tree()
        inner: Any = tree
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        self.load(yaml.safe_dump(tree).encode())

    @pytest.mark.parametrize("section", ["wechat", "scrape", "collect", "limits", "tokens", "defaults"])
    def test_a_good_file_stays_good_without(self, section: str) -> None:
        tree = good_tree() | {"apps": [app for app in good_tree()["apps"] if isinstance(app["token"], dict)]}
        del tree[section]
        assert self.load(yaml.safe_dump(tree).encode()) is not None


TOKENS = st.text(string.ascii_letters + string.digits + "_-", min_size=12, max_size=200)
AROUND = st.text(string.ascii_letters + string.digits + " .,:;/?&='\"{}[]()<>\\中é\n\t", max_size=80)
SHAPES = [
    "access_token={}",
    "?access_token={}&a=b",
    '"access_token":"{}"',
    '"access_token" : "{}"',
    '\\"access_token\\":\\"{}\\"',
    "'refresh_token': '{}'",
    '"component_verify_ticket":"ticket@@@{}"',
    "appsecret={}",
    "secret={}",
    "Bearer {}",
    "Authorization: Basic {}==",
    "http://{}@proxy.example.com:3128/",
    "https://user:{}@proxy.example.com",
    "http://user:a@{}@proxy.example.com",
]


class TestRedaction:
    @fuzz
    @given(TOKENS, st.sampled_from(SHAPES), AROUND, AROUND)
    def test_a_named_token_never_passes(self, token: str, shape: str, before: str, after: str) -> None:
        assume(token not in before + after + shape)
        text = f"{before} {shape.replace('{}', token)} {after}"
        assert MASK in mask_named_secrets(text)
        assert token not in mask_named_secrets(text)
        assert token not in redact(text)

    @fuzz
    @given(st.text(string.ascii_letters + string.digits + "_-@=+", min_size=32, max_size=600), AROUND, AROUND)
    def test_a_long_opaque_text_never_passes(self, token: str, before: str, after: str) -> None:
        assume(token not in before + after)
        for text in (f"{before} {token} {after}", f"{before}{token}{after}"):
            assert MASK in redact(text)
            assert token not in redact(text)

    @fuzz
    @given(st.text())
    def test_any_text_becomes_one_short_line(self, text: str) -> None:
        found = redact(text)
        assert len(found) <= 501
        assert "\n" not in found
        assert "\r" not in found

    @fuzz
    @given(st.text(string.ascii_letters + " .,", max_size=300))
    def test_prose_is_not_changed(self, text: str) -> None:
        assume(all(len(word) < 32 for word in text.replace(".", " ").replace(",", " ").split()))
        assume("basic" not in text.lower())
        assume("bearer" not in text.lower())
        assert redact(text) == text
