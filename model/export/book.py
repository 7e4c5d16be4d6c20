"""What every sheet of the workbook needs: the results, the names and units of variables, the list of contents."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from io_tables.units import factor
from model.export.layout import A4, HEAD, Formats, lines, page
from model.results import CODELIST, NATION, TOTAL, Results

#: internal unit of results -> what a ministry reads: (Chinese unit, English unit, unit name known to units.py; empty
#: where only the name differs)
MINISTRY = {
    "10^8 yuan": ("亿元", "10^8 yuan", "亿元"),
    "PJ": ("万吨标准煤", "10^4 tce", "万吨标准煤"),
    "Mt CO2": ("万吨CO2", "10^4 t CO2", "万吨CO2"),
    "Mt": ("万吨", "10^4 t", "万吨"),
    "GW": ("万千瓦", "10^4 kW", "万千瓦"),
    "TWh": ("亿千瓦时", "10^8 kWh", "亿千瓦时"),
    "Mtce": ("万吨标准煤", "10^4 tce", "万吨标准煤"),
    "million persons": ("万人", "10^4 persons", "万人"),
    "1e9 tkm": ("亿吨公里", "10^8 tkm", "亿吨公里"),
    "1e9 pkm": ("亿人公里", "10^8 pkm", "亿人公里"),
    "Mm2": ("万平方米", "10^4 m2", "万平方米"),
    "t CO2/10^4 yuan": ("吨CO2/万元", "t CO2/10^4 yuan", ""),
}
COVER = "封面 Cover"
HOUSEHOLDS = {"Rural households": "农村居民", "Urban households": "城镇居民"}


@dataclass
class Book:
    """The workbook being written. `language` ('both', 'zh', 'en') rules titles and notes; labels name both."""

    book: Workbook
    results: Results
    units: str = "ministry"
    language: str = "both"
    contents: list[tuple[str, str, str]] = field(default_factory=list)
    formats: Formats = field(init=False)
    names: dict[str, tuple[str, str]] = field(init=False)
    cube: dict[str, pd.DataFrame] = field(init=False)

    def __post_init__(self):
        self.formats = Formats.of(self.book)
        codelist = pd.read_csv(CODELIST)
        self.names = {row.variable: (row.zh, row.en) for row in codelist.itertuples()}
        table = self.results.table.reset_index(drop=True)
        self.cube = {name: part for name, part in table.groupby("variable", sort=False)}
        self._value, self._arrays, self._code, self._place = table["value"].to_numpy(), {}, {}, {}
        for key in ("region", "sector"):
            self._code[key], labels = pd.factorize(table[key])
            self._place[key] = {label: i for i, label in enumerate(labels)}
        self._code["year"] = np.searchsorted(self.results.years, table["year"].to_numpy())
        self._place["year"] = {year: i for i, year in enumerate(self.results.years)}
        self.order = {name: number for number, name in enumerate(codelist["variable"])}

    def two(self, zh: str, en: str, between: str = " ") -> str:
        """A title in the chosen language, or both."""
        return zh if self.language == "zh" else en if self.language == "en" else f"{zh}{between}{en}"

    def name(self, variable: str) -> tuple[str, str]:
        """Chinese and English name; a technology's own where only its production is in the codelist, else the path."""
        made = "Production|" + variable.partition("|")[2]
        return self.names.get(variable) or self.names.get(made) or (variable.split("|")[-1], variable)

    def sorted(self, variables) -> list[str]:
        """Variables in the order of the codelist, unknown ones last."""
        return sorted(variables, key=lambda v: (self.order.get(v, len(self.order)), v))

    def unit(self, variable: str) -> tuple[str, float]:
        """Unit shown and the multiplier from the table's unit."""
        return self.shown(str(self.cube[variable]["unit"].iloc[0]))

    def shown(self, unit: str) -> tuple[str, float]:
        """What a unit of the table is shown in, and the multiplier; unknown units pass through."""
        if self.units != "ministry" or unit not in MINISTRY:
            return unit, 1.0
        zh, en, known = MINISTRY[unit]
        return (en if self.language == "en" else zh), factor(unit, known) if known else 1.0

    def rows(self, variable: str, axis: str, labels, fixed: str) -> np.ndarray:
        """(labels, years) of one variable along 'region' or 'sector', the other key fixed, in the unit shown."""
        result = np.zeros((len(labels), len(self.results.years)))
        if variable not in self.cube:
            return result
        dense = self._dense(variable)
        places = [self._place[axis].get(label, -1) for label in labels]
        at = self._place["sector" if axis == "region" else "region"].get(fixed, -1)
        known = np.array(places) >= 0
        if at >= 0:
            cells = dense[:, at] if axis == "region" else dense[at]
            result[known] = cells[np.array(places)[known]]
        return result * self.unit(variable)[1]

    def _dense(self, variable: str) -> np.ndarray:
        """(regions, sectors, years) of a variable in the table's unit; zeros where left out."""
        if variable not in self._arrays:
            rows = self.cube[variable].index
            array = np.zeros(tuple(len(self._place[key]) for key in ("region", "sector", "year")))
            array[tuple(self._code[key][rows] for key in ("region", "sector", "year"))] = self._value[rows]
            self._arrays[variable] = array
        return self._arrays[variable]

    def national(self, variable: str) -> np.ndarray:
        """(years,) national values in the unit shown."""
        return self.rows(variable, "region", [NATION], TOTAL)[0]

    def provinces(self) -> list[tuple[str, str]]:
        """(Chinese, English) names of the provinces."""
        return list(zip(self.results.region_names_zh, self.results.regions, strict=True))

    def sectors(self, variable: str) -> list[tuple[str, str]]:
        """(Chinese, English) names of the sectors, with households where the variable has them."""
        found = set(self.cube[variable]["sector"]) if variable in self.cube else set()
        homes = [(zh, en) for en, zh in HOUSEHOLDS.items() if en in found]
        return [*zip(self.results.sector_names_zh, self.results.sectors, strict=True), *homes]

    def sheet(self, name: str, zh: str, en: str, note: str = "", *, paper: int = A4, repeat: bool = True) -> Worksheet:
        """A new sheet with title, subtitle, note, link to the contents and page set-up; tables begin at row HEAD."""
        sheet = self.book.add_worksheet(name)
        self.contents.append((name, zh, en))
        mark = f"{self.results.scenario_name}  {self.results.certificate.scenario_sha256[:12]}"
        page(sheet, footer=mark, paper=paper, repeat=(HEAD, HEAD + 1) if repeat else None)
        sheet.write(0, 0, zh if self.language != "en" else en, self.formats.title)
        if self.language == "both":
            sheet.write(1, 0, en, self.formats.subtitle)
        sheet.set_row(0, 26)
        sheet.write(2, 0, note, self.formats.subtitle)
        sheet.write_url(3, 0, f"internal:'{COVER}'!A1", self.formats.link, self.two("← 目录", "Contents"))
        return sheet

    def wrapped(self, sheet: Worksheet, row: int, texts, widths, format_=None) -> None:
        """Write texts that wrap, the row as high as the longest needs (neither program does it for written files)."""
        for column, text in enumerate(texts):
            sheet.write(row, column, text, format_ or self.formats.wrap)
        height = max(lines(str(text), w) for text, w in zip(texts, widths, strict=True))
        sheet.set_row(row, max(16.0, 15.0 * height + 3))
