"""`--baseline`: prints today's lists of all apps as a `baselines` block of the configuration."""

from wx_domain_exporter.commands.baseline_block import HEAD, baseline_entry
from wx_domain_exporter.commands.fetch_all import fetch_all
from wx_domain_exporter.commands.output import print_error, print_result
from wx_domain_exporter.service import Service


def run_baseline(service: Service) -> int:
    """Print the block; for each app that fails, print an error instead.

    Returns:
        The exit status: 0 if every app is known and up.
    """
    service.discover()
    action = service.fleet.settings.wechat.action
    jobs = fetch_all(service)
    results = [(app.settings, result) for app, result in zip(jobs.apps, jobs.results, strict=True)]
    entries = [
        baseline_entry(app, result.categories, action)
        for app, result in results
        if result.categories is not None
    ]
    failed = print_result("".join([HEAD, *entries])) if entries else 1
    for app, result in results:
        if result.categories is None:
            print_error(f"{app.appid} ({app.name}) is left out: {result.error}")
    return failed or (0 if len(entries) == len(results) and service.knows_all_apps else 1)
