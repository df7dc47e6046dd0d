"""Invented appids and appsecrets, derived from names, so that they are the same in every run."""

from __future__ import annotations

from hashlib import sha256


def appid_of(name: str) -> str:
    """The invented appid of an app or a platform."""
    return f"wx{_hex(f'appid {name}', 16)}"


def appsecret_of(name: str) -> str:
    """The invented appsecret of an app or a platform: 32 hexadecimal digits."""
    return _hex(f"appsecret {name}", 32)


def _hex(text: str, digits: int) -> str:
    return sha256(f"wx_domain_exporter simulator {text}".encode()).hexdigest()[:digits]
