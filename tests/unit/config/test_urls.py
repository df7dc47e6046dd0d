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
        assert refusal(base_url=url).startswith(
            f"{FILE}:1: wechat.base_url: would send tokens in clear text; "
        )
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
            f"{FILE}:1: wechat.base_url: is not a URL; allowed: https://HOST[:PORT]"
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
            f"{FILE}:1: wechat.base_url: contains characters that are not valid in a URL; "
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
            f"{FILE}:1: wechat.base_url: contains a user, a query or a fragment; allowed: https://HOST[:PORT]"
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
            f"{FILE}:1: wechat.proxy_url: is not a proxy URL; allowed: http://[USER:PASSWORD@]HOST[:PORT]"
        )


class TestProxyOfTheEnvironment:
    WORDS = (
        "is reached through a proxy of the environment that can't be used; "
        "allowed: http://[USER:PASSWORD@]HOST[:PORT], or its host in no_proxy"
    )

    @pytest.fixture(autouse=True)
    def _proxies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name.upper(), raising=False)
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", "socks5://canary-user:canary@proxy.example.com:1080")

    def errors(self, token: dict[str, Any], **wechat: Any) -> list[str]:
        config = {"apps": [APP | {"token": token}, APP | {"appid": "wx0000000000000001"}], "wechat": wechat}
        try:
            parse(as_json(config).encode(), FILE)
        except ConfigError as error:
            return list(error.errors)
        return []

    def test_one_that_cannot_be_used_is_told(self) -> None:
        service = {"type": "http", "url": "https://tokens.example.com/{appid}"}
        assert self.errors(service, trust_env=True) == [
            f"some.yml:1: wechat.base_url: {self.WORDS}",
            f"some.yml:1: apps.token.url ({APP['appid']}): {self.WORDS}",
        ]

    def test_one_for_a_shared_token_service_is_told_once(self) -> None:
        config = {
            "wechat": {"trust_env": True, "proxy_url": "http://proxy.example.com:3128"},
            "tokens": {"center": {"type": "http", "url": "https://tokens.example.com/{appid}"}},
            "apps": [{"appid": f"wx000000000000000{number}", "token": "center"} for number in range(3)],
        }
        with pytest.raises(ConfigError) as caught:
            parse(as_json(config).encode(), FILE)
        assert list(caught.value.errors) == [f"some.yml:1: tokens.center.url: {self.WORDS}"]

    @pytest.mark.parametrize(
        ("variable", "wechat"),
        [
            (None, {}),
            (None, {"trust_env": True, "proxy_url": "http://proxy.example.com:3128"}),
            (None, {"trust_env": True, "base_url": "http://127.0.0.1:8080"}),
            (("no_proxy", "weixin.qq.com"), {"trust_env": True}),
            (("https_proxy", "proxy.example.com:3128"), {"trust_env": True}),
        ],
        ids=["not trusted", "another one", "of another scheme", "no_proxy", "a good one"],
    )
    def test_nothing_is_told_of_one_that_is_not_used_or_good(
        self, monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str] | None, wechat: dict[str, Any]
    ) -> None:
        if variable is not None:
            monkeypatch.setenv(*variable)
        assert self.errors({"type": "stable_token", "appsecret": "s"}, **wechat) == []
