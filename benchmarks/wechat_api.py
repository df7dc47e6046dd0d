"""The WeChat API that the benchmarks call: Debian's nginx with TLS on loopback, 50 ms a call.

The exporter's simulator is not used, because it is Python and would use the CPU time that is measured.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

import trustme
from helpers.ports import free_port
from helpers.repository import REPOSITORY
from helpers.waiting import wait_until

LATENCY = 0.05
"""The latency of each call, in seconds."""

_UNPACKED = REPOSITORY / ".programs" / "usr"
_MODULES = "lib/nginx/modules"

Answers = Literal["same", "reordered", "changing"]
"""Whether an app's answer is the same in every scrape, has its domains in another order, or new domains."""

_CONFIGURATION = Template("""
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
daemon off;
master_process off;
error_log $folder/error.log warn;
pid $folder/nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  keepalive_requests 1000000000;
  lua_package_path "$lua/?.lua;;";
  init_by_lua_block { api = dofile("$folder/api.lua") }
  server {
    listen 127.0.0.1:$port ssl backlog=4096;
    ssl_certificate $folder/server.pem;
    ssl_certificate_key $folder/server.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location ~ ^/(?<answers>[a-z]+)/(?<domains>[0-9]+)/wxa/getwxadevinfo$$ {
      content_by_lua_block { api.getwxadevinfo(ngx.var.answers, tonumber(ngx.var.domains)) }
    }
    location ~ /cgi-bin/stable_token$$ {
      content_by_lua_block { api.stable_token() }
    }
  }
}
""")

_API = Template("""
local categories = {
  "requestdomain", "wsrequestdomain", "uploaddomain", "downloaddomain", "udpdomain", "bizdomain",
}

local function lists(name, domains, turn, first)
  local parts = {}
  for place, category in ipairs(categories) do
    local list = {}
    for number = place, domains, #categories do
      list[#list + 1] = '"https://' .. name .. "-" .. number .. '.example.com"'
    end
    if turn and #list > 0 then
      table.insert(list, 1, table.remove(list, 1 + turn % #list))
    end
    if first and place == 1 and #list > 0 then
      list[1] = '"https://' .. name .. "-" .. first .. '.example.com"'
    end
    parts[place] = '"' .. category .. '":[' .. table.concat(list, ",") .. "]"
  end
  return table.concat(parts, ",")
end

local function answer(body)
  ngx.header["Content-Type"] = "application/json; encoding=utf-8"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

local api, known = {}, {}

function api.getwxadevinfo(answers, domains)
  ngx.sleep($latency)
  local token = ngx.var.arg_access_token
  local body
  if answers == "same" then
    local key = domains .. token
    body = known[key] or lists(token, domains)
    known[key] = body
  elseif answers == "reordered" then
    body = lists(token, domains, ngx.now() * 1000)
  else
    body = lists(token, domains, nil, "v" .. ngx.now() * 1000)
  end
  answer('{"errcode":0,"errmsg":"ok",' .. body .. "}")
end

function api.stable_token()
  ngx.req.read_body()
  local appid = ngx.req.get_body_data():match('"appid": *"(%w+)"')
  ngx.sleep($latency)
  answer('{"access_token":"' .. appid .. '","expires_in":7200}')
end

return api
""")


@dataclass(frozen=True, slots=True)
class WechatApi:
    """The running API.

    Attributes:
        url: scheme, host and port.
        ca_file: the authority that signed its certificate.
    """

    url: str
    ca_file: Path

    def base_url(self, answers: Answers, domains: int) -> str:
        """Return the base URL below which apps have this many domains."""
        return f"{self.url}/{answers}/{domains}"


def _usr() -> Path:
    """Return the folder, unpacked or installed, with nginx and the modules that it needs."""
    for usr in (_UNPACKED, Path("/usr")):
        modules = (usr / _MODULES / name for name in ("ndk_http_module.so", "ngx_http_lua_module.so"))
        if (usr / "sbin/nginx").exists() and all(module.exists() for module in modules):
            return usr
    sys.exit("nginx with its Lua module is missing: install Debian's nginx and libnginx-mod-http-lua.")


@contextlib.contextmanager
def wechat_api(folder: Path) -> Iterator[WechatApi]:
    """Run nginx with the API."""
    port = free_port()
    usr = _usr()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = authority.issue_cert("127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    (folder / "api.lua").write_text(_API.substitute(latency=LATENCY))
    (folder / "nginx.conf").write_text(
        _CONFIGURATION.substitute(modules=usr / _MODULES, lua=usr / "share/lua/5.1", folder=folder, port=port)
    )
    libraries = ":".join(str(path) for path in _UNPACKED.parent.glob("**/lib/*-linux-gnu"))
    process = subprocess.Popen(
        [usr / "sbin/nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"],
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
    )
    try:
        wait_until((folder / "nginx.pid").exists, "nginx runs")
        yield WechatApi(f"https://127.0.0.1:{port}", folder / "ca.pem")
    finally:
        process.terminate()
        process.wait(30)
