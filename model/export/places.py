"""Sheets of places: sinks of the land, captured CO2 from province to province, and the map of tiles."""

from __future__ import annotations

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from model.export.book import Book
from model.export.desk_charts import MEASURES, DeskCells
from model.export.layout import A3, FONT, GREY, HEAD, NAVY, table

#: Province -> (row, column) of its tile: a rough place, no border.
TILES = {
    "Heilongjiang": (0, 7), "Inner Mongolia": (1, 5), "Jilin": (1, 7), "Xinjiang": (2, 0), "Gansu": (2, 2),
    "Ningxia": (2, 3), "Beijing": (2, 5), "Tianjin": (2, 6), "Liaoning": (2, 7), "Qinghai": (3, 2), "Shaanxi": (3, 3),
    "Shanxi": (3, 4), "Hebei": (3, 5), "Shandong": (3, 6), "Tibet": (4, 1), "Sichuan": (4, 2), "Chongqing": (4, 3),
    "Henan": (4, 4), "Anhui": (4, 5), "Jiangsu": (4, 6), "Yunnan": (5, 2), "Guizhou": (5, 3), "Hubei": (5, 4),
    "Jiangxi": (5, 5), "Zhejiang": (5, 6), "Shanghai": (5, 7), "Guangxi": (6, 3), "Hunan": (6, 4), "Guangdong": (6, 5),
    "Fujian": (6, 6), "Hainan": (7, 4),
}
_DEFINITIONS = {"inventory": ("清单口径(有管理土地)", "inventory (managed land)"),
                "nep": ("净生态系统生产力口径", "net ecosystem production")}
_TYPES = {"forest": "森林\nForest", "cropland": "农田\nCropland", "grassland": "草地\nGrassland",
          "wetland": "湿地\nWetland"}
_LEVELS = {"low": "低估计\nLow", "central": "中估计\nCentral", "high": "高估计\nHigh"}
#: Rows of a tile: name, value.
_TALL = 3


def sinks(book: Book) -> None:
    """Sinks by land and definition with their range; nothing where the provinces are not those of the fact table."""
    frame = book.results.tables["sinks"]
    if frame.empty:
        return
    sheet = book.sheet(
        "碳汇 Sinks", "陆地碳汇(分省、分类型、分口径)", "Land sinks by province, land and definition",
        book.two("全国范围770—1870 Mt/年;分省按净初级生产力分解,高估亚热带;分类型比例为假设。"
                 "一吨只计一次:或归全国,或归本省,或作抵消。",
                 "Published range of the nation 770-1870 Mt a year; split by net primary production, which overstates "
                 "the subtropics; shares by land are assumed. A tonne counts once: nation, province or offset."),
        repeat=False,
    )
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 32)
    sheet.set_column(2, 8, 12)
    unit, mass = book.shown("Mt CO2")
    row, breaks = HEAD, []
    for definition, (zh, en) in _DEFINITIONS.items():
        rows = frame[frame["definition"] == definition]
        kinds = rows.pivot(index="region", columns="type", values="central").loc[list(book.results.regions)]
        levels = rows.groupby("region", sort=False)[list(_LEVELS)].sum().loc[list(book.results.regions)]
        values = np.column_stack([kinds[list(_TYPES)], levels]).astype(float) * mass
        placed = table(sheet, book.formats, row, book.provinces(), (zh, en), [*_TYPES.values(), *_LEVELS.values()],
                       values, unit, f"land sink {definition} @ {book.results.years[0]}", total=("全国合计", "China"),
                       number=book.formats.tenth, freeze=False)
        row = placed.end + 1
        breaks.append(row)
    sheet.set_h_pagebreaks(breaks[:-1])
    sheet.freeze_panes(HEAD, 2)


