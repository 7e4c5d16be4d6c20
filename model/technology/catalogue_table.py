"""The catalogue as a document: one Markdown table per product, with what it rests on."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from io_tables.classification import products
from model.technology.catalogue import Catalogue, catalogue

_COST_YEARS = (2020, 2030, 2060)
#: Names of products that have no row in products.csv.
_EXTRA = {"co2_removal": {"name_en": "CO2 removal", "name_zh": "碳移除"}}

#: Beginning of docs/technologies.md.
HEAD = """# Technologies

What the catalogue assumes, generated from its tables (`python -m model.technology.catalogue_table`). Money is
10^8 yuan of 2020 at producers' prices, energy PJ, electricity TWh, mass Mt. Ranges, years between and the source of
every single figure: `model/technology/catalogue.csv`; what a scenario may change: `technology.costs` and
`technology.limits`.

"""


def catalogue_markdown(table: Catalogue | None = None) -> str:
    """Markdown: for each product its technologies with investment, inputs, CO2, lifetime and status of the rows."""
    c = table or catalogue()
    grouped: dict[str, list[str]] = {}
    for key, t in c.technologies.items():
        grouped.setdefault(t.product, []).append(key)
    counts = Counter(path.status for path in c.paths.values())
    lines = [
        f"{len(c.technologies)} technologies, {len(c.paths)} parameters: "
        + ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) + ".",
        "",
    ]
    for product, keys in grouped.items():
        first = c.technologies[keys[0]]
        label = _EXTRA.get(product) or products().rows[product]
        lines += [
            f"### {label['name_en']} ({label['name_zh']}), {first.output_unit}; capacity in {first.capacity_unit}", "",
            "| technology | 技术 | capex 2020 / 2030 / 2060 | fixed O&M | inputs per unit, 2020 | process CO2 "
            "| capture | efficiency | life | from | status |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [_row(c, key) for key in keys]
        lines.append("")
    lines += ["Parameters:", "", "| parameter | unit | default | meaning | 含义 |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {row['unit']} | {row['default']} | {row['description']} | {row['description_zh']} |"
        for name, row in c.parameters.items()
    ]
    return "\n".join(lines) + "\n"


def _row(c: Catalogue, key: str) -> str:
    t = c.technologies[key]
    capex = " / ".join(f"{c.value(key, 'capex', year=y):.4g}" for y in _COST_YEARS)
    used = c.inputs(key, 2020).items()
    inputs = ", ".join(f"{item} {amount:.3g} {c.commodities[item].unit}" for item, amount in used)
    efficiency = c.efficiency(key, 2020)
    first = int(c.value(key, "first_year"))
    status = Counter(path.status for (k, *_), path in c.paths.items() if k == key)
    capture = c.value(key, "capture_rate")
    return "| " + " | ".join([
        key, t.name_zh, capex, f"{c.value(key, 'fixed_om'):.3g}", inputs or "none",
        f"{c.value(key, 'process_co2'):.3g}", f"{capture:.0%}" if capture else "",
        "" if math.isnan(efficiency) else f"{efficiency:.2f}", f"{c.lifetime(key):.0f}",
        str(first) if first > 2020 else "", ", ".join(f"{n} {s}" for s, n in sorted(status.items())),
    ]) + " |"


def document() -> str:
    """Text of docs/technologies.md."""
    return HEAD + catalogue_markdown()


if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "technologies.md").write_text(document(), encoding="utf-8")
