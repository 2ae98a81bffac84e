"""Results as JSON, as a Markdown table, as plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import curves
from benchmarks.machine import Machine
from benchmarks.measure import Result, Row
from benchmarks.quantities import TIME

HEADER = (
    "shape",
    "case",
    "contender",
    "median",
    "range",
    "times the first",
    "range of ratios",
    "throughput",
    "Lava 0.10 (recorded)",
)


def cells(result: Result, row: Row) -> tuple[str, ...]:
    """One line of the table."""
    case = result.case
    text = case.quantity.text
    per_unit = f"{text(row.median)}/{case.unit}"
    if case.quantity is not TIME:
        throughput = ""
    elif case.payload:
        throughput = f"{case.payload / row.median / 1e9:.3g} GB/s"
    else:
        throughput = f"{1 / row.median:.4g}/s"
    first = row is result.rows[0]
    return (
        case.shape,
        case.name,
        row.contender,
        per_unit,
        f"{text(min(row.seconds))} – {text(max(row.seconds))}",
        "1" if first else f"{row.ratio:.2f}",
        "" if first else f"{min(row.ratios):.2f} – {max(row.ratios):.2f}",
        throughput,
        f"{case.lava} µs/{case.unit}" if case.lava and first else "",
    )


def markdown(results: Sequence[Result], machine: Machine, rounds: int) -> str:
    """The whole report as a Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        f"{machine.when}: {machine}.",
        "",
        (
            f"Medians of {rounds} rounds in which all contenders took turns. *Times the first*: "
            "how many times as long as the first contender of its case, median of the rounds' "
            "ratios. *Lava 0.10 (recorded)*: measured earlier, on another machine of this kind; "
            "not part of this run."
        ),
        "",
        "| " + " | ".join(HEADER) + " |",
        "|---" * len(HEADER) + "|",
    ]
    for result in results:
        lines += ["| " + " | ".join(cells(result, row)) + " |" for row in result.rows]
    loads = [load for result in results for load in result.load]
    if loads:
        lines += ["", f"Load of the machine: {min(loads):.2f} to {max(loads):.2f}."]
    return "\n".join(lines) + "\n"


def as_dict(result: Result) -> dict[str, Any]:
    """A result as plain data; figures per unit: seconds, or what the quantity says."""
    case = result.case
    return {
        "shape": case.shape,
        "case": case.name,
        "unit": case.unit,
        "quantity": case.quantity.name,
        "x": case.x or None,
        "payload_bytes": case.payload,
        "lava_recorded_us": case.lava,
        "load": list(result.load),
        "contenders": [
            {
                "name": row.contender,
                "units_per_run": row.amount,
                "per_unit": list(row.seconds),
                "median": row.median,
                "ratios_to_first": list(row.ratios),
                "median_ratio": row.ratio,
            }
            for row in result.rows
        ],
    }


def write(folder: Path, results: Sequence[Result], machine: Machine, rounds: int) -> list[Path]:
    """Write JSON and Markdown, and plots if matplotlib is there; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "machine": machine.as_dict(),
        "rounds": rounds,
        "results": [as_dict(result) for result in results],
    }
    files = [folder / "benchmarks.json", folder / "benchmarks.md"]
    files[0].write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
    files[1].write_text(markdown(results, machine, rounds), encoding="utf-8")
    if grown := curves.table(results):
        files.append(folder / "growth.md")
        page = f"# Growth\n\n{machine.when}: {machine}. Medians of {rounds} rounds.\n\n{grown}"
        files[-1].write_text(page, encoding="utf-8")
    return files + plots(folder, results)


def plots(folder: Path, results: Sequence[Result]) -> list[Path]:
    """One picture per shape, and one for all curves.

    Medians, with lines (or bands) from the fastest to the slowest round.
    """
    try:
        import matplotlib as mpl  # an extra: plots are made where it is installed
    except ModuleNotFoundError:
        return []
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    files = []
    if curves.points(results):
        files.append(folder / "growth.png")
        curves.draw(files[-1], results)
        results = [result for result in results if not result.case.x]
    for shape in dict.fromkeys(result.case.shape for result in results):
        chosen = [result for result in results if result.case.shape == shape]
        quantity = chosen[0].case.quantity
        names = list(dict.fromkeys(row.contender for result in chosen for row in result.rows))
        colours = {name: f"C{number % 10}" for number, name in enumerate(names)}
        n_bars = sum(len(result.rows) + 1 for result in chosen)
        figure, axes = plt.subplots(figsize=(9, 1.2 + 0.28 * n_bars), layout="constrained")
        at, ticks, labelled, scale = 0, [], set(), quantity.factor
        for result in chosen:
            ticks.append((at + (len(result.rows) - 1) / 2, result.case.name))
            for row in result.rows:
                low, high = min(row.seconds), max(row.seconds)
                label = None if row.contender in labelled else row.contender
                colour = colours[row.contender]
                axes.plot([low * scale, high * scale], [at, at], color=colour, lw=2, alpha=0.5)
                axes.plot(row.median * scale, at, "o", color=colour, label=label)
                labelled.add(row.contender)
                at += 1
            at += 1
        axes.set_yticks([tick for tick, _ in ticks], [name for _, name in ticks])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.grid(axis="x", which="both", alpha=0.3)
        units = dict.fromkeys(result.case.unit for result in chosen)
        axes.set_xlabel(f"{quantity.symbol} per {' or '.join(units)} (less is better)")
        axes.set_title(shape)
        axes.legend(fontsize="small")
        file = folder / (_file_name(shape) + ".png")
        figure.savefig(file, dpi=110)
        plt.close(figure)
        files.append(file)
    return files


def _file_name(shape: str) -> str:
    plain = shape.replace("→", "-to-").replace("/", "-").replace(" ", "-")
    return plain.lower()
