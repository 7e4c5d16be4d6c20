"""Yearbook sheets laid out like the published ones, made by code: .xlsx through openpyxl, .xls byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path

from openpyxl import Workbook

from io_tables.classification import provinces


def save(path: Path, sheets: dict[str, list[list[object]]], merges: dict[str, list[str]] | None = None) -> Path:
    """Write sheets of rows ('' for an empty cell) to an .xlsx workbook."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append([None if c == "" else c for c in row])
        for area in (merges or {}).get(name, []):
            page.merge_cells(area)
    book.save(path)
    return path


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _sheet_stream(rows: list[list[object]], merged: list[tuple[int, int, int, int]]) -> bytes:
    out = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0x0600))
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, (int, float)):
                out += _record(0x0203, struct.pack("<HHHd", r, c, 0, float(cell)))
            elif cell != "":
                text = cell.encode("utf-16-le")
                out += _record(0x0204, struct.pack("<HHHHB", r, c, 0, len(text) // 2, 1) + text)
    if merged:
        out += _record(0x00E5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<HHHH", *m) for m in merged))
    return out + _record(0x000A, b"")


def save_xls(path: Path, name: str, rows: list[list[object]], merged: list[tuple[int, int, int, int]] = ()) -> Path:
    """Write one sheet as a BIFF8 workbook in a compound file; merged = (first row, last row, first col, last col)."""
    def globals_stream(offset: int) -> bytes:
        text = name.encode("utf-16-le")
        sheet = struct.pack("<IHBB", offset, 0, len(text) // 2, 1) + text
        start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0x0600))
        return start + _record(0x0042, struct.pack("<H", 1200)) + _record(0x0085, sheet) + _record(0x000A, b"")

    stream = globals_stream(len(globals_stream(0))) + _sheet_stream(rows, list(merged))
    stream += b"\0" * max(0, 4096 - len(stream))  # shorter streams would live in the mini stream
    sectors = -(-len(stream) // 512)
    stream += b"\0" * (sectors * 512 - len(stream))
    end, fat_sector, free = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
    chain = [fat_sector, end, *range(3, 2 + sectors), end]
    chain += [free] * (-len(chain) % 128)
    assert len(chain) == 128, "one FAT sector only"
    header = bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0) + b"\xff" * 4 * 108

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (title + "\0").encode("utf-16-le")
        return (
            text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, free, free, child) + b"\0" * 36
            + struct.pack("<IQ", start, size)
        )

    folder = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream)) + b"\0" * 256
    path.write_bytes(header + struct.pack("<128I", *chain) + folder + stream)
    return path


#: GDP by stratum and sub-industry; whole and parts close to the printed digits.
GDP = {
    "北京": (36102.6, 107.6, 5716.4, 30278.6, 4216.5, 1499.9),
    "天津": (14083.7, 210.2, 4804.1, 9069.5, 4188.1, 616.0),
    "河北": (36206.9, 3880.1, 13597.2, 18729.6, 11545.9, 2051.3),
    "内蒙古": (17359.8, 2025.1, 6868.0, 8466.7, 5613.7, 1254.3),
    "陕西": (26181.9, 2267.5, 11362.6, 12551.8, 8860.1, 2502.5),
}


def accounts_sheet(*, unit: str = "单位：亿元") -> list[list[object]]:
    """Regional accounts with a two-line header, footnote marks and ideographic spaces."""
    rows: list[list[object]] = [
        ["3-9　地区生产总值(2020年)"], ["Gross Regional Product (2020)"], ["", "", "", "", "", unit, ""],
        ["地  区", "地区生产总值", "第一产业", "第二产业", "第三产业", "第二产业", ""],
        ["", "", "", "", "", "工  业", "建筑业"],
    ]
    marks = {"北京": "北　京①", "天津": "天　　津", "河北": "河北*", "内蒙古": "内蒙古自治区", "陕西": "陕　西注2"}
    rows += [[marks[p], *values] for p, values in GDP.items()]
    return [*rows, ["注：①北京数据为初步核算数。"], ["资料来源：国家统计局"]]


def balance_sheet(*, unit_row: bool = True) -> list[list[object]]:
    """A provincial energy balance in physical units with numbered items, # sub-items, blanks and a difference."""
    head = ["项　　目", "煤合计", "原煤", "洗精煤", "天然气", "热力", "电力"]
    units = ["", "(万吨)", "(万吨)", "(万吨)", "(亿立方米)", "(万百万千焦)", "(亿千瓦小时)"]
    return [
        ["6-4　河北能源平衡表(实物量) -2020"], ["Energy Balance of Hebei - 2020"], head, *([units] if unit_row else []),
        ["一、可供本地区消费的能源量", 250.0, 240.0, 10.0, 30.0, "", 100.0],
        ["1.一次能源生产量", 200.0, 200.0, "…", 5.0, "", 40.0],
        ["2.外省(区、市)调入量", 70.0, 55.0, 15.0, 25.0, "", 60.0],
        ["3.本省(区、市)调出量(-)", -20.0, -15.0, -5.0, "-", "", "—"],
        ["二、加工转换投入(-)产出(+)量", -150.0, -160.0, 10.0, -4.0, 900.0, 120.0],
        ["1.火力发电", -130.0, -130.0, "", -3.0, "", 120.0],
        ["2.供　　热", -20.0, -20.0, "", -1.0, 900.0, ""],
        ["3.洗 选 煤", "", -10.0, 10.0, "", "", ""],
        ["三、损失量", "", "", "", 0.5, 20.0, 15.0],
        ["四、终端消费量", 99.0, 79.0, 20.0, 25.0, 880.0, 205.0],
        ["1.农、林、牧、渔、水利业", 9.0, 9.0, "", "", "", 20.0],
        ["2.工　业", 70.0, 50.0, 20.0, 15.0, 580.0, 125.0],
        ["#用作原料、材料", 12.0, 12.0, "", 2.0, "", ""],
        ["3.生活消费", 20.0, 20.0, "", 10.0, 300.0, 60.0],
        ["城　镇", 5.0, 5.0, "", 9.0, 300.0, 35.0],
        ["乡　村", 15.0, 15.0, "", 1.0, "", 25.0],
        ["五、平衡差额", 1.0, 1.0, "", 0.5, "", ""],
    ]


def province_table(title: str, unit: str, heads: list[str], values: dict[str, list[object]]) -> list[list[object]]:
    """Provinces in the rows, a total above them."""
    return [[title], [unit], ["地 区", *heads], *([name, *line] for name, line in values.items())]


def all_provinces() -> list[str]:
    """Chinese names in the usual order, some with their full title."""
    full = {"新疆": "新疆维吾尔自治区", "上海": "上海市"}
    return [full.get(n, n) for n in provinces().names_zh]
