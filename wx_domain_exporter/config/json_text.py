"""Converts JSON to YAML, because YAML parsers refuse some JSON and read some of it differently."""

import json
import re

_DIFFERENCE = re.compile(
    rb"\\u[dD][89abAB]"  # a surrogate pair: a character beyond the BMP
    rb"|[\x7f\t]|\xc2[\x80-\x9f]|\xef\xbf[\xbe\xbf]"  # characters that YAML refuses or replaces
    rb"|[0-9][eE]"  # a number that YAML reads as text
    rb'|"[ \t]*[\r\n]\s*:'  # a key whose colon is on another line
)
_TOKEN = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")(?:(?P<space>\s*):)?|(?P<number>-?[0-9][0-9.eE+-]*)|\t')
_NOT_IN_YAML = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def json_as_yaml(content: bytes) -> bytes:
    """Return a JSON document as YAML with the same values on the same lines, any other content as it is."""
    if _DIFFERENCE.search(content) is None:
        return content
    try:
        text = content.decode("utf-8-sig")
        json.loads(text)
    except (ValueError, RecursionError):
        return content
    return _TOKEN.sub(_as_yaml, text).encode()


def _as_yaml(token: re.Match[str]) -> str:
    if token["string"] is not None:
        colon = "" if token["space"] is None else f": {token['space']}"
        return _string(token["string"]) + colon.replace("\t", " ")
    number = token["number"]
    if number is None:
        return " "
    return f"{float(number):.17e}" if "e" in number.casefold() else number  # YAML requires a decimal point


def _string(token: str) -> str:
    value = json.loads(token)
    if _LONE_SURROGATE.search(value):
        return token  # not a valid character: the YAML parser refuses it and says where
    return _NOT_IN_YAML.sub(lambda char: f"\\U{ord(char[0]):08x}", json.dumps(value, ensure_ascii=False))
