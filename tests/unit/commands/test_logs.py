from __future__ import annotations

import datetime as dt
import io
import json
import logging
from typing import TYPE_CHECKING, Any, cast

import pytest
import structlog

from wx_domain_exporter.commands import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wx_domain_exporter.commands.logs import LogFormat

FORMATS: tuple[LogFormat, ...] = ("logfmt", "json")
LEVELS = ("debug", "info", "warning", "error")
TOKEN = "Canary_7c0-e5d"
OPAQUE = "canary7c0e5d" * 4
CAPPED = ("urllib3", "asyncio", "uvicorn")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in CAPPED}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, number in levels.items():
        logging.getLogger(name).setLevel(number)
    structlog.reset_defaults()


def set_up(log_format: LogFormat, level: str = "debug") -> io.StringIO:
    stream = io.StringIO()
    logs.set_up(level, log_format, stream)
    return stream


def logger() -> Any:
    return structlog.get_logger("wx_domain_exporter.x")


def fail(text: str) -> None:
    raise ValueError(text)


class TestFormats:
    def test_a_logfmt_line_begins_with_time_level_logger_and_message(self) -> None:
        stream = set_up("logfmt")
        logger().warning("app fails", appid="wx1", seconds=0.5, good=False, error='a "b"=c')
        time, rest = stream.getvalue().split(" ", 1)
        assert dt.datetime.fromisoformat(time.removeprefix("ts=")).tzinfo == dt.UTC
        assert rest == (
            'level=warning logger=wx_domain_exporter.x msg="app fails"'
            ' appid=wx1 seconds=0.5 good=false error="a \\"b\\"=c"\n'
        )

    def test_a_json_line_is_an_object(self) -> None:
        stream = set_up("json")
        logger().warning("app fails", appid="wx1", seconds=0.5, good=False, name="商城", none=None)
        line = json.loads(stream.getvalue())
        assert dt.datetime.fromisoformat(line.pop("ts")).tzinfo == dt.UTC
        assert line == {
            "level": "warning",
            "logger": "wx_domain_exporter.x",
            "msg": "app fails",
            "appid": "wx1",
            "seconds": 0.5,
            "good": False,
            "name": "商城",
            "none": None,
        }
        assert "商城" in stream.getvalue()

    @pytest.mark.parametrize("log_format", FORMATS)
    def test_an_event_is_one_line_whatever_it_holds(self, log_format: LogFormat) -> None:
        stream = set_up(log_format)
        logger().info("first\nsecond", error="third\nfourth")
        logging.getLogger("library").info("first\nsecond")
        try:
            fail("first\nsecond")
        except ValueError:
            logger().exception("broke")
            logging.getLogger("library").exception("broke")
        assert stream.getvalue().count("\n") == 4

    @pytest.mark.parametrize("log_format", FORMATS)
    def test_control_characters_are_escaped(self, log_format: LogFormat) -> None:
        stream = set_up(log_format)
        logger().info("a\x1b[31mb", error="c\x9b1md\u202ee")
        logging.getLogger("library").info("f\x07g")
        lines = stream.getvalue().splitlines()
        assert len(lines) == 2
        assert "31mb" in lines[0]
        assert all(line.isprintable() for line in lines)

    @pytest.mark.parametrize("log_format", FORMATS)
    def test_a_librarys_line_has_the_same_format(self, log_format: LogFormat) -> None:
        stream = set_up(log_format)
        logging.getLogger("library").warning("%d of %s", 5, "six")
        if log_format == "json":
            line = json.loads(stream.getvalue())
            assert (line["level"], line["logger"], line["msg"]) == ("warning", "library", "5 of six")
        else:
            assert stream.getvalue().split(" ", 1)[1] == 'level=warning logger=library msg="5 of six"\n'

    def test_the_log_goes_to_standard_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "logfmt")
        logger().info("here")
        out, err = capsys.readouterr()
        assert out == ""
        assert "msg=here" in err

    def test_a_second_set_up_replaces_the_first(self) -> None:
        first = set_up("logfmt")
        second = set_up("json")
        logger().info("here")
        assert first.getvalue() == ""
        assert json.loads(second.getvalue())["msg"] == "here"


