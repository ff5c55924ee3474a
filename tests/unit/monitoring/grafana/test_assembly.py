"""Rows that no dashboard can be made of fail, and the message says which row and what was expected."""

import json
from dataclasses import replace

import pytest

from observability.errors import SpecError
from observability.monitoring.generate.grafana import Environments, Places, check_uids, dashboard, text
from observability.monitoring.spec import (
    IN_ARGO_CD,
    Annotations,
    Column,
    Dashboard,
    Kind,
    Link,
    LogQuery,
    PerEnvironment,
    PromQuery,
    Section,
    Threshold,
    TraceQuery,
    Unit,
    Variable,
    select,
    views,
)
from observability.signals import aggregates, applications
from tests.dashboards import DEGRADED, ENVIRONMENTS, LINK, PLACES, board, generated, panel, panels_of, table

LOGS = panel(kind=Kind.LOGS, queries=(LogQuery(expr='{a="b"}'),), unit=None)
TRACES = panel(kind=Kind.TRACES, queries=(TraceQuery(expr="{}"),), unit=None)
RISING = (Threshold(value=None, color="green"), Threshold(value=2, color="red"))
QUERY = views.table(DEGRADED)


def bad_rows() -> list[tuple[Dashboard, str]]:
    column = Column(field="service", title="Service", links=(LINK,))
    return [
        (board(panel(links=())), "expected a link"),
        (board(table(columns=(replace(column, links=()),))), "expected a link"),
        (board(table(queries=(views.now(DEGRADED),))), "instant and as_table"),
        (board(table(queries=(LogQuery(expr="{}"),))), "instant and as_table"),
        (board(table(matrix=("service", "environment"))), "either columns or a matrix"),
        (board(table(columns=(), links=(LINK,))), "either columns or a matrix"),
        (board(table(columns=(column, column))), "each column once"),
        (board(table(sort="-Value")), "sorted by one of"),
        (board(table(columns=(column, Column(field="Value #A", title="A")))), "expected values among Value, got"),
        (
            board(table(queries=(QUERY, QUERY), columns=(column, Column(field="Value", title="A")))),
            "Value #A, Value #B",
        ),
        (board(panel(columns=(column,))), "columns only of a table"),
        (board(panel(colors="mood")), "mapping of colours among"),
        (board(panel(thresholds=RISING[1:])), "thresholds that rise"),
        (board(panel(thresholds=(*RISING, RISING[1]))), "thresholds that rise"),
        (board(panel(links=(Link(title="Nowhere"),))), "either a url or a dashboard"),
        (board(panel(queries=(QUERY, LogQuery(expr="{}")))), "one data source"),
        (board(panel(queries=(PromQuery(expr=PerEnvironment(dev=DEGRADED)),))), "value for the environment prod"),
        (board(variables=(views.SERVICE, views.SERVICE)), "that no other variable has"),
        (board(variables=(Variable(name="loki", title="L", metric=applications.INFO, label="service"),)), "no other"),
        (board(variables=(Variable(name="mood", title="M", metric=applications.INFO),)), "expected a label of"),
        (board(variables=(Variable(name="service", title="S", metric=aggregates.LEAD_TIME),)), "no histogram"),
        (board(sections=(Section(title="S", panels=(panel(),), repeat="mood"),)), "expected a variable among"),
    ]


@pytest.mark.parametrize(("row", "message"), bad_rows(), ids=lambda value: value if isinstance(value, str) else "")
def test_bad_rows_are_refused(row: Dashboard, message: str) -> None:
    with pytest.raises(SpecError, match=f"gitops-test.*{message}"):
        generated(row)


def test_a_panel_needs_a_unit() -> None:
    with pytest.raises(SpecError, match="expected a unit"):
        panel(unit=None)


