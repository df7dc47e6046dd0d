"""Profiles the exporter: all its threads and greenlets."""

import os
import tempfile
from io import StringIO
from pathlib import Path

import yappi

from benchmarks.measuring import Fleet, measure
from benchmarks.wechat_api import WechatApi

FOLDER = "BENCH_PROFILE"
"""The environment variable with the folder for the profile; without it nothing is profiled."""

_SITECUSTOMIZE = """
import atexit, os, sys

folder = os.environ.get("BENCH_PROFILE")
if folder and sys.argv[:1] == ["-m"]:
    import yappi

    def dump():
        yappi.stop()
        yappi.get_func_stats().save(folder + "/profile.ystat")

    yappi.set_clock_type("cpu")
    yappi.set_context_backend("greenlet")
    yappi.start()
    atexit.register(dump)
"""


def profiled(api: WechatApi, folder: Path) -> str:
    """Scrape a profiled exporter; return its functions, those with the most time of their own first."""
    with tempfile.TemporaryDirectory() as site:
        Path(site, "sitecustomize.py").write_text(_SITECUSTOMIZE)
        python_path = os.environ.get("PYTHONPATH", "")
        os.environ |= {FOLDER: site, "PYTHONPATH": f"{site}:{python_path}"}
        measure(Fleet(1000), api, folder, cores={0})
        out = StringIO()
        stats = yappi.YFuncStats([f"{site}/profile.ystat"]).sort("tsub")
        stats.print_all(out, columns={0: ("name", 90), 1: ("ncall", 10), 2: ("tsub", 8), 3: ("ttot", 8)})
    return out.getvalue()
