"""What the dashboards have in common around their panels: names, variables, annotations, links."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import DATASOURCE, MIN_STEP, Panel
from dashboards.promql import own

FLEET, MINI_PROGRAM = "wx-domain-fleet", "wx-domain-mini-program"
"""The fixed uids."""

_CHOSEN = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
LINK_TO_FLEET = f"/d/{FLEET}?{_CHOSEN}"
LINK_TO_MINI_PROGRAM = (
    "Open this mini program",
    f"/d/{MINI_PROGRAM}?{_CHOSEN}&var-appid=${{__data.fields.appid}}&${{__url_time_range}}",
)

_WECHAT = "https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html"


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the page and the panels below it."""

    title: str
    panels: Sequence[Panel]


class Annotation(models.AnnotationQuery, Builder[models.AnnotationQuery]):
    """An annotation of a Prometheus data source, with the texts that the library's type lacks."""

    def __init__(
        self, name: str, color: str, expression: str, title: str, text: str, *, step: str = MIN_STEP
    ) -> None:
        super().__init__(name=name, datasource=DATASOURCE, icon_color=color, expr=expression)
        self._texts = {"step": step, "titleFormat": title, "textFormat": text}

    def build(self) -> Self:
        """Return itself, as the library's builders do."""
        return self

    def to_json(self) -> dict[str, object]:
        """What Grafana reads."""
        return super().to_json() | self._texts


def board(uid: str, title: str, description: str) -> builders.Dashboard:
    """An empty dashboard with the data source and the exporters to choose from."""
    found = builders.Dashboard(title).uid(uid).description(description).tags(["wx-domain", "prometheus"])
    found.timezone("browser").time("now-6h", "now").tooltip(models.DashboardCursorSync.CROSSHAIR)
    found.with_variable(builders.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    jobs = 'label_values({__name__=~"wx_domain_up|wx_domain_exporter_build_info"}, job)'
    found.with_variable(_all_of(_labels("job", "Job", jobs)))
    instances = 'label_values({__name__=~"wx_domain_up|wx_domain_exporter_build_info",job=~"$job"}, instance)'
    # Probed one by one, each mini program is an instance: too many to list them all in an expression.
    return found.with_variable(_all_of(_labels("instance", "Instance", instances)).all_value(".*"))


def appid_variable() -> builders.QueryVariable:
    """The appids, shown with their names."""
    query = (
        f"query_result(label_join(topk by (appid) (1, max by (appid, name) ({own('wx_domain_app_info')})),"
        ' "option", " · ", "name", "appid"))'
    )
    return (
        _query("appid", "Mini program", query, kind=3)
        .regex('/appid="(?<value>[^"]+)".*option="(?<text>.*)"\\} /')
        .sort(models.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    )


def all_of_them(variable: builders.QueryVariable) -> builders.QueryVariable:
    """The same variable with several choices, and all of them chosen."""
    return _all_of(variable).all_value(".*")


def link(title: str, url: str) -> builders.DashboardLink:
    """A link at the top of the page, which keeps the time."""
    return (
        builders.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).keep_time(keep_time=True)
    )


def link_to_wechat() -> builders.DashboardLink:
    """WeChat's own page about errcodes."""
    found = builders.DashboardLink("WeChat's errcodes").type(models.DashboardLinkType.LINK).url(_WECHAT)
    return found.icon("external link").target_blank(target_blank=True)


def furnished(found: builders.Dashboard, sections: Sequence[Section]) -> models.Dashboard:
    """Put the panels on the page, with numbers in their order."""
    number = 0
    for section in sections:
        number += 1
        found.with_row(builders.Row(section.title).id(number))
        for panel in section.panels:
            number += 1
            found.with_panel(panel.id(number))
    return found.build()


def _labels(name: str, label: str, query: str) -> builders.QueryVariable:
    return _query(name, label, query, kind=1).sort(models.VariableSort.ALPHABETICAL_ASC)


def _query(name: str, label: str, query: str, *, kind: int) -> builders.QueryVariable:
    """A variable; `kind` is how Grafana's editor calls it: 1 the values of a label, 3 a query's result."""
    found = builders.QueryVariable(name).label(label).datasource(DATASOURCE)
    found.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return found.query(
        {"qryType": kind, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    )


def _all_of(variable: builders.QueryVariable) -> builders.QueryVariable:
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.multi(multi=True).include_all(include_all=True).current(everything)
