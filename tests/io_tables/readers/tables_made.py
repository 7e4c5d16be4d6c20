"""Balanced tables of any size and workbooks laid out like the published ones, made by code."""

from __future__ import annotations

import numpy as np
from openpyxl import Workbook

from io_tables.classification import provinces, sectors
from io_tables.mrio import Mrio

FINAL = ("rural", "urban", "government", "fixed capital", "inventories")
FINAL_CODES = ("FU101", "FU102", "FU103", "FU201", "FU202")
FINAL_ZH = ("农村居民消费支出", "城镇居民消费支出", "政府消费支出", "固定资本形成总额", "存货增加")
VA_CODES = ("VA001", "VA002", "VA003", "VA004")
VA_ZH = ("劳动者报酬", "生产税净额", "固定资产折旧", "营业盈余")
VALUE_ADDED = ("labour", "net production tax", "depreciation", "surplus")


def balanced(regions: int, industries: int, *, error: bool = True, seed: int = 1, chinese: bool = True) -> Mrio:
    """A random table that satisfies every identity to rounding: value added is what remains of output."""
    rng = np.random.default_rng(seed)
    n = regions * industries
    Z = rng.uniform(0.0, 2.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.8)
    Y = rng.uniform(1.0, 6.0, (n, regions * len(FINAL))) / regions * n * 0.3
    inventories = slice(len(FINAL) - 1, None, len(FINAL))
    Y[:, inventories] = rng.normal(0.0, 0.05, (n, regions))
    exports = rng.uniform(0.0, 3.0, n) * n * 0.02
    final = np.column_stack([Y, exports])
    gap = rng.normal(0.0, 0.1, n) if error else None
    x = Z.sum(axis=1) + final.sum(axis=1) + (0.0 if gap is None else gap)
    imports = rng.uniform(0.0, 0.05, n) * x
    rest = x - Z.sum(axis=0) - imports
    assert (rest > 0).all()
    va = rest * np.array([0.5, 0.1, 0.15, 0.25])[:, None]
    va[1, 0] -= 2 * va[1, 0]
    va[3, 0] -= va[:, 0].sum() - rest[0]
    names = provinces().keys[:regions] if chinese else tuple(f"R{k + 1}" for k in range(regions))
    goods = sectors().keys[:industries] if chinese else tuple(f"good {k + 1}" for k in range(industries))
    labels = (*((r, c) for r in names for c in FINAL), (None, "exports"))
    return Mrio(names, goods, Z, final, va, imports, None, labels, {}, VALUE_ADDED, gap)


def ceads_rows(table: Mrio, *, unit: str = "万元", scale: float = 1e4) -> list[list[object]]:
    """A full MRIO workbook: title, unit, three header lines (province, sector, code); values in `unit`."""
    prov, sect = provinces(), sectors()
    S = len(table.sectors)
    industries = [(r, s) for r in table.regions for s in table.sectors]
    zh = {r: prov.zh(r) if prov.find(r) else r for r in table.regions}
    names = {s: sect.zh(s) if sect.find(s) else s for s in table.sectors}
    codes = [f"{k % S + 1:02d}" for k in range(len(industries))]
    final = [(zh[r], z, c) for r in table.regions for z, c in zip(FINAL_ZH, FINAL_CODES, strict=True)]
    head = [(zh[r], names[s], c) for (r, s), c in zip(industries, codes, strict=True)]
    head += [("", "中间使用合计", "TIU"), *final, ("", "出口", "EX")]
    head += [("", "其他", "ERR")] if table.error is not None else []
    head += [("", "总产出", "TO")]
    rows: list[list[object]] = [["2020年中国多区域投入产出表"], [f"单位：{unit}"]]
    rows += [["", "", "", *(h[k] for h in head)] for k in range(3)]

    def line(first, values):
        return [*first, *(float(v) * scale if v is not None else "" for v in values)]

    for k, (r, s) in enumerate(industries):
        Z, error = table.Z[k], () if table.error is None else (table.error[k],)
        rows.append(line((zh[r], names[s], codes[k]), [*Z, Z.sum(), *table.Y[k], *error, table.x[k]]))
    blank = [None] * (len(head) - table.n)
    inputs = table.Z.sum(axis=0)
    rows.append(line(("", "中间投入合计", "TII"), [*inputs, *blank]))
    rows.append(line(("", "进口", "IM"), [*table.foreign_inputs, *blank]))
    for z, c, values in zip(VA_ZH, VA_CODES, table.value_added, strict=True):
        rows.append(line(("", z, c), [*values, *blank]))
    rows.append(line(("", "增加值合计", "TVA"), [*table.primary_inputs, *blank]))
    rows.append(line(("", "总投入", "TI"), [*table.x, *blank]))
    rows.append(["注：①进口为最终用途以外的进口。"])
    return rows


def nbs_rows(table: Mrio, *, unit: str = "万元", scale: float = 1e4, zh_names=None) -> list[list[object]]:
    """A national competitive sheet with two-line headers (names, codes); imports are a fifth of final use."""
    names = zh_names or [sectors().zh(s) if sectors().find(s) else s for s in table.sectors]
    S = len(names)
    codes = [f"{k + 1:0{len(str(S)) if S > 99 else 2}d}" for k in range(S)]
    head = [*zip(names, codes, strict=True), ("中间使用合计", "TIU"), *zip(FINAL_ZH[:2], FINAL_CODES[:2], strict=True),
            ("居民消费支出合计", "THC"), (FINAL_ZH[2], "FU103"), ("最终消费支出合计", "TC"),
            *zip(FINAL_ZH[3:], FINAL_CODES[3:], strict=True), ("资本形成总额合计", "GCF"), ("出口", "EX"),
            ("最终使用合计", "TFU"), ("进口", "IM"), ("总产出", "GO")]
    rows: list[list[object]] = [["全国投入产出表"], ["", "", f"单位：{unit}（当年生产者价格）"]]
    rows += [["投入", "产出", *(h[0] for h in head)], ["", "代码", *(h[1] for h in head)]]
    Y = table.Y
    imports = 0.2 * Y.sum(axis=1)
    x = table.Z.sum(axis=1) + Y.sum(axis=1) - imports
    rest = x - table.Z.sum(axis=0)
    va = rest * np.array([0.5, 0.1, 0.15, 0.25])[:, None]
    for k in range(S):
        y, z = Y[k], table.Z[k]
        values = [*z, z.sum(), y[0], y[1], y[0] + y[1], y[2], y[:3].sum(), y[3], y[4], y[3:5].sum(), y[5], y.sum(),
                  imports[k], x[k]]
        rows.append([names[k], codes[k], *(float(v) * scale for v in values)])
    foot = [("中间投入合计", "TII", table.Z.sum(axis=0)), *zip(VA_ZH, VA_CODES, va, strict=True),
            ("增加值合计", "TVA", rest), ("总投入", "TI", x)]
    return rows + [[name, code, *(float(v) * scale for v in values)] for name, code, values in foot]


def save(rows: list[list[object]], path, *, sheet: str = "Sheet1", merges=(), before=()) -> None:
    """Write rows to a workbook; `before` are (name, rows) of sheets in front."""
    book = Workbook()
    book.remove(book.active)
    for name, cells in (*before, (sheet, rows)):
        page = book.create_sheet(name)
        for row in cells:
            page.append([None if c == "" else c for c in row])
    for area in merges:
        book[sheet].merge_cells(area)
    book.save(path)
