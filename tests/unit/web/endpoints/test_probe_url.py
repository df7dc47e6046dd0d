from __future__ import annotations

import pytest

from wx_domain_exporter.web.endpoints.probe_url import ProbeUrl, probe_url


class TestUrl:
    @pytest.mark.parametrize(
        ("domain", "url"),
        [
            ("https://www.example.com", "https://www.example.com"),
            ("http://www.example.com", "http://www.example.com"),
            ("wss://www.example.com", "https://www.example.com"),
            ("ws://www.example.com", "http://www.example.com"),
            ("wss://www.example.com:8443/a/B?c=d", "https://www.example.com:8443/a/B?c=d"),
            ("https://www.example.com?c=d", "https://www.example.com?c=d"),
            ("https://a_b.example.com", "https://a_b.example.com"),
            ("https://localhost", "https://localhost"),
            ("https://192.0.2.1:443", "https://192.0.2.1:443"),
            ("https://[2001:db8:0::1]:8443", "https://[2001:db8::1]:8443"),
            ("https://例子.测试", "https://xn--fsqu00a.xn--0zwm56d"),
            (
                "wss://例子.测试:1/路径?键=值",
                "https://xn--fsqu00a.xn--0zwm56d:1/%E8%B7%AF%E5%BE%84?%E9%94%AE=%E5%80%BC",
            ),
            ("https://www.example.com/a%20b[1]", "https://www.example.com/a%20b%5B1%5D"),
        ],
    )
    def test_of_a_domain(self, domain: str, url: str) -> None:
        probe = probe_url(domain)
        assert probe is not None
        assert probe.url == url

    @pytest.mark.parametrize(
        "domain",
        [
            "udp://www.example.com",
            "tcp://www.example.com:9000",
            "ftp://www.example.com",
            "www.example.com",
            "https:/www.example.com",
            "https://",
            "https:///a",
            "wss://https://www.example.com",
            "https://https://www.example.com",
            "https://*.example.com",
            "https://*",
            "https://user@www.example.com",
            "https://user:password@www.example.com",
            "https://www.example.com:",
            "https://www.example.com:0",
            "https://www.example.com:65536",
            "https://www.example.com:port",
            "https://www.example.com/#here",
            "https://www.example.com/a b",
            "https://www example.com",
            "https://www..example.com",
            "https://.example.com",
            "https://www.example.com.",
            "https://-www.example.com",
            "https://www.example.com/%zz",
            "https://192.0.2",
            "https://192.0.2.256",
            "https://1",
            "https://[2001:db8::g]",
            "https://[::1",
            "https://[1:2]",
            f"https://{'a' * 64}.example.com",
            f"https://{'a.' * 127}com",
            f"https://{'测' * 64}.测试",
            "https://straße.example.com",
        ],
    )
    def test_other_domains_have_none(self, domain: str) -> None:
        assert probe_url(domain) is None


@pytest.mark.parametrize(
    ("domain", "scheme", "host"),
    [
        ("https://www.example.com", "https", "www.example.com"),
        ("wss://www.example.com:8443/a", "wss", "www.example.com"),
        ("ws://例子.测试", "ws", "xn--fsqu00a.xn--0zwm56d"),
        ("https://[2001:DB8::1]".lower(), "https", "2001:db8::1"),
    ],
)
def test_it_knows_the_domains_own_scheme_and_its_host(domain: str, scheme: str, host: str) -> None:
    probe = probe_url(domain)
    assert isinstance(probe, ProbeUrl)
    assert (probe.scheme, probe.host) == (scheme, host)
