from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wx_domain_exporter.config.yaml_errors import YamlError
from wx_domain_exporter.config.yaml_tree import KeyPath, read_yaml

CANARY = "canary-7c0e5d"


def refusal(content: bytes) -> str:
    with pytest.raises(YamlError) as caught:
        read_yaml(content)
    return str(caught.value)


class TestValues:
    @pytest.mark.parametrize(
        ("content", "root"),
        [
            pytest.param(b"", None, id="nothing"),
            pytest.param(b"# only a comment\n", None, id="comment"),
            pytest.param(b"a: 1", {"a": 1}, id="number"),
            pytest.param(b"a: [true, null, 1.5, x]", {"a": [True, None, 1.5, "x"]}, id="plain values"),
            pytest.param(b'{"a": "\\u5546"}', {"a": "商"}, id="JSON"),
            pytest.param("a: 商城".encode(), {"a": "商城"}, id="Chinese"),
            pytest.param("\ufeffa: 商".encode(), {"a": "商"}, id="byte order mark"),
            pytest.param("\ufeffa: 商".encode("utf-16-le"), {"a": "商"}, id="UTF-16"),
            pytest.param(b"a: 2024-01-01", {"a": "2024-01-01"}, id="date"),
            pytest.param(b"a: 2024-01-01 10:00:00", {"a": "2024-01-01 10:00:00"}, id="date and time"),
            pytest.param(b"2024-01-01: a", {"2024-01-01": "a"}, id="date as a key"),
            pytest.param(b"a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}, id="alias"),
            pytest.param(
                b"a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}",
                {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}},
                id="merge",
            ),
        ],
    )
    def test_a_document_becomes(self, content: bytes, root: object) -> None:
        tree = read_yaml(content)
        assert tree.root == root
        assert tree.duplicates == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=10,
)


class TestJson:
    @settings(deadline=None, database=None, derandomize=True)
    @given(JSON, st.booleans(), st.sampled_from([None, 0, "\t"]))
    def test_it_is_read_as_json(self, value: object, ascii_only: bool, indent: int | str | None) -> None:  # noqa: FBT001
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
        assert json.dumps(read_yaml(text.encode()).root) == json.dumps(value)

    @pytest.mark.parametrize(
        ("content", "root"),
        [
            pytest.param(b'{"name": "\\ud83d\\ude00"}', {"name": "😀"}, id="a surrogate pair"),
            pytest.param(b'{"a": "\\\\ud83d\\\\ude00"}', {"a": r"\ud83d\ude00"}, id="escaped backslashes"),
            pytest.param(
                b'\t{"a": 1e3, "b": 1.5E-1, "c": 1e-07}', {"a": 1000.0, "b": 0.15, "c": 1e-07}, id="exponents"
            ),
            pytest.param(b'{"a"\n\t:\n1e0}', {"a": 1.0}, id="colons on other lines"),
            pytest.param(b'\xef\xbb\xbf{"\\ud83d\\ude00": ""}', {"😀": ""}, id="byte order mark"),
        ],
    )
    def test_what_yaml_reads_otherwise(self, content: bytes, root: object) -> None:
        assert read_yaml(content).root == root

    def test_half_a_surrogate_pair_is_refused_with_its_line(self) -> None:
        content = b'{\n"a": "\\ud83d\\ude00",\n"b": "\\ud83d"\n}'
        told = refusal(content)
        assert told.startswith("line 3: is not valid YAML: found invalid Unicode")
        assert told.endswith("(column 10)")

    def test_keys_given_twice_are_told(self) -> None:
        content = b'[{"a": "\\ud83d\\ude00", "a": 1}]'
        assert list(read_yaml(content).duplicates) == [(0, "a")]


