"""`/`: where a person who opens the address finds the way."""

from html import escape

from wx_domain_exporter import __version__

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wx_domain_exporter</title>
</head>
<body>
<h1>wx_domain_exporter</h1>
<p>Prometheus exporter for the domain configuration of WeChat mini programs, version {version}.</p>
<ul>
<li><a href="{metrics}">Metrics</a></li>
<li><a href="/-/healthy">Healthy</a></li>
<li><a href="/-/ready">Ready</a></li>
</ul>
</body>
</html>
"""


def landing_page(telemetry_path: str) -> str:
    """Return the page, as HTML without anything from elsewhere."""
    return _PAGE.format(version=escape(__version__), metrics=escape(telemetry_path))