@pytest.mark.parametrize("other", [board(title="Another"), board(uid="gitops-another")], ids=["uid", "title"])
def test_two_dashboards_are_told_apart(other: Dashboard) -> None:
    with pytest.raises(SpecError, match="no other dashboard has"):
        check_uids([board(), other])


def test_an_environment_must_be_known() -> None:
    with pytest.raises(SpecError, match="environment among dev, prod"):
        dashboard(board(), Environments("qa", ("dev", "prod")), PLACES)


def test_equal_rows_are_equal_bytes() -> None:
    once = text(board(), ENVIRONMENTS, PLACES)
    assert once == text(board(), ENVIRONMENTS, PLACES)
    assert once.endswith("}\n")
    assert json.loads(once) == generated(board())
    assert once == json.dumps(json.loads(once), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_queries_are_lettered() -> None:
    (found,) = panels_of(generated(board(panel(queries=(views.now(DEGRADED),) * 28))))
    letters = [target["refId"] for target in found["targets"]]
    assert letters[:2] == ["A", "B"]
    assert letters[25:] == ["Z", "A1", "B1"]
    assert len(set(letters)) == 28


def test_what_differs_by_environment_is_that_of_the_environment() -> None:
    row = board(
        panel(
            queries=(PromQuery(expr=PerEnvironment(dev="1", prod="2", staging="3")),),
            thresholds=(RISING[0], Threshold(value=PerEnvironment(prod=5.0, others=9.0), color="red")),
        )
    )
    for environment, expression, value in (("prod", "2", 5.0), ("dev", "1", 9.0)):
        (found,) = panels_of(dashboard(row, ENVIRONMENTS._replace(this=environment), PLACES))
        assert found["targets"][0]["expr"] == expression
        assert found["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] == value


def test_only_data_sources_that_are_asked_have_a_variable() -> None:
    def names(row: Dashboard) -> list[str]:
        return [one["name"] for one in generated(row)["templating"]["list"] if one["type"] == "datasource"]

    assert names(board(variables=())) == ["datasource"]
    assert names(board(panel(), LOGS, TRACES)) == ["datasource", "loki", "tempo"]
    assert names(board(LOGS, variables=())) == ["loki"]
    assert names(board(LOGS)) == ["datasource", "loki"]


def test_variables_are_narrowed_by_those_before_them() -> None:
    *_, environment, service = generated(board())["templating"]["list"]
    assert environment["query"]["query"] == "label_values(gitops_application_info, environment)"
    assert service["query"]["query"] == 'label_values(gitops_application_info{environment=~"$environment"}, service)'
    assert (service["allValue"], service["multi"], service["includeAll"]) == (".*", True, True)


def test_a_single_variable_has_no_all() -> None:
    *_, service = generated(board(variables=(views.ONE_SERVICE,)))["templating"]["list"]
    assert (service["multi"], service["includeAll"]) == (False, False)
    assert service.keys().isdisjoint({"allValue", "current"})


def test_links_keep_time_and_variables() -> None:
    link = Link(title="There", dashboard="gitops-there", variables=(("service", "${__field.labels.service}"),))
    (found,) = panels_of(generated(board(panel(links=(link,)))))
    assert found["fieldConfig"]["defaults"]["links"] == [
        {
            "title": "There",
            "targetBlank": False,
            "url": "/d/gitops-there?${__url_time_range}&${datasource:queryparam}&${environment:queryparam}"
            "&var-service=${__field.labels.service}",
        }
    ]


def test_links_to_what_has_no_address_are_left_out() -> None:
    row = board(table(columns=(Column(field="application", title="A", links=(IN_ARGO_CD, LINK)),)))

    def urls(places: Places) -> list[str]:
        (found,) = panels_of(dashboard(row, ENVIRONMENTS, places))
        (override,) = found["fieldConfig"]["overrides"]
        return [link["url"] for one in override["properties"] if one["id"] == "links" for link in one["value"]]

    assert urls(Places()) == [url for url in urls(PLACES) if url.startswith("/d/")]
    assert urls(Places(argocd="https://argocd.example.com/"))[0] == (
        "https://argocd.example.com/applications/${__data.fields.application_namespace}/${__data.fields.application}"
    )


def test_other_urls_stay_as_they_are() -> None:
    (found,) = panels_of(generated(board(panel(links=(Link(title="W", url="https://example.com/${service}"),)))))
    assert found["fieldConfig"]["defaults"]["links"][0]["url"] == "https://example.com/${service}"


def test_tables_show_their_columns_in_order() -> None:
    columns = (Column(field="service", title="Service", links=(LINK,)), Column(field="Value #B", title="B"))
    (found,) = panels_of(generated(board(table(queries=(QUERY, QUERY), columns=columns, sort="-Value #B"))))
    merge, names, order = found["transformations"]
    assert merge["id"] == "merge"
    assert names["options"]["include"]["names"] == ["service", "Value #B"]
    assert order["options"]["indexByName"] == {"service": 0, "Value #B": 1}
    assert found["options"]["sortBy"] == [{"desc": True, "displayName": "B"}]


def test_a_hidden_column_is_there_for_the_links_of_others() -> None:
    columns = (
        Column(field="service", title="Service", links=(LINK,)),
        Column(field="project", title="Project", hidden=True),
    )
    (found,) = panels_of(generated(board(table(columns=columns))))
    included, _ = found["transformations"]
    assert included["options"]["include"]["names"] == ["service", "project"]
    shown, hidden = (
        {one["id"]: one["value"] for one in override["properties"]} for override in found["fieldConfig"]["overrides"]
    )
    assert "custom.hidden" not in shown
    assert hidden["custom.hidden"] is True
    assert hidden["custom.hideFrom"]["viz"] is True


def test_durations_are_two_units_long() -> None:
    columns = (Column(field="Value", title="For", unit=Unit.DURATION, links=(LINK,)),)
    number, rows, exact = panels_of(
        generated(
            board(panel(unit=Unit.DURATION), table(columns=columns), panel(title="C", unit=Unit.DURATION, decimals=0))
        )
    )
    assert number["fieldConfig"]["defaults"]["decimals"] == 1
    assert {"id": "decimals", "value": 1} in rows["fieldConfig"]["overrides"][0]["properties"]
    assert exact["fieldConfig"]["defaults"]["decimals"] == 0


def test_a_matrix_is_painted_and_headed_by_its_rows() -> None:
    (found,) = panels_of(generated(board(table(columns=(), matrix=("service", "environment"), links=(LINK,)))))
    matrix, ordered = found["transformations"]
    assert (matrix["options"]["rowField"], matrix["options"]["columnField"]) == ("service", "environment")
    assert ordered["options"]["indexByName"] == {"service\\environment": 0, "dev": 1, "staging": 2, "prod": 3}
    (heading,) = found["fieldConfig"]["overrides"]
    assert heading["matcher"]["options"] == "service\\environment"
    assert {one["id"]: one["value"] for one in heading["properties"]} == {"displayName": "Service", "links": []}
    assert found["fieldConfig"]["defaults"]["custom"]["cellOptions"]["type"] == "color-background"


def test_cells_without_a_value_have_no_colour() -> None:
    (found,) = panels_of(generated(board(table())))
    assert found["fieldConfig"]["defaults"]["thresholds"]["steps"] == [{"color": "transparent", "value": None}]


def test_states_have_one_colour_by_word_and_by_number() -> None:
    (found,) = panels_of(generated(board(panel(colors="health"))))
    ((options),) = (one["options"] for one in found["fieldConfig"]["defaults"]["mappings"])
    assert options["Degraded"] == options["5"] == {"color": "red", "index": 5, "text": "Degraded"}
    assert options["Healthy"]["color"] == options["0"]["color"] == "green"


def test_counts_and_times_are_no_states() -> None:
    columns = (
        Column(field="health_status", title="Health", colored=True),
        Column(field="Value", title="For", links=(LINK,)),
    )
    chart = panel(kind=Kind.TIME_SERIES, colors="health", queries=(PromQuery(expr=DEGRADED),))
    for found in panels_of(generated(board(table(columns=columns, colors="health"), chart))):
        assert "mappings" not in found["fieldConfig"]["defaults"]
        if found["type"] == "table":
            health, value = (
                {one["id"] for one in override["properties"]} for override in found["fieldConfig"]["overrides"]
            )
            assert "mappings" in health
            assert "mappings" not in value


def test_series_of_a_chart_have_the_colours_of_their_states() -> None:
    chart = panel(kind=Kind.TIME_SERIES, colors="sync", queries=(PromQuery(expr=DEGRADED),))
    (found,) = panels_of(generated(board(chart)))
    colors = {
        one["matcher"]["options"]: one["properties"][0]["value"]["fixedColor"]
        for one in found["fieldConfig"]["overrides"]
    }
    assert colors == {"Synced": "green", "Unknown": "#8e8e8e", "OutOfSync": "yellow"}


def test_sections_become_rows() -> None:
    row = board(
        sections=(
            Section(title="Open", panels=(panel(),), repeat="service"),
            Section(title="Shut", panels=(panel(),), collapsed=True),
        )
    )
    first, inside, second = generated(row)["panels"]
    assert (first["type"], first["panels"], first["repeat"]) == ("row", [], "service")
    assert inside["type"] == "stat"
    assert (second["collapsed"], len(second["panels"])) == (True, 1)
    assert "repeat" not in second


def test_marks_say_what_they_mark() -> None:
    prometheus = Annotations(title="Deployed", color="blue", text="{{service}}", query=PromQuery(expr=DEGRADED))
    loki = Annotations(title="Events", color="red", query=LogQuery(expr='{a="b"}'), shown=False)
    _, first, second = generated(board(annotations=(prometheus, loki)))["annotations"]["list"]
    assert first["target"]["expr"].startswith("sum(gitops_application_health_status{environment=~")
    assert (first["titleFormat"], first["textFormat"], first["enable"]) == ("Deployed", "{{service}}", True)
    assert (second["expr"], second["enable"], second["datasource"]["uid"]) == ('{a="b"}', False, "${loki}")


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.TABLE, Kind.LOGS, Kind.TRACES}])
def test_every_kind_can_be_drawn(kind: Kind) -> None:
    given = {"queries": ()} if kind in {Kind.TEXT, Kind.ALERT_LIST} else {}
    (found,) = panels_of(generated(board(panel(kind=kind, text="Some **words**.", **given))))
    assert found["type"] == kind.value
    assert ("targets" in found) is not bool(given)


def test_logs_and_traces_ask_their_data_source() -> None:
    logs, traces = panels_of(generated(board(LOGS, TRACES)))
    assert (logs["type"], logs["targets"][0]["datasource"]["uid"]) == ("logs", "${loki}")
    assert (traces["type"], traces["targets"][0]["query"]) == ("table", "{}")


def test_numbers_with_a_course_show_it() -> None:
    now, course = panels_of(generated(board(panel(), panel(queries=(PromQuery(expr=DEGRADED),)))))
    assert (now["options"]["graphMode"], course["options"]["graphMode"]) == ("none", "area")


def test_a_query_can_be_hidden() -> None:
    (found,) = panels_of(generated(board(panel(queries=(PromQuery(expr=DEGRADED, hidden=True),)))))
    assert found["targets"][0]["hide"] is True


def test_a_metric_that_is_not_there_names_the_dashboard() -> None:
    unknown = select(applications.INFO).replace("application_info", "application_mood")
    with pytest.raises(SpecError, match="gitops-test: gitops_application_mood"):
        generated(board(panel(queries=(views.now(unknown),))))
