"""Draws docs/cost-over-size.csv as an SVG beside it: `plot.py CSV`; prints the path of the SVG."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
# The same figures give the same file.
mpl.rcParams.update({"svg.hashsalt": "cost-over-size", "svg.fonttype": "none", "font.size": 9})

import matplotlib.pyplot as plt  # noqa: E402 - after what draws is chosen

FIGURES = ("size", "median", "least", "greatest", "peak_mib")
TITLES = {"events": "over events (500 claims stand)", "claims": "over claims that stand"}


def main(path: Path) -> None:
    """Two panels: events a second with their range, and peak memory in grey."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    top = 1.1 * max(float(row["greatest"]) for row in rows)
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for panel, over in zip(panels, TITLES, strict=True):
        sizes, median, least, greatest, peak = (
            [float(row[column]) for row in rows if row["over"] == over] for column in FIGURES
        )
        below = [m - low for m, low in zip(median, least, strict=True)]
        above = [high - m for m, high in zip(median, greatest, strict=True)]
        panel.errorbar(sizes, median, yerr=(below, above), marker="o", capsize=3, color="#1f5fa8")
        panel.set(xscale="log", title=TITLES[over], xlabel=over)
        panel.set_ylim(0, top)
        panel.grid(visible=True, alpha=0.3)
        memory = panel.twinx()
        memory.plot(sizes, peak, marker="s", linestyle=":", color="#777777")
        memory.set_ylim(0, 1.2 * max(float(row["peak_mib"]) for row in rows))
        memory.set_ylabel("peak MiB (dotted)", color="#777777")
    panels[0].set_ylabel("events/s, median and range", color="#1f5fa8")
    drawn = path.with_suffix(".svg")
    figure.savefig(drawn, metadata={"Date": None, "Creator": None})
    # Of what draws it, each line may end in a blank.
    lines = drawn.read_text("utf-8").splitlines()
    drawn.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{drawn}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
