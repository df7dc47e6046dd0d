"""Where the exporter's threads spend their time: a profile of each, added up."""

import os
import pstats
import tempfile
from io import StringIO
from pathlib import Path

from benchmarks.measuring import Fleet, measure
from benchmarks.wechat_api import WechatApi

FOLDER = "BENCH_PROFILE"
"""The environment variable that has a process profiled, and says where the profile goes."""

_LINES = 60

_SITE = """
import atexit, cProfile, os, pstats, sys, threading, time

folder = os.environ.get("BENCH_PROFILE")
if folder and sys.argv[:1] == ["-m"]:
    profiles = []
    run = threading.Thread.run

    def profiled(thread):
        profile = cProfile.Profile()
        profiles.append(profile)
        profile.runcall(run, thread)

    def dump():
        found = [profile for profile in profiles if profile.getstats()]
        pstats.Stats(*found).dump_stats(folder + "/threads.prof")

    threading.Thread.run = profiled
    atexit.register(dump)
"""


def profiled(api: WechatApi, folder: Path) -> str:
    """Scrape an exporter under a profiler; return the functions that took longest by themselves."""
    with tempfile.TemporaryDirectory() as site:
        Path(site, "sitecustomize.py").write_text(_SITE)
        before = os.environ.get("PYTHONPATH", "")
        os.environ |= {FOLDER: site, "PYTHONPATH": f"{site}:{before}"}
        fleet = Fleet(1000)
        measure(fleet, api, folder, cores={0})
        out = StringIO()
        pstats.Stats(f"{site}/threads.prof", stream=out).sort_stats("tottime").print_stats(_LINES)
    return out.getvalue()