def transport(book: Book) -> None:
    """Captured CO2 from province (rows) to province (columns) in up to three years with flows; all routes."""
    frame = book.results.tables["flows"]
    if frame.empty:
        return
    sheet = book.sheet(
        "源汇矩阵 CO2 matrix", "捕集CO2源汇匹配(行:来源省;列:封存省)",
        "Captured CO2: from province (rows) to stores (columns)",
        next((book.two(f.zh, f.en) for f in book.results.tables["desk_facts"].itertuples() if f.key == "flows"), ""),
        paper=A3, repeat=False,
    )
    years = sorted(frame["year"].unique())
    chosen = dict.fromkeys([years[0], years[len(years) // 2], years[-1]])
    names = [(zh, en) for zh, en in book.provinces() if en in set(frame["sink"])]
    regions = list(book.results.regions)
    unit, mass = book.shown("Mt CO2")
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 3 + len(names), 10)
    # Nothing sent is a dot, so that the routes stand out.
    dots = book.book.add_format({"font_name": FONT, "font_size": 10, "align": "right", "bottom": 1,
                                 "bottom_color": GREY, "num_format": '#,##0.0;-#,##0.0;"·"'})
    row, breaks = HEAD, []
    for year in chosen:
        rows = frame[frame["year"] == year]
        values = rows.pivot(index="source", columns="sink", values="flow").reindex(
            index=regions, columns=[en for _, en in names], fill_value=0.0).fillna(0.0).to_numpy(dtype=float)
        placed = table(sheet, book.formats, row, book.provinces(), ("来源省 From", f"{year}年"),
                       [f"{zh}\n{en}" for zh, en in names], mass * values, unit, f"Carbon Transport|* @ {year}",
                       total=("合计", "Total"), total_column="合计\nTotal", number=dots, freeze=False)
        area = (placed.first, 2, placed.first + placed.rows - 1, 1 + placed.columns)
        sheet.conditional_format(*area, {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#8EA9DB"})
        row = placed.end + 1
        breaks.append(row)
    sheet.set_h_pagebreaks(breaks[:-1])
    sheet.freeze_panes(HEAD, 2)
    _routes(book, frame, unit, mass)


def _routes(book: Book, frame, unit: str, mass: float) -> None:
    """Every route and year with tonnes, kilometres and their product, live."""
    sheet = book.sheet("源汇流向 CO2 routes", "CO2流向:吨与公里", "Routes of CO2: tonnes and kilometres",
                       book.two("距离为两省几何中心大圆距离;省内计零。",
                                "Great circles between centroids; zero within a province."))
    sheet.repeat_rows(HEAD)
    heads = (("年份", "Year", 8), ("来源省", "From", 22), ("封存省", "To", 22),
             (f"流量({unit}/年)", "Flow, 单位 Unit as stated", 18),
             ("距离(公里)", "Distance (km)", 14), ("周转量(流量×公里)", "Flow x km", 20))
    for c, (zh, en, size) in enumerate(heads):
        sheet.set_column(c, c, size)
        sheet.write(HEAD, c, book.two(zh, en, "\n"), book.formats.head)
    sheet.set_row(HEAD, 46)
    names = dict(zip(book.results.regions, book.results.region_names_zh, strict=True))
    ordered = frame.sort_values(["year", "flow"], ascending=[True, False])
    for row, line in enumerate(ordered.itertuples(), start=HEAD + 1):
        sheet.write_number(row, 0, line.year, book.formats.centre)
        sheet.write_string(row, 1, f"{names[line.source]} {line.source}", book.formats.text)
        sheet.write_string(row, 2, f"{names[line.sink]} {line.sink}", book.formats.text)
        sheet.write_number(row, 3, mass * line.flow, book.formats.tenth)
        sheet.write_number(row, 4, line.km, book.formats.number)
        sheet.write_formula(row, 5, f"=D{row + 1}*E{row + 1}", book.formats.number, float(mass * line.flow * line.km))
    sheet.freeze_panes(HEAD + 1, 3)
    sheet.autofilter(HEAD, 0, HEAD + len(ordered), len(heads) - 1)


#: Column -> (Chinese, English, kind of unit, width).
_STORES = (
    ("sink", "封存省", "Store", "", 22), ("year", "年份", "Year", "", 8),
    ("injected", "注入量", "Injected", "Mt CO2", 14),
    ("planned", "规划注入量", "Injected in the programme", "Mt CO2", 14),
    ("injectivity", "年注入上限", "Injectivity", "Mt CO2", 14), ("filled", "累计封存", "Filled", "Mt CO2", 14),
    ("capacity", "封存容量", "Capacity", "Mt CO2", 16),
    ("rent", "容量租金(元/吨,现值)", "Rent of room (yuan/t)", "rent", 16),
    ("injectivity_rent", "注入租金(元/(吨/年),现值)", "Rent of injectivity (yuan per t a year)", "rent", 18),
)


def stores(book: Book) -> None:
    """Stores with injection, filling and rents when captured CO2 is matched over all years at real distances."""
    frame = book.results.tables.get("storage_sinks")
    if frame is None or frame.empty:
        return
    frame = frame[(frame["injected"] > 0) | (frame["planned"] > 0)]
    sheet = book.sheet(
        "封存库 Stores", "封存库:注入、累计与租金", "Stores: injection, filling and rents",
        book.two("按实际距离、容量与注入上限逐年重新匹配;租金为多一吨空间所省的现值。",
                 "Matched anew over all years at real distances; a rent is what one more tonne of room would save."))
    sheet.repeat_rows(HEAD)
    unit, mass = book.shown("Mt CO2")
    for c, (_, zh, en, inside, size) in enumerate(_STORES):
        sheet.set_column(c, c, size)
        shown = f"({unit})" if inside == "Mt CO2" else ""
        sheet.write(HEAD, c, book.two(zh + shown, en, "\n") + ("\n单位 Unit" if c == 2 else ""), book.formats.head)
    sheet.set_row(HEAD, 60)
    names = dict(zip(book.results.regions, book.results.region_names_zh, strict=True))
    for row, line in enumerate(frame.to_dict("records"), start=HEAD + 1):
        sheet.write_string(row, 0, f"{names.get(line['sink'], '')} {line['sink']}", book.formats.text)
        sheet.write_number(row, 1, line["year"], book.formats.centre)
        for c, (column, _, _, inside, _) in enumerate(_STORES[2:], start=2):
            # 10^8 yuan per Mt is 100 yuan per tonne.
            value = float(line[column]) * (100.0 if inside == "rent" else mass)
            if np.isfinite(value):
                sheet.write_number(row, c, value, book.formats.tenth)
            else:
                sheet.write(row, c, "—", book.formats.centre)
    sheet.freeze_panes(HEAD + 1, 2)
    sheet.autofilter(HEAD, 0, HEAD + len(frame), len(_STORES) - 1)


def tiles(book: Book, cells: DeskCells) -> None:
    """Every province one tile at its rough place, coloured by a column of the desk that the reader chooses."""
    if not set(book.results.regions) <= set(TILES):
        return
    sheet = book.sheet(
        "方格图 Tile map", "方格示意图(每省一格)", "Tile grid, one tile per province",
        book.two("方格只表示大致方位,不是地图,不表示行政区域界线。范围:31个省级行政区,不含香港、澳门、台湾。",
                 "Tiles show rough places; this is no map and shows no borders. 31 provinces, without Hong Kong, "
                 "Macau, Taiwan."),
        paper=A3, repeat=False,
    )
    formats = book.formats
    first, last = cells.first, cells.first + cells.rows - 1
    letters = [xl_col_to_name(c) for c in (2, 1 + cells.columns)]
    heads = f"'{cells.sheet}'!${letters[0]}${cells.head + 1}:${letters[1]}${cells.head + 1}"
    units = f"'{cells.sheet}'!${letters[0]}${cells.head + 2}:${letters[1]}${cells.head + 2}"
    area = f"'{cells.sheet}'!${letters[0]}${first + 1}:${letters[1]}${last + 1}"
    chosen = book.two(*MEASURES["per_head"], "\n")
    entry = book.book.add_format({"bg_color": "#FFF2CC", "border": 1, "align": "center", "valign": "vcenter",
                                  "text_wrap": True, "font_name": FONT, "font_size": 10, "bold": True})
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 9, 15)
    sheet.write(HEAD, 0, "指标(可改)", formats.text)
    sheet.write(HEAD, 1, "Measure (edit)", formats.text)
    sheet.merge_range(HEAD, 2, HEAD, 3, chosen, entry)
    sheet.set_row(HEAD, 34)
    sheet.data_validation(HEAD, 2, HEAD, 2, {"validate": "list", "source": "=" + heads})
    pick = f"MATCH($C${HEAD + 1},{heads},0)"
    sheet.write(HEAD, 4, book.two("单位", "Unit"), formats.text)
    unit = "t CO2/person" if book.language == "en" else "吨CO2/人"
    sheet.write_formula(HEAD, 5, f"=INDEX({units},1,{pick})", formats.centre, unit)
    sheet.write(HEAD, 6, book.two("年份", "Year"), formats.text)
    sheet.write_formula(HEAD, 7, f"='{cells.sheet}'!$C${HEAD + 1}", formats.centre, cells.year)
    name_style = book.book.add_format({"font_name": FONT, "font_size": 10, "bold": True, "align": "center",
                                       "top": 2, "left": 2, "right": 2, "border_color": NAVY, "bg_color": "#F2F2F2"})
    value_style = book.book.add_format({"font_name": FONT, "font_size": 12, "align": "center", "valign": "vcenter",
                                  "left": 2, "right": 2, "bottom": 2, "border_color": NAVY, "num_format": "#,##0.00"})
    places = []
    for r, (zh, en) in enumerate(book.provinces()):
        y, x = TILES[en]
        top = HEAD + 2 + _TALL * y
        sheet.write(top, 1 + x, book.two(zh, en), name_style)
        sheet.write_formula(top + 1, 1 + x, f'=INDEX({area},{r + 1},{pick})*IF($F${HEAD + 1}="%",100,1)',
                            value_style, float(cells.per_head[r]))
        places.append(f"{xl_col_to_name(1 + x)}{top + 2}")
        sheet.set_row(top + 1, 30)
        sheet.set_row(top + 2, 6)
    ordered = sorted(places, key=lambda cell: (int("".join(filter(str.isdigit, cell))), cell))
    sheet.conditional_format(ordered[0], {
        "type": "3_color_scale", "multi_range": " ".join(ordered), "min_color": "#5B9BD5", "mid_color": "#FFFFFF",
        "max_color": "#F4B183", "mid_type": "percentile", "mid_value": 50})
