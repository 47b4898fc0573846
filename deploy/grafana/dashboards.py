"""Writes the Grafana dashboards as the JSON files next to this one: `make dashboards`."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DynamicConfigValue,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.panels import (
    AT_LEAST,
    AT_MOST,
    NO_ONE,
    SOURCE,
    as_state,
    as_time,
    band,
    dashed,
    lines,
    number,
    query,
    rows,
    states,
)
from deploy.grafana.series import (
    ALL,
    NOBODYS,
    OF_TRUCE,
    POSSIBLE,
    SURE,
    TRUCE,
    claim_incidents,
    incidents,
    last_coverage,
    last_reports,
    windows,
)

HERE = Path(__file__).parent

LAST = "last became a violation"
BOUNDS_MEAN = "At least: what is a violation. At most: what is contested or undetermined, too. "
NO_ONE_MEANS = (
    "Without one known actor: of what is not clear, that of which no party is known as the actor, "
    "or several are. "
)
ANYBODYS = NO_ONE_MEANS + "Any of it may be the party's beside its at most. "
AS_KNOWN_THEN = "Drawn as it was known at each moment: late news changes what comes after it."
SILENCE = "No reports is not compliance: look at the coverage, too. "


def truces() -> Dashboard:
    """The current truces, the timeline of their violations, and the reports behind them."""
    board = _board("truces", "Trucewatch: truces", "What was agreed, by whose account; is it kept?")
    _choose_truces(board, many=True)
    board.with_row(Row("Truces now"))
    _truces_now(board)
    _claims_now(board)
    board.with_row(Row("Violations over time: at least, at most, and without one known actor"))
    board.with_panel(
        band(
            "$commitment",
            BOUNDS_MEAN + "Whoever did it, known or not. " + NO_ONE_MEANS + SILENCE + AS_KNOWN_THEN,
            f"{TRUCE} ({incidents(SURE)})",
            f"{TRUCE} ({incidents(POSSIBLE)})",
            f"{TRUCE} ({incidents(POSSIBLE, NOBODYS)})",
        )
        .repeat("commitment")
        .repeat_direction("h")
        .max_per_row(2)
        .span(24)
        .height(8)
    )
    board.with_row(Row("Coverage"))
    return _coverage(board)


def _truces_now(board: Dashboard) -> None:
    by = "max by (conflict, commitment)"
    state = f"{by} ({windows('in_force')}) == 1 or 2 * {by} ({windows('unknown')})"
    board.with_panel(
        rows(
            "Truces",
            "In force: by at least one claim. " + BOUNDS_MEAN + NO_ONE_MEANS + SILENCE,
            {"A": "now", "B": AT_LEAST, "C": AT_MOST, "D": LAST, "E": NO_ONE},
            query("A", state, kind="table"),
            query("B", f"{TRUCE} ({incidents(SURE)})", kind="table"),
            query("C", f"{TRUCE} ({incidents(POSSIBLE)})", kind="table"),
            query(
                "D",
                f"1000 * {by} (truce_last_violation_timestamp_seconds{{{OF_TRUCE}}})",
                kind="table",
            ),
            query("E", f"{TRUCE} ({incidents(POSSIBLE, NOBODYS)})", kind="table"),
            order=("conflict", "commitment", "now", AT_LEAST, AT_MOST, NO_ONE, LAST),
        )
        .override_by_name("now", as_state())
        .override_by_name(LAST, as_time(zero="none stands"))
        .span(18)
        .height(8)
    )
    board.with_panel(
        number(
            "Conflicts that nobody ever reported on",
            "Their truces have no violation because nobody looks.",
            query("A", f"sum({last_reports()} == bool 0)", "without a report"),
        )
        .span(6)
        .height(8)
    )


def _claims_now(board: Dashboard) -> None:
    state = f"{windows('in_force')} + 2 * {windows('unknown')}"
    by = "conflict, commitment, claim"
    ends = f"max by ({by}) (truce_window_end_timestamp_seconds{{{OF_TRUCE}}})"
    board.with_panel(
        rows(
            "Claims, each for itself",
            BOUNDS_MEAN + NO_ONE_MEANS + SILENCE,
            {"A": "now", "B": "ends", "C": AT_LEAST, "D": AT_MOST, "E": NO_ONE},
            query("A", state, kind="table"),
            query("B", f"1000 * {ends}", kind="table"),
            query("C", f"sum by ({by}) ({claim_incidents(SURE)})", kind="table"),
            query("D", f"sum by ({by}) ({claim_incidents(POSSIBLE)})", kind="table"),
            query("E", f"sum by ({by}) ({claim_incidents(POSSIBLE, NOBODYS)})", kind="table"),
            order=("conflict", "commitment", "claim", "now", "ends", AT_LEAST, AT_MOST, NO_ONE),
        )
        .override_by_name("now", as_state())
        .override_by_name("ends", as_time(zero="1970-01-01", nothing="open, or unknown"))
        .span(24)
        .height(9)
    )
    board.with_panel(
        states(
            "Windows in force",
            "A row for each claim. A gap: the tracker did not run.",
            query("A", state, "{{commitment}}: {{claim}}"),
        )
        .span(24)
        .height(9)
    )


def violations() -> Dashboard:
    """Who broke one truce: party by party, claim by claim."""
    board = _board("violations", "Trucewatch: violations", "Who broke it, and by whose account?")
    _choose_truces(board, many=False)
    parties = f"label_values(truce_incidents{{{OF_TRUCE}}}, party)"
    board.with_variable(_variable("party", parties, many=True))
    board.with_row(Row("By party"))
    _by_party(board)
    board.with_row(Row("By verdict and by claim"))
    _by_verdict(board)
    board.with_row(Row("Coverage"))
    return _coverage(board)


def _by_party(board: Dashboard) -> None:
    attributed = 'party=~"$party"'
    party = "sum by (conflict, commitment, party)"
    last = f"truce_last_violation_timestamp_seconds{{{OF_TRUCE},{attributed}}}"
    lower = f"{party} ({incidents(SURE, attributed)})"
    no_one = f"{TRUCE} ({incidents(POSSIBLE, NOBODYS)})"
    board.with_panel(
        rows(
            "Parties",
            BOUNDS_MEAN + ANYBODYS + "Party unknown: just these. " + SILENCE,
            {"A": AT_LEAST, "B": AT_MOST, "C": LAST, "D": NO_ONE},
            query("A", lower, kind="table"),
            query("B", f"{party} ({incidents(POSSIBLE, attributed)})", kind="table"),
            query("C", f"1000 * max by (conflict, commitment, party) ({last})", kind="table"),
            query(
                "D", f"0 * {lower} + on (conflict, commitment) group_left {no_one}", kind="table"
            ),
            order=("conflict", "commitment", "party", AT_LEAST, AT_MOST, NO_ONE, LAST),
        )
        .override_by_name(LAST, as_time(zero="none stands"))
        .span(24)
        .height(7)
    )
    board.with_panel(
        band(
            "By $party",
            BOUNDS_MEAN + ANYBODYS + SILENCE + AS_KNOWN_THEN,
            lower,
            f"{party} ({incidents(POSSIBLE, attributed)})",
            no_one,
        )
        .repeat("party")
        .repeat_direction("h")
        .max_per_row(3)
        .span(24)
        .height(8)
    )


def _by_verdict(board: Dashboard) -> None:
    board.with_panel(
        lines(
            "Incidents by verdict",
            "All that may touch a window, by all claims together. " + AS_KNOWN_THEN,
            query("A", f"sum by (verdict) ({incidents(ALL)})", "{{verdict}}"),
        )
        .decimals(0)
        .min(0)
        .span(12)
        .height(9)
    )
    claim = "sum by (conflict, commitment, claim)"
    board.with_panel(
        lines(
            "By each claim for itself",
            "The same incidents, judged by one claim at a time. " + BOUNDS_MEAN + NO_ONE_MEANS,
            query("A", f"{claim} ({claim_incidents(SURE)})", f"{{{{claim}}}}: {AT_LEAST}"),
            query("B", f"{claim} ({claim_incidents(POSSIBLE)})", f"{{{{claim}}}}: {AT_MOST}"),
            query(
                "C",
                f"{claim} ({claim_incidents(POSSIBLE, NOBODYS)})",
                f"{{{{claim}}}}: {NO_ONE}",
            ),
        )
        .override_by_regexp(f"/{AT_MOST}$/", [dashed()])
        .decimals(0)
        .min(0)
        .span(12)
        .height(9)
    )


def _coverage(board: Dashboard) -> Dashboard:
    ago = f"time() - ({last_reports()} > 0)"
    board.with_panel(
        rows(
            "Last report",
            "When the log last took a report on the conflict, and that somebody watches it. "
            + SILENCE,
            {"A": "last report", "B": "seconds ago", "C": "last watched"},
            query("A", f"1000 * {last_reports()}", kind="table"),
            query("B", ago, kind="table"),
            query("C", f"1000 * {last_coverage()}", kind="table"),
            order=("conflict", "last report", "seconds ago", "last watched"),
        )
        .override_by_name("last report", as_time(zero="never"))
        .override_by_name("last watched", as_time(zero="never"))
        .override_by_name("seconds ago", [DynamicConfigValue("unit", "s")])
        .span(12)
        .height(8)
    )
    return board.with_panel(
        lines(
            "Silence: time since the last report",
            "What rises is a conflict that nobody reports on. One without any report has no line.",
            query("A", ago, "{{conflict}}"),
            unit="s",
        )
        .min(0)
        .span(12)
        .height(8)
    )


def tracker() -> Dashboard:
    """Whether what the other dashboards show is complete and recent."""
    board = _board("tracker", "Trucewatch: tracker", "Is what is shown complete, and how recent?")
    conflicts = "label_values(truce_last_report_timestamp_seconds, conflict)"
    board.with_variable(_variable("conflict", conflicts, many=True))
    board.with_row(Row("Coverage"))
    _coverage(board)
    board.with_row(Row("Health of the workers"))
    _workers(board)
    board.with_row(Row("How quick"))
    for title, says, metric in (
        (
            "Detection delay",
            "From an event's append to the log until its verdicts were committed.",
            "truce_detection_delay_seconds",
        ),
        ("Time for a batch", "From its first record to its commit.", "truce_batch_seconds"),
    ):
        buckets = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
        board.with_panel(
            lines(
                title,
                says + " A gap: no events came.",
                query("A", f"histogram_quantile(0.5, {buckets})", "half within"),
                query("B", f"histogram_quantile(0.95, {buckets})", "95 % within"),
                query("C", f"histogram_quantile(0.99, {buckets})", "99 % within"),
                unit="s",
            )
            .min(0)
            .span(12)
            .height(8)
        )
    return board


def _workers(board: Dashboard) -> None:
    lag = "max by (partition) (truce_log_lag_events)"
    taken = "sum by (type) (rate(truce_events_total[$__rate_interval]))"
    refused = "sum by (reason) (increase(truce_rejected_total[$__range]))"
    board.with_panel(
        number(
            "Workers",
            "Those that Prometheus knows of, and those that answer.",
            query("A", 'count(up{job="trucewatch"})', "known"),
            query("B", 'sum(up{job="trucewatch"})', "answering"),
        )
        .span(6)
        .height(6)
    )
    board.with_panel(
        number(
            "Not judged yet",
            "Records of the log that are in no database yet. It should not stay above 0.",
            query("A", f"sum({lag})", "records"),
        )
        .span(6)
        .height(6)
    )
    board.with_panel(
        lines(
            "Not judged yet, by partition",
            "A line that does not fall again: the worker is behind, or stands still.",
            query("A", lag, "partition {{partition}}"),
        )
        .min(0)
        .span(12)
        .height(6)
    )
    board.with_panel(
        lines(
            "Events taken",
            "Into a ledger, for each second. After a rebuild or a move of a partition, again.",
            query("A", taken, "{{type}}"),
            unit="ops",
        )
        .min(0)
        .span(12)
        .height(8)
    )
    board.with_panel(
        number(
            "Rejected in the time shown",
            "What could not be read is in truce.rejected, byte for byte, with the reason.",
            query("A", refused, "{{reason}}"),
        )
        .decimals(0)
        .span(8)
        .height(8)
    )
    board.with_panel(
        number(
            "Series left out",
            "Series at 0, of the windows longest over, for which a worker's page has no room.",
            query("A", "sum(truce_series_left_out)", "series"),
        )
        .decimals(0)
        .span(4)
        .height(8)
    )


def _board(name: str, title: str, description: str) -> Dashboard:
    return (
        Dashboard(title)
        .uid(f"trucewatch-{name}")
        .description(description)
        .tags(["trucewatch"])
        .time("now-7d", "now")
        .timezone("utc")
        .refresh("30s")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("data source").type("prometheus"))
    )


def _choose_truces(board: Dashboard, *, many: bool) -> None:
    conflicts = "label_values(truce_incidents, conflict)"
    of_conflict = 'label_values(truce_incidents{conflict=~"$conflict"}, commitment)'
    board.with_variable(_variable("conflict", conflicts, many=many))
    board.with_variable(_variable("commitment", of_conflict, many=many))


def _variable(name: str, values: str, *, many: bool) -> QueryVariable:
    chosen = (
        QueryVariable(name)
        .label(name)
        .datasource(SOURCE)
        .query({"query": values, "refId": f"variable-{name}"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(many)
        .include_all(many)
    )
    return chosen.all_value(".+") if many else chosen


def written() -> dict[str, str]:
    """Each dashboard's file name and content."""
    return {
        f"{board.__name__}.json": json.dumps(
            board().build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for board in (truces, violations, tracker)
    }


if __name__ == "__main__":
    for name, text in written().items():
        (HERE / name).write_text(text, encoding="utf-8")
