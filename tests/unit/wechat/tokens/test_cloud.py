"""The sources of WeChat's cloud hosting: `cloudrun` without a token, `cloudbase` with one from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from helpers.api_clients import GOOD_ANSWER, answering
from helpers.faults import FaultyApi
from helpers.simulated_client import APPID, OTHER
from helpers.token_setup import credential_of, lists_of

from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.config.schema_tokens import CloudBaseToken, CloudRunToken
from wx_domain_exporter.wechat.client import ApiClient, Credential
from wx_domain_exporter.wechat.errors import ApiError, HttpError
from wx_domain_exporter.wechat.tokens.cloudbase import CloudBaseSource
from wx_domain_exporter.wechat.tokens.cloudrun import CloudRunSource

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.clocks import Clock as MovingClock
    from helpers.token_setup import Stage

    from wx_domain_exporter.clock import Clock

CLOUDBASE_TOKEN = "cloudbase/canary+token="


def cloudrun(clock: Clock = SYSTEM_CLOCK, **settings: Any) -> CloudRunSource:
    return CloudRunSource(APPID, CloudRunToken.model_validate({"type": "cloudrun", **settings}), clock)


def cloudbase(path: Path) -> CloudBaseSource:
    return CloudBaseSource(CloudBaseToken.model_validate({"type": "cloudbase", "path": str(path)}))


class TestCloudRun:
    def test_the_request_names_the_appid_and_carries_no_token(self, stage: Stage) -> None:
        with FaultyApi({"": answering(GOOD_ANSWER)}) as api:
            assert stage.fetch(cloudrun(base_url=api.url)) == GOOD_ANSWER
            (request,) = api.requests
        assert parse_qs(urlsplit(request.target).query) == {"from_appid": [APPID]}
        assert request.path == "/wxa/getwxadevinfo"
        assert request.body == b"{}"
        assert not {"authorization", "cookie"} & request.headers.keys()

    def test_its_default_is_wechat_in_plain_http(self, stage: Stage) -> None:
        credential = credential_of(cloudrun(), stage.caller())
        assert credential == Credential(APPID, "from_appid", "http://api.weixin.qq.com")

    def test_its_base_url_is_used_for_its_calls_only(self, stage: Stage) -> None:
        stage.app.cloudrun = True
        client = ApiClient(Wechat.model_validate({"base_url": "https://127.0.0.1:1"}), stage.recorder)
        try:
            answer = lists_of(cloudrun(base_url=stage.server.url), stage.caller(client=client))
        finally:
            client.close()
        assert answer["errcode"] == 0
        assert stage.recorder.refreshed == []

    def test_a_path_that_is_not_listed_is_http_502(self, stage: Stage) -> None:
        stage.app.cloudrun, stage.app.cloudrun_paths = True, []
        with pytest.raises(HttpError, match="502"):
            stage.fetch(cloudrun(base_url=stage.server.url))
        assert stage.api_errors == {}

    @pytest.mark.parametrize(("appid", "errcode"), [(APPID, 85107), (OTHER, 85112)])
    def test_what_wechat_refuses_is_reported_and_not_retried(
        self, stage: Stage, appid: str, errcode: int
    ) -> None:
        settings = CloudRunToken(type="cloudrun", base_url=stage.server.url)
        with pytest.raises(ApiError, match=f"getwxadevinfo answered errcode {errcode}"):
            stage.fetch(CloudRunSource(appid, settings))
        assert stage.api_errors == {"getwxadevinfo": errcode}
        assert stage.calls_of("getwxadevinfo", appid if appid == APPID else "") == 1

    def test_an_invalid_token_cannot_be_refreshed_and_causes_a_pause(
        self, stage: Stage, clock: MovingClock
    ) -> None:
        stage.app.cloudrun = True
        stage.app.errcode = 40001
        source = cloudrun(clock, base_url=stage.server.url)
        for _ in range(3):
            error = stage.fetch_error(source)
            assert str(error) == "cloudrun: WeChat does not accept this service for the mini program"
        assert stage.calls_of("getwxadevinfo") == 1
        stage.app.errcode = 0
        clock.ahead = 37
        assert stage.fetch(source)["errcode"] == 0


class TestCloudBase:
    @pytest.fixture
    def file(self, stage: Stage, tmp_path: Path) -> Path:
        stage.world.patch(APPID, {"cloudbase_tokens": [CLOUDBASE_TOKEN]})
        file = tmp_path / "cloudbase_access_token"
        file.write_text(f"{CLOUDBASE_TOKEN}\n")
        return file

    def test_the_files_token_is_sent_under_its_own_name(self, stage: Stage, file: Path) -> None:
        source = cloudbase(file)
        assert stage.fetch(source)["errcode"] == 0
        credential = credential_of(source, stage.caller())
        assert credential == Credential(CLOUDBASE_TOKEN, "cloudbase_access_token", None)
        assert stage.recorder.refreshed == []

    def test_the_file_is_where_cloud_hosting_puts_it(self) -> None:
        path = "/.tencentcloudbase/wx/cloudbase_access_token"
        assert CloudBaseToken(type="cloudbase").path == path
        assert CloudBaseSource(CloudBaseToken(type="cloudbase"))._token.source == path

    def test_it_is_read_again_for_each_use(self, stage: Stage, file: Path) -> None:
        source = cloudbase(file)
        source.get(stage.caller())
        file.write_text("another")
        assert source.get(stage.caller()) == "another"

    def test_an_invalid_token_is_read_again_once(self, stage: Stage, file: Path) -> None:
        source = cloudbase(file)
        file.write_text("canary-invalid")
        for _ in range(3):
            error = stage.fetch_error(source)
            assert str(error).startswith("cloudbase: WeChat refuses the token, and there is no other: getwxa")
        assert stage.calls_of("getwxadevinfo", "") == 1
        file.write_text(CLOUDBASE_TOKEN)
        assert stage.fetch(source)["errcode"] == 0

    @pytest.mark.parametrize("content", [None, "", "one\ntwo"], ids=["missing", "empty", "two lines"])
    def test_a_file_without_a_token_is_named(self, stage: Stage, file: Path, content: str | None) -> None:
        file.unlink() if content is None else file.write_text(content)
        error = stage.fetch_error(cloudbase(file))
        assert str(error).startswith(f"cloudbase: no token: the secret file {file} ")
        assert not stage.world.calls
        file.write_text(CLOUDBASE_TOKEN)
        assert stage.fetch(cloudbase(file))["errcode"] == 0
