"""The shipped templates and examples for chats, and Alertmanager with them."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import yaml
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.programs import program
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from helpers.fake_wecom import WeCom

RULES = REPOSITORY / "rules"
TEMPLATES = RULES / "templates"
LANGUAGES = ("en", "zh")


def template(name: str, language: str) -> Path:
    """A shipped template, such as `wx-domain`."""
    return TEMPLATES / (f"{name}.tmpl" if language == "en" else f"{name}.{language}.tmpl")


def page(language: str) -> str:
    return "docs/chat.md" if language == "en" else "docs/chat.zh-CN.md"


def hastened(configuration: Any) -> Any:
    """A configuration of Alertmanager whose intervals are a few seconds."""
    for route in (configuration["route"], *configuration["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "2s", "repeat_interval": "1h"}
    return configuration


def wecom_configuration(company: WeCom, language: str) -> Any:
    """The shipped example for 企业微信, for this company and language, hastened."""
    configuration = yaml.safe_load((RULES / "alertmanager.wechat.example.yml").read_text())
    configuration["global"] = {
        "wechat_api_corp_id": company.corp_id,
        "wechat_api_secret": company.secret,
        "wechat_api_url": company.api_url,
    }
    configuration["templates"] = [str(template("wx-domain", language))]
    return hastened(configuration)


def post_alerts(address: str, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Send alerts to Alertmanager, as Prometheus does."""
    answer = request(
        f"http://{address}/api/v2/alerts",
        method="POST",
        headers={"Content-Type": "application/json"},
        body=json.dumps(alerts).encode(),
    )
    assert answer.status == 200, answer.text


def rendered(file: Path, text: str, notification: Any, folder: Path, release: str) -> str:
    """What amtool makes of a notification with a template file and a text that uses it."""
    data = folder / "notification.json"
    data.write_text(as_json(notification))
    command = [
        program("amtool", "prometheus-alertmanager", release),
        *("template", "render", f"--template.glob={file}"),
        *(f"--template.text={text}", f"--template.data={data}"),
    ]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout
