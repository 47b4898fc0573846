"""How a panel of Trucewatch looks, whatever it shows: unknown as unknown, counts with bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    DataSourceRef,
    LegendPlacement,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel
P = TypeVar("P", stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)

SOURCE = DataSourceRef("prometheus", "${datasource}")
# A worker that is down knows nothing: that is neither 0 nor compliance.
NO_DATA = "unknown (no data)"
AT_LEAST, AT_MOST, NO_ONE = "at least", "at most", "without one known actor"
RED, ORANGE, BLUE, GREY, PURPLE = "red", "orange", "blue", "#8e8e8e", "purple"

# The numbers that encode the states of a series.
STATES = {
    "0": ValueMappingResult("not in force", GREY),
    "1": ValueMappingResult("in force", BLUE),
    "2": ValueMappingResult("unknown", PURPLE),
}


def query(
    ref: str,
    expr: str,
    legend: str = "",
    *,
    kind: Literal["range", "instant", "table"] = "range",
) -> Dataquery:
    """One query of a panel; `kind` table: the newest values, with a column for each label."""
    built = Dataquery().ref_id(ref).datasource(SOURCE).expr(expr).legend_format(legend)
    if kind == "range":
        return built.range()
    built = built.instant()
    return built.format(PromQueryFormat.TABLE) if kind == "table" else built


def number(title: str, says: str, *queries: Dataquery) -> stat.Panel:
    """Current values, as one number or a few."""
    return _shown(stat.Panel(), title, says, queries).graph_mode(BigValueGraphMode.NONE)


def lines(title: str, says: str, *queries: Dataquery, unit: str = "short") -> timeseries.Panel:
    """Lines over time; where nothing is known a line has a gap."""
    return (
        _shown(timeseries.Panel(), title, says, queries)
        .unit(unit)
        .span_nulls(False)
        .show_points(VisibilityMode.NEVER)
        .legend(options.VizLegendOptions().placement(LegendPlacement.BOTTOM).show_legend(True))
        .tooltip(options.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )


def band(title: str, says: str, lower: str, upper: str, no_one: str) -> timeseries.Panel:
    """A count with its two bounds, and what has no one known actor."""
    bounds = query("A", lower, AT_LEAST), query("B", upper, AT_MOST)
    return (
        lines(title, says, *bounds, query("C", no_one, NO_ONE))
        .min(0)
        .decimals(0)
        .override_by_name(AT_LEAST, [colour(RED), DynamicConfigValue("custom.lineWidth", 2)])
        .override_by_name(
            AT_MOST,
            [
                colour(ORANGE),
                DynamicConfigValue("custom.fillBelowTo", AT_LEAST),
                DynamicConfigValue("custom.fillOpacity", 25),
                dashed(),
            ],
        )
        .override_by_name(NO_ONE, [colour(GREY), dashed()])
    )


def states(title: str, says: str, shown: Dataquery) -> statetimeline.Panel:
    """What was in force when, a row for each series."""
    return (
        _shown(statetimeline.Panel(), title, says, [shown], STATES)
        .span_nulls(False)
        .show_value(VisibilityMode.NEVER)
        .color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color(PURPLE))
    )


def rows(
    title: str,
    says: str,
    columns: Mapping[str, str],
    *queries: Dataquery,
    order: Sequence[str],
) -> table.Panel:
    """One row for each set of labels; `order` is that of its columns, from left to right.

    `columns` maps a query's reference to the title of its column; labels keep their names.
    """
    renamed = {f"Value #{ref}": name for ref, name in columns.items()}
    fields = {name: field for field, name in renamed.items()}
    places = {fields.get(name, name): place for place, name in enumerate(order)}
    return (
        _shown(table.Panel(), title, says, queries)
        .filterable(True)
        .with_transformation(DataTransformerConfig("merge", options={}))
        .with_transformation(
            DataTransformerConfig(
                "organize",
                options={
                    "excludeByName": {"Time": True},
                    "indexByName": places,
                    "renameByName": renamed,
                },
            )
        )
    )


def as_time(*, zero: str, nothing: str = NO_DATA) -> list[DynamicConfigValue]:
    """A column of milliseconds since 1970, with the texts for 0 and for no value."""
    mappings = [ValueMap({"0": ValueMappingResult(zero, PURPLE)}), _nothing(nothing)]
    return [
        DynamicConfigValue("unit", "dateTimeAsIso"),
        DynamicConfigValue("mappings", mappings),
    ]


def as_state() -> list[DynamicConfigValue]:
    """A column of states, in words and colours."""
    return [
        DynamicConfigValue("mappings", [ValueMap(STATES), _nothing()]),
        DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
    ]


def colour(name: str) -> DynamicConfigValue:
    """One colour for a series."""
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": name})


def dashed() -> DynamicConfigValue:
    """The line of an upper bound."""
    return DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [6, 4]})


def _nothing(text: str = NO_DATA) -> SpecialValueMap:
    return SpecialValueMap(
        DashboardSpecialValueMapOptions(
            SpecialValueMatch.NULL_AND_NAN, ValueMappingResult(text, PURPLE)
        )
    )


def _shown(
    panel: P,
    title: str,
    says: str,
    queries: Sequence[Dataquery],
    values: Mapping[str, ValueMappingResult] | None = None,
) -> P:
    mappings: list[ValueMapping] = [ValueMap(dict(values))] if values else []
    panel.title(title).description(says.strip()).datasource(SOURCE).no_value(NO_DATA)
    panel.mappings([*mappings, _nothing()])
    for one in queries:
        panel.with_target(one)
    return panel
