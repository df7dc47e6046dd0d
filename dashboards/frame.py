"""What the dashboards share besides panels: uids, variables, annotations, links and the order of panels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import DATASOURCE, MIN_STEP, Panel
from dashboards.promql import exporter

FLEET, MINI_PROGRAM = "wx-domain-fleet", "wx-domain-mini-program"
"""The uids of the dashboards, which never change."""

_SELECTION = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
LINK_TO_FLEET = f"/d/{FLEET}?{_SELECTION}"
LINK_TO_MINI_PROGRAM = (
    "Open this mini program",
    f"/d/{MINI_PROGRAM}?{_SELECTION}&var-appid=${{__data.fields.appid}}&${{__url_time_range}}",
)

_WECHAT = "https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html"


@dataclass(frozen=True, slots=True)
class Section:
    """A row with its title, and the panels below it."""

    title: str
    panels: Sequence[Panel]


class Annotation(models.AnnotationQuery, Builder[models.AnnotationQuery]):
    """An annotation from Prometheus, with the text settings that the library's class does not have."""

    def __init__(
        self, name: str, color: str, expression: str, title: str, text: str, *, step: str = MIN_STEP
    ) -> None:
        super().__init__(name=name, datasource=DATASOURCE, icon_color=color, expr=expression)
        self._texts = {"step": step, "titleFormat": title, "textFormat": text}

    def build(self) -> Self:
        """Return itself, as the library's builders do."""
        return self

    def to_json(self) -> dict[str, object]:
        """The JSON object for Grafana."""
        return super().to_json() | self._texts


def new_dashboard(uid: str, title: str, description: str) -> builders.Dashboard:
    """An empty dashboard with variables for the data source and the exporters."""
    dashboard = builders.Dashboard(title).uid(uid).description(description).tags(["wx-domain", "prometheus"])
    dashboard.timezone("browser").time("now-6h", "now").tooltip(models.DashboardCursorSync.CROSSHAIR)
    dashboard.with_variable(builders.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    jobs = 'label_values({__name__=~"wx_domain_up|wx_domain_exporter_build_info"}, job)'
    dashboard.with_variable(_multi_value(_labels("job", "Job", jobs)))
    instances = 'label_values({__name__=~"wx_domain_up|wx_domain_exporter_build_info",job=~"$job"}, instance)'
    # With /probe each mini program is an instance: too many to list them all in an expression.
    return dashboard.with_variable(_multi_value(_labels("instance", "Instance", instances)).all_value(".*"))


def appid_variable() -> builders.QueryVariable:
    """The variable `appid`, whose options show names and appids."""
    apps = f"topk by (appid) (1, max by (appid, name) ({exporter('wx_domain_app_info')}))"
    query = f'query_result(label_join({apps}, "option", " · ", "name", "appid"))'
    return (
        _query("appid", "Mini program", query, kind=3)
        .regex('/appid="(?<value>[^"]+)".*option="(?<text>.*)"\\} /')
        .sort(models.VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    )


def with_all_selected(variable: builders.QueryVariable) -> builders.QueryVariable:
    """The same variable, with multiple selection and everything selected."""
    return _multi_value(variable).all_value(".*")


def link(title: str, url: str) -> builders.DashboardLink:
    """A link at the top of the page, which keeps the time range."""
    return (
        builders.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).keep_time(keep_time=True)
    )


def link_to_wechat() -> builders.DashboardLink:
    """The link to WeChat's documentation of errcodes."""
    link_builder = (
        builders.DashboardLink("WeChat's errcodes").type(models.DashboardLinkType.LINK).url(_WECHAT)
    )
    return link_builder.icon("external link").target_blank(target_blank=True)


def with_sections(dashboard: builders.Dashboard, sections: Sequence[Section]) -> models.Dashboard:
    """The finished dashboard with these sections; panel ids are numbered in their order."""
    number = 0
    for section in sections:
        number += 1
        dashboard.with_row(builders.Row(section.title).id(number))
        for panel in section.panels:
            number += 1
            dashboard.with_panel(panel.id(number))
    return dashboard.build()


def _labels(name: str, label: str, query: str) -> builders.QueryVariable:
    return _query(name, label, query, kind=1).sort(models.VariableSort.ALPHABETICAL_ASC)


def _query(name: str, label: str, query: str, *, kind: int) -> builders.QueryVariable:
    """A variable; `kind` is Grafana's type of query: 1 for the values of a label, 3 for a query's result."""
    variable = builders.QueryVariable(name).label(label).datasource(DATASOURCE)
    variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return variable.query(
        {"qryType": kind, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    )


def _multi_value(variable: builders.QueryVariable) -> builders.QueryVariable:
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.multi(multi=True).include_all(include_all=True).current(everything)