class TestLevels:
    @pytest.mark.parametrize("least", LEVELS)
    def test_events_below_the_level_are_left_out(self, least: str) -> None:
        stream = set_up("json", least)
        for level in LEVELS:
            getattr(logger(), level)(level)
            getattr(logging.getLogger("library"), level)(level)
        found = [json.loads(line)["msg"] for line in stream.getvalue().splitlines()]
        assert found == [level for level in LEVELS[LEVELS.index(least) :] for _ in range(2)]

    @pytest.mark.parametrize("name", ["urllib3.connectionpool", "asyncio"])
    def test_libraries_that_log_urls_and_sockets_start_at_warnings(self, name: str) -> None:
        stream = set_up("json", "debug")
        for level in LEVELS:
            getattr(logging.getLogger(name), level)(level)
        found = [json.loads(line)["level"] for line in stream.getvalue().splitlines()]
        assert found == ["warning", "error"]

    def test_what_clients_send_does_not_fill_the_log(self) -> None:
        stream = set_up("json", "debug")
        for level in LEVELS:
            getattr(logging.getLogger("uvicorn.error"), level)(level)
        assert [json.loads(line)["level"] for line in stream.getvalue().splitlines()] == ["error"]

    def test_a_librarys_warnings_are_left_out_at_level_error(self) -> None:
        stream = set_up("json", "error")
        logging.getLogger("urllib3").warning("left out")
        logging.getLogger("urllib3").error("kept")
        assert json.loads(stream.getvalue())["msg"] == "kept"


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("level", ["debug", "error"])
class TestSecrets:
    def test_no_secret_is_in_a_message(self, log_format: LogFormat, level: str) -> None:
        stream = set_up(log_format, level)
        logger().error(f"GET /?access_token={TOKEN}")
        logging.getLogger("library").error("GET %s", f"http://user:{TOKEN}@h/")
        logging.getLogger("library").error("answer %s", {"access_token": TOKEN})
        assert len(stream.getvalue().splitlines()) == 3
        assert "7c0" not in stream.getvalue()

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(f"Bearer {TOKEN}", id="text"),
            pytest.param(ValueError(f"access_token={TOKEN}"), id="exception"),
            pytest.param({"access_token": TOKEN}, id="mapping"),
            pytest.param([f"access_token={TOKEN}"], id="list"),
        ],
    )
    def test_no_secret_is_in_a_value(self, log_format: LogFormat, level: str, value: object) -> None:
        stream = set_up(log_format, level)
        logger().error("a call failed", error=value)
        assert "a call failed" in stream.getvalue()
        assert "7c0" not in stream.getvalue()

    def test_no_secret_is_in_a_traceback(self, log_format: LogFormat, level: str) -> None:
        stream = set_up(log_format, level)
        for text in (f"access_token={TOKEN}", f"token: {TOKEN}", OPAQUE):
            try:
                fail(text)
            except ValueError:
                logger().exception("broke")
                logging.getLogger("library").exception("broke")
        assert stream.getvalue().count("ValueError: ") == 6
        assert "7c0" not in stream.getvalue()

    def test_no_secret_is_in_a_chained_traceback(self, log_format: LogFormat, level: str) -> None:
        stream = set_up(log_format, level)
        try:
            try:
                fail(f"access_token={TOKEN}")
            except ValueError as error:
                raise KeyError(f"secret={TOKEN}") from error
        except KeyError:
            logger().exception("broke")
        assert "KeyError" in stream.getvalue()
        assert "ValueError" in stream.getvalue()
        assert "7c0" not in stream.getvalue()

    def test_a_traceback_still_has_file_and_function(self, log_format: LogFormat, level: str) -> None:
        stream = set_up(log_format, level)
        try:
            fail("something else")
        except ValueError:
            logger().exception("broke")
        assert "in fail" in stream.getvalue()
        assert "test_logs.py" in stream.getvalue()
        assert "ValueError: something else" in stream.getvalue()


def test_numbers_stay_numbers() -> None:
    stream = set_up("json")
    logger().info("here", apps=5, seconds=0.25, good=True)
    line = cast("dict[str, object]", json.loads(stream.getvalue()))
    assert (line["apps"], line["seconds"], line["good"]) == (5, 0.25, True)