class TestKeysGivenTwice:
    @pytest.mark.parametrize(
        ("content", "paths"),
        [
            pytest.param(b"a: 1\na: 2", [("a",)], id="at the top"),
            pytest.param(b"a: 1\na: 2\na: 3", [("a",), ("a",)], id="three times"),
            pytest.param(b"a: {b: {c: 1, c: 1}}", [("a", "b", "c")], id="deep"),
            pytest.param(b"a: [{b: 1}, {b: 1, b: 2}]", [("a", 1, "b")], id="in a list"),
            pytest.param(b"a: 1\n'a': 2", [("a",)], id="quoted and not"),
            pytest.param(b"a: {b: 1, b: 1}\nc: {d: 1, d: 1}", [("a", "b"), ("c", "d")], id="two"),
        ],
    )
    def test_they_are_told_with_their_paths(self, content: bytes, paths: list[KeyPath]) -> None:
        assert list(read_yaml(content).duplicates) == paths

    def test_the_last_value_counts(self) -> None:
        assert read_yaml(b"a: 1\na: 2").root == {"a": 2}

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"a: {b: 1}\nc: {b: 1}", id="in two mappings"),
            pytest.param(b"- {b: 1}\n- {b: 1}", id="in two places of a list"),
            pytest.param(b"a: &x {b: 1}\nc: {<<: *x, b: 2}", id="of a merged mapping"),
            pytest.param(b"a: &x {b: 1}\nc: &y {b: 2}\nd: {<<: [*x, *y]}", id="of two merged mappings"),
            pytest.param(b"a: &x {b: 1}\nc: {<<: *x}\nd: {<<: *x}", id="merged twice"),
            pytest.param(b"p: [[&x {k: 1}, &y {<<: *x, k: 2}]]\nq: {<<: *y}", id="merged before it is made"),
        ],
    )
    def test_this_is_no_repetition(self, content: bytes) -> None:
        assert read_yaml(content).duplicates == ()

    @pytest.mark.parametrize(
        ("content", "path"),
        [
            pytest.param(b"a: &x {b: 1, b: 2, c: *x}", ("a", "b"), id="in a mapping that holds itself"),
            pytest.param(b"a: &x [*x]\nb: 1\nb: 2", ("b",), id="beside a list that holds itself"),
            pytest.param(b"&x {a: *x, a: *x}", ("a",), id="whose values are the whole document"),
        ],
    )
    def test_they_are_found_whatever_stands_beside_them(self, content: bytes, path: KeyPath) -> None:
        assert path in read_yaml(content).duplicates


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "line", "column"),
        [
            pytest.param(b"a: 1\n]", 2, 1, id="unopened"),
            pytest.param(b"a: 1\n---\nb: 2", 2, 1, id="two documents"),
            pytest.param(b"a: b: c", 1, 5, id="two colons"),
            pytest.param(b"{[a]: b}", 1, 2, id="list as a key"),
            pytest.param(b"<<: 5", 1, 5, id="merge of a number"),
        ],
    )
    def test_they_say_where(self, content: bytes, line: int, column: int) -> None:
        told = refusal(content)
        assert told.startswith(f"line {line}: is not valid YAML: ")
        assert told.endswith(f" (column {column})")

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"a: *{CANARY}", id="undefined alias"),
            pytest.param(f"a: !{CANARY} b", id="unknown tag"),
            pytest.param(f"a: !!python/object/apply:os.system [{CANARY}]", id="python object"),
            pytest.param(f"a: !!{CANARY} b", id="unknown standard tag"),
            pytest.param(f"a: &{CANARY} 1\nb: &{CANARY} [2", id="anchor"),
            pytest.param(f"a: '{CANARY}", id="unclosed quote"),
            pytest.param(f'a: "{CANARY}\\q"', id="unknown escape"),
            pytest.param(f"a: {CANARY}: b", id="two colons"),
            pytest.param(f"%{CANARY} x\n--- a", id="directive"),
            pytest.param(f"%TAG ! tag:{CANARY}\n--- !x{CANARY} a", id="tag directive"),
            pytest.param(f"a: !!int {CANARY}", id="no number"),
            pytest.param(f"a: !!float {CANARY}", id="no float"),
            pytest.param(f"a: !!bool {CANARY}", id="neither true nor false"),
            pytest.param(f"a: !!timestamp {CANARY}", id="no date"),
            pytest.param(f"a: !!binary é{CANARY}", id="no base64"),
        ],
    )
    def test_they_quote_nothing(self, text: str) -> None:
        told = refusal(text.encode())
        assert "is not valid YAML: " in told
        assert CANARY not in told

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b'a: !!int ""', id="empty integer"),
            pytest.param(b'a: !!float ""', id="empty float"),
            pytest.param(b"a: !!bool maybe", id="odd boolean"),
            pytest.param(b"a: !!timestamp soon", id="odd date"),
            pytest.param(b"a: " + b"9" * 5000, id="integer with 5000 digits"),
            pytest.param(b"a: 1" + b":00" * 200 + b".0", id="sexagesimal beyond a float"),
            pytest.param(b"a: 0b_", id="binary number without digits"),
            pytest.param(b"a: =", id="default value sign"),
            pytest.param(b"? " + b"[" * 1500 + b"]" * 1500 + b"\n: 1", id="deep key"),
        ],
    )
    def test_a_value_that_cannot_be_made_is_refused_with_its_line(self, content: bytes) -> None:
        before = b"# a comment\n" + (b"" if content.startswith(b"?") else b"b: {c: [1, 2]}\n")
        line = before.count(b"\n") + 1
        assert refusal(before + content + b"\n").startswith(f"line {line}: is ")

    @pytest.mark.parametrize("content", [b"\xff\xfe\xfa", b"a: \xe9", b"a: \xc3"], ids=repr)
    def test_bytes_that_are_no_text_are_refused(self, content: bytes) -> None:
        assert refusal(content) == "line 1: is not valid YAML: it contains bytes that are not UTF-8 text"

    @pytest.mark.parametrize("content", [b"a: b\x07", b"a: \x00", b"a: \xc2\x80"], ids=repr)
    def test_a_control_character_is_called_so(self, content: bytes) -> None:
        assert refusal(b"b: 1\n" + content) == "line 2: is not valid YAML: it contains a control character"


def test_merges_that_multiply_are_refused() -> None:
    levels = ["m0: &m0 {a: b, c: d}"]
    levels += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, 20)]
    with pytest.raises(YamlError, match="has too many keys after YAML merges"):
        read_yaml("\n".join(levels).encode())
