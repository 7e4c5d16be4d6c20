"""Native charts on one sheet; every series points at the cells of another sheet."""

from __future__ import annotations

from xlsxwriter.chart import Chart
from xlsxwriter.worksheet import Worksheet

from model.export.book import Book
from model.export.layout import FONT, GREY, Placed
from model.export.national import NON_FOSSIL, Lines
from model.export.regional import key_years

_SIZE = {"width": 860, "height": 400}
_ROWS, _COLUMNS = 21, 14
_CARBON = (
    ("Emissions|CO2|Gross", "#7F7F7F"), ("Emissions|CO2|Net", "#C00000"), ("Emissions|CO2|Captured", "#2E75B6"),
    ("Carbon Removal|Land", "#548235"),
)
_ENERGY = (("Primary Energy|Coal", "#404040"), ("Primary Energy|Oil", "#9E6B3F"), ("Primary Energy|Gas", "#F4B183"),
           (NON_FOSSIL, "#70AD47"))
#: Kind of power plant, by the words of its name -> colours, dark to light.
_POWER = (
    ("Coal", ("#262626", "#404040", "#595959", "#7F7F7F", "#A6A6A6")), ("Gas", ("#C55A11", "#F4B183")),
    ("Biomass", ("#806000", "#BF9000")), ("Nuclear", ("#7030A0",)), ("Hydro", ("#1F4E79",)), ("Pumped", ("#5B9BD5",)),
    ("wind", ("#2E9E8F", "#8FD3C8")), ("photovoltaics", ("#FFC000", "#FFE699")),
)
_POWER_PREFIX = "Production|Electricity|"


def open_charts(book: Book) -> Worksheet:
    """Add the sheet of charts; `draw` fills it when the tables have their places."""
    sheet = book.sheet("图表 Charts", "图表", "Charts", repeat=False)
    sheet.set_column(0, 2 * _COLUMNS, 8.6)
    return sheet


def draw(
    book: Book, sheet: Worksheet, national: Lines, technologies: Lines | None, provinces: Placed | None
) -> None:
    """CO2 with capture and sinks, energy mix, power mix by technology, provincial CO2 of the key years."""
    drawn = [_carbon(book, national), _energy(book, national)]
    if technologies:
        drawn.append(_power(book, technologies))
    if provinces:
        drawn.append(_provinces(book, provinces))
    for number, chart in enumerate(chart for chart in drawn if chart):
        sheet.insert_chart(4 + _ROWS * (number // 2), _COLUMNS * (number % 2), chart)


def _dress(chart: Chart, title: str, unit: str) -> Chart:
    font = {"name": FONT, "size": 9, "bold": False}
    chart.set_title({"name": title, "name_font": {"name": FONT, "size": 12}})
    chart.set_y_axis({"num_format": "#,##0", "name": unit, "name_font": font, "num_font": font,
                      "major_gridlines": {"visible": True, "line": {"color": GREY}}})
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_size(_SIZE)
    return chart


def _name(book: Book, variable: str) -> str:
    zh, en = book.name(variable) if variable != NON_FOSSIL else ("非化石能源", NON_FOSSIL)
    return book.two(zh, en)


def _carbon(book: Book, national: Lines) -> Chart:
    # A scatter keeps the time axis true: the model years are not evenly spaced.
    chart = book.book.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for variable, colour in _CARBON:
        if variable in national.row:
            chart.add_series({
                "name": _name(book, variable), "categories": national.heads(), "values": national.across(variable),
                "line": {"color": colour, "width": 2},
                "marker": {"type": "circle", "size": 4, "fill": {"color": colour}, "border": {"color": colour}},
            })
    _dress(chart, book.two("CO2排放路径", "CO2 pathway"), book.unit("Emissions|CO2|Net")[0])
    years = book.results.years
    chart.set_x_axis({"min": years[0], "max": years[-1], "major_unit": 5, "num_format": "0",
                      "label_position": "low", "num_font": {"name": FONT, "size": 9}})
    return chart


def _stack(book: Book, lines: Lines, series: list[tuple[str, str]], title: str, unit: str) -> Chart | None:
    series = [(variable, colour) for variable, colour in series if variable in lines.row]
    if not series:
        return None
    # The years serve as dates (days), so that the areas keep the true distances in time.
    chart = book.book.add_chart({"type": "area", "subtype": "stacked"})
    for variable, colour in series:
        chart.add_series({
            "name": _name(book, variable).replace("(发电煤耗法)", ""), "categories": lines.heads(),
            "values": lines.across(variable), "fill": {"color": colour}, "border": {"none": True},
        })
    _dress(chart, title, unit)
    chart.set_x_axis({"date_axis": True, "major_unit": 5, "major_unit_type": "days", "num_format": "0",
                      "position_axis": "on_tick", "num_font": {"name": FONT, "size": 9}})
    return chart


def _energy(book: Book, national: Lines) -> Chart | None:
    if NON_FOSSIL not in national.row:
        return None
    title = book.two("一次能源结构(发电煤耗法)", "Primary energy (coal-equivalent)")
    return _stack(book, national, list(_ENERGY), title, book.unit("Primary Energy|Coal")[0])


def _power(book: Book, technologies: Lines) -> Chart | None:
    series, used = [], dict.fromkeys((word for word, _ in _POWER), 0)
    found = [v for v in technologies.row if v.startswith(_POWER_PREFIX)]
    for word, colours in _POWER:
        for variable in found:
            # 'Coal' and 'Gas' begin the name, 'wind' and 'photovoltaics' end it.
            if word in variable.removeprefix(_POWER_PREFIX) and variable not in dict(series):
                series.append((variable, colours[min(used[word], len(colours) - 1)]))
                used[word] += 1
    series += [(v, "#D9D9D9") for v in found if v not in dict(series)]
    if not series:
        return None
    title = book.two("发电结构(分技术)", "Electricity generation by technology")
    chart = _stack(book, technologies, series, title, book.unit(series[0][0])[0])
    chart.set_legend({"position": "right", "font": {"name": FONT, "size": 8}})
    return chart


def _provinces(book: Book, provinces: Placed) -> Chart:
    chart = book.book.add_chart({"type": "column"})
    years = book.results.years
    for year, colour in zip(key_years(book), ("#8EA9DB", "#C00000", "#70AD47"), strict=False):
        chart.add_series({
            "name": f"{year}", "categories": provinces.down(0 if book.language != "en" else 1),
            "values": provinces.down(2 + years.index(year)), "fill": {"color": colour}, "gap": 60,
        })
    _dress(chart, book.two("分省CO2净排放", "Net CO2 by province"), book.unit("Emissions|CO2|Net")[0])
    font = {"name": FONT, "size": 8, "rotation": -45}
    chart.set_x_axis({"label_position": "low", "interval_unit": 1, "num_font": font})
    return chart
