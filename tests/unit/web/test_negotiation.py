from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Gauge

from wx_domain_exporter.web.negotiation import accepts_gzip, choose_encoder

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=0.0.4;q=0.25,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def media_type(content_type: str) -> str:
    """The type without the escaping that prometheus-client adds to it."""
    return "; ".join(part for part in content_type.split("; ") if not part.startswith("escaping="))


class TestFormat:
    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            pytest.param("", TEXT, id="no header"),
            pytest.param("*/*", TEXT, id="anything"),
            pytest.param("text/*", TEXT, id="any text"),
            pytest.param(BROWSER, TEXT, id="browser"),
            pytest.param("application/json", TEXT, id="nothing that there is"),
            pytest.param("text/plain", TEXT, id="text"),
            pytest.param("text/plain;version=0.0.4", TEXT, id="text 0.0.4"),
            pytest.param("text/plain;version=1.0.0", TEXT_1, id="text 1.0.0"),
            pytest.param("Text/Plain;Version=1.0.0", TEXT_1, id="text in capitals"),
            pytest.param("application/openmetrics-text", OPENMETRICS, id="OpenMetrics"),
            pytest.param("application/openmetrics-text;version=1.0.0", OPENMETRICS, id="OpenMetrics 1.0.0"),
            pytest.param("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS, id="capitals"),
            pytest.param('application/openmetrics-text; version="1.0.0"', OPENMETRICS, id="quoted"),
            pytest.param("application/openmetrics-text ; version = 1.0.0", OPENMETRICS, id="spaces"),
            pytest.param(PROMETHEUS_2, OPENMETRICS, id="Prometheus 2"),
            pytest.param(PROMETHEUS_3, OPENMETRICS, id="Prometheus 3"),
            pytest.param("application/openmetrics-text;version=x", TEXT, id="version that is no number"),
            pytest.param("application/openmetrics-text;version=", TEXT, id="empty version"),
            pytest.param("application/openmetrics-text;version=2.0.0", TEXT, id="version there is not"),
            pytest.param("text/plain;version=9.9.9", TEXT, id="text version there is not"),
            pytest.param(
                "application/openmetrics-text;version=9.0.0,text/plain;version=1.0.0",
                TEXT_1,
                id="the best that there is",
            ),
            pytest.param(
                "application/openmetrics-text;q=0.2,text/plain;version=1.0.0;q=0.9", TEXT_1, id="by quality"
            ),
            pytest.param(
                "text/plain;version=1.0.0;q=0.2,application/openmetrics-text;q=0.9",
                OPENMETRICS,
                id="not by place",
            ),
            pytest.param("application/openmetrics-text;q=0", TEXT, id="refused"),
            pytest.param("application/openmetrics-text;q=0.0,*/*;q=0.1", TEXT, id="refused among others"),
            pytest.param("application/openmetrics-text;q=x", TEXT, id="quality that is no number"),
            pytest.param("application/openmetrics-text;q=nan", TEXT, id="quality NaN"),
            pytest.param("application/openmetrics-text;q=-1", TEXT, id="quality below 0"),
            pytest.param("application/openmetrics-text;q=1.1", TEXT, id="quality above 1"),
            pytest.param("application/openmetrics-text;q=0.5,text/*;q=0.6", TEXT, id="any text preferred"),
            pytest.param(",;,;;=,q=1,/,*", TEXT, id="nonsense"),
        ],
    )
    def test_an_accept_header_gets(self, accept: str, expected: str) -> None:
        _, content_type = choose_encoder(accept)
        assert media_type(content_type) == expected

    @pytest.mark.parametrize(
        ("accept", "end"),
        [
            pytest.param("application/openmetrics-text", "# EOF\n", id="OpenMetrics"),
            pytest.param("text/plain;version=1.0.0", "a 1.0\n", id="text 1.0.0"),
            pytest.param("text/plain", "a 1.0\n", id="text"),
        ],
    )
    def test_the_encoder_and_the_content_type_agree(self, accept: str, end: str) -> None:
        registry = CollectorRegistry()
        Gauge("a", "help", registry=registry).set(1)
        encode, _ = choose_encoder(accept)
        assert encode(registry).decode().endswith(end)

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [
            ("allow-utf-8", "allow-utf-8"),
            ("underscores", "underscores"),
            ("dots", "underscores"),
            ("values", "underscores"),
        ],
    )
    @pytest.mark.parametrize(
        "base", ["application/openmetrics-text;version=1.0.0", "text/plain;version=1.0.0"]
    )
    def test_whatever_escaping_is_asked_for_names_stay_as_they_are(
        self, base: str, asked: str, answered: str
    ) -> None:
        registry = CollectorRegistry()
        Gauge("wx_domain_up", "help", ["appid_or_name"], registry=registry).labels("wx_0").set(1)
        encode, content_type = choose_encoder(f"{base};escaping={asked}")
        assert '\nwx_domain_up{appid_or_name="wx_0"} 1.0\n' in encode(registry).decode()
        assert content_type.endswith(f"; escaping={answered}")

    def test_an_escaping_that_is_unknown_is_not_repeated(self) -> None:
        _, content_type = choose_encoder("application/openmetrics-text;version=1.0.0;escaping=canary")
        assert media_type(content_type) == OPENMETRICS
        assert "canary" not in content_type


class TestGzip:
    @pytest.mark.parametrize(
        "header",
        ["gzip", "GZIP", "gzip, deflate, br", "br;q=1.0, gzip;q=0.1", "*", "*;q=0, gzip", "gzip ; q=0.5"],
    )
    def test_this_header_accepts_it(self, header: str) -> None:
        assert accepts_gzip(header)

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "identity",
            "br",
            "deflate",
            "gzip;q=0",
            "gzip;q=0.000",
            "*;q=0",
            "gzip;q=0, *",
            "gzip;q=x",
            "gzipped",
        ],
    )
    def test_this_header_does_not(self, header: str) -> None:
        assert not accepts_gzip(header)
