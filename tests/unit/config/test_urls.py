from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers.configurations import parse
from helpers.json_text import as_json

from wx_domain_exporter.config.errors import ConfigError

if TYPE_CHECKING:
    from wx_domain_exporter.config.schema import Wechat

FILE = Path("some.yml")
APP = {"appid": "wx0123456789abcdef", "token": {"type": "stable_token", "appsecret": "s"}}


def wechat(**keys: Any) -> Wechat:
    return parse(as_json({"apps": [APP], "wechat": keys}).encode(), FILE).wechat


def refusal(**keys: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        wechat(**keys)
    (line,) = caught.value.errors
    return line


class TestBaseUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "https://api.weixin.qq.com",
            "https://api2.weixin.qq.com:8443",
            "https://gateway.example.com/wechat",
            "https://[2001:db8::1]:8443",
            "http://localhost:8080",
            "http://127.0.0.1",
            "http://127.255.0.9:8080",
            "http://[::1]:8080",
        ],
    )
    def test_this_one_is_taken(self, url: str) -> None:
        assert wechat(base_url=url).base_url == url

    @pytest.mark.parametrize("end", ["/", "//"])
    def test_slashes_at_the_end_go(self, end: str) -> None:
        assert wechat(base_url=f"https://api.weixin.qq.com{end}").base_url == "https://api.weixin.qq.com"

    @pytest.mark.parametrize(
        "url",
        [
            "http://api.weixin.qq.com",
            "http://0.0.0.0:8080",
            "http://128.0.0.1",
            "http://127.0.0.1.example.com",
            "http://127.0.0",
            "http://127x0x0x1",
            "http://localhost.example.com",
            "http://[::2]",
            "HTTP://api.weixin.qq.com",
        ],
    )
    def test_clear_text_over_a_network_is_taken_only_when_it_is_allowed(self, url: str) -> None:
        assert refusal(base_url=url).startswith(f"{FILE}: wechat.base_url: would send tokens in clear text; ")
        assert refusal(base_url=url, allow_http=False).endswith("or http:// with allow_http: true")
        assert wechat(base_url=url, allow_http=True).base_url == url
        assert wechat(allow_http=True, base_url=url).base_url == url

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "api.weixin.qq.com",
            "//api.weixin.qq.com",
            "https:api.weixin.qq.com",
            "https://",
            "https://:443",
            "https:///path",
            "https://api.weixin.qq.com:0",
            "https://api.weixin.qq.com:65536",
            "https://api.weixin.qq.com:https",
            "https://[::1",
            "https://api.weixin.qq.com\u2100",
            "ftp://api.weixin.qq.com",
            "unix:///run/wechat.sock",
        ],
        ids=ascii,
    )
    def test_this_is_no_url_of_a_server(self, url: str) -> None:
        assert refusal(base_url=url) == (
            f"{FILE}: wechat.base_url: is not a URL; allowed: https://HOST[:PORT]"
        )

    @pytest.mark.parametrize(
        "url",
        [
            "https://api.weixin.qq.com/a b",
            "https://api.weixin.qq.com/\x07",
            "https://例子.测试",
            "https://a\tb",
        ],
        ids=ascii,
    )
    def test_this_holds_what_no_url_can_hold(self, url: str) -> None:
        assert refusal(base_url=url) == (
            f"{FILE}: wechat.base_url: contains characters that are not valid in a URL; "
            "allowed: ASCII without spaces"
        )

    @pytest.mark.parametrize(
        "url",
        [
            "https://canary@api.weixin.qq.com",
            "https://canary:canary@api.weixin.qq.com",
            "https://api.weixin.qq.com?access_token=canary",
            "https://api.weixin.qq.com/#canary",
            "https://api.weixin.qq.com?",
            "https://api.weixin.qq.com/#",
        ],
    )
    def test_only_a_server_and_a_path_may_stand_in_it(self, url: str) -> None:
        assert refusal(base_url=url) == (
            f"{FILE}: wechat.base_url: contains a user, a query or a fragment; allowed: https://HOST[:PORT]"
        )


class TestProxyUrl:
    @pytest.mark.parametrize(
        "url",
        ["http://proxy.example.com", "http://user:canary@proxy.example.com:3128", "http://[::1]:3128/"],
    )
    def test_this_one_is_taken_and_not_printed(self, url: str) -> None:
        found = wechat(proxy_url=url)
        assert found.proxy_url is not None
        assert found.proxy_url.read() == url
        assert url not in repr(found)

    @pytest.mark.parametrize(
        "url",
        [
            "proxy.example.com:3128",
            "https://user:canary@proxy.example.com",
            "socks5://user:canary@proxy.example.com",
            "http://",
            "http://user:canary@:3128",
            "http://user:canary@proxy.example.com:0",
            "http://user:canary@proxy.example.com:port",
            "http://user:canary@[::1",
        ],
    )
    def test_this_is_no_proxy_and_is_not_quoted(self, url: str) -> None:
        assert refusal(proxy_url=url) == (
            f"{FILE}: wechat.proxy_url: is not a proxy URL; allowed: http://[USER:PASSWORD@]HOST[:PORT]"
        )
