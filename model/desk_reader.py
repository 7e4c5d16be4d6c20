"""A negotiation desk that a reader has edited, read back from its workbook."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from io_tables.errors import InputError, Problem, did_you_mean
from model.carbon.negotiation import RULES
from scenarios.from_lock import scenario_from_lock
from scenarios.schema import LAST_GDP_HISTORY

#: Names in the workbook; the sheet of the lock file by the end of its name.
RULE_NAME, WEIGHT_NAME, YEAR_NAME, CAP_NAME, UNIT_NAME = ("desk_rules", "desk_weights", "desk_years", "desk_net",
                                                         "desk_unit")
LOCK_SHEET = "Lock file"
#: Last year whose emissions statistics settle: a cap there would quarrel with them.
LAST_LIVED = LAST_GDP_HISTORY
#: First row of the lock file on its sheet.
_LOCK_ROW = 5


@dataclass(frozen=True)
class EditedDesk:
    """weights by rule, summing to 1 (those of zero left out); cap : year -> Mt of national net CO2 of the run; lock :
    text of the run's lock file."""

    weights: dict[str, float]
    cap: dict[int, float]
    lock: str


def read_desk(path: Path) -> EditedDesk:
    """Read the desk of a workbook. Raises InputError naming every cell that is wrong."""
    from openpyxl import load_workbook

    path = Path(path)
    if not path.is_file():
        raise InputError(Problem(str(path), "no such file"))
    try:
        book = load_workbook(path, data_only=True)
    except Exception as error:
        # What a damaged file raises depends on where it is damaged.
        raise InputError(Problem(str(path), f"cannot be read as an .xlsx workbook ({type(error).__name__})",
                                 "save it as .xlsx, or take the workbook of the run again")) from error
    missing = [name for name in (RULE_NAME, WEIGHT_NAME, YEAR_NAME, CAP_NAME, UNIT_NAME)
               if name not in book.defined_names]
    if missing:
        raise InputError(Problem(str(path), f"holds no negotiation desk (no {', '.join(missing)})",
                                 "take the workbook of a run or of 'allocate', and leave its sheets in place"))
    problems: list[Problem] = []
    keys, weights = _cells(book, RULE_NAME, path), _cells(book, WEIGHT_NAME, path)
    found = _weights(path, keys, weights, problems)
    cap = _cap(path, *(_cells(book, name, path) for name in (YEAR_NAME, CAP_NAME, UNIT_NAME)), problems)
    lock = _lock(path, book, problems)
    if problems:
        raise InputError(problems)
    return EditedDesk(found, cap, lock)


def _cells(book, name: str, path: Path) -> list[tuple[str, object]]:
    """(place, value) of the cells of a name, in order. Raises InputError when it points nowhere."""
    try:
        sheet, area = next(iter(book.defined_names[name].destinations))
        block = book[sheet][area.replace("$", "")]
    except (KeyError, StopIteration, ValueError, AttributeError):
        raise InputError(Problem(str(path), f"the name {name} points to no cells any more",
                                 "take the workbook of the run again")) from None
    rows = block if isinstance(block, tuple) else ((block,),)
    return [(f"{path}!{sheet}!{cell.coordinate}", cell.value) for row in rows
            for cell in (row if isinstance(row, tuple) else (row,))]


def _weights(path, keys, weights, problems) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(keys) != len(weights):
        problems.append(Problem(str(path), f"{len(keys)} rules and {len(weights)} weights", "leave both rows whole"))
        return found
    for (place, key), (cell, value) in zip(keys, weights, strict=True):
        if key not in RULES:
            problems.append(Problem(place, f"'{key}' is no quota rule", did_you_mean(str(key), RULES)))
        elif key in found:
            problems.append(Problem(place, f"the rule '{key}' stands twice"))
        elif isinstance(value, str) or isinstance(value, bool):
            problems.append(Problem(cell, f"the weight of {key} is '{value}'", "write a number of 0 or more"))
        elif value is not None and (not math.isfinite(value) or value < 0):
            problems.append(Problem(cell, f"the weight of {key} is {value}", "write a number of 0 or more"))
        else:
            found[key] = float(value or 0.0)
    total = sum(found.values())
    if not problems and not total > 0:
        problems.append(Problem(str(path), "all weights are zero", "give one rule a weight above zero"))
        return found
    return {key: value / total for key, value in found.items() if value > 0} if total > 0 else found


def _cap(path, years, values, unit, problems) -> dict[int, float]:
    """Mt of the run's national net CO2; the sheet may show ten thousand tonnes."""
    scale = 0.01 if any(word in str(unit[0][1]) for word in ("万吨", "10^4 t")) else 1.0
    cap = {}
    for (place, year), (cell, value) in zip(years, values, strict=False):
        if not isinstance(year, (int, float)) or year % 1:
            problems.append(Problem(place, f"'{year}' is no year", "leave the years of the run in place"))
        elif not isinstance(value, (int, float)) or not math.isfinite(value):
            problems.append(Problem(cell, f"the cap is '{value}'", "leave the run's path in place, as numbers"))
        else:
            cap[int(year)] = scale * float(value)
    if len(years) != len(values):
        problems.append(Problem(str(path), f"{len(years)} years and {len(values)} caps", "leave both rows whole"))
    return cap


def _lock(path, book, problems) -> str:
    names = [name for name in book.sheetnames if name.endswith(LOCK_SHEET)]
    if not names:
        problems.append(Problem(str(path), f"has no sheet that ends in '{LOCK_SHEET}'", "leave that sheet in place"))
        return ""
    lines = [row[0] for row in book[names[0]].iter_rows(min_row=_LOCK_ROW, max_col=1, values_only=True)]
    return "\n".join("" if text is None else str(text) for text in lines).rstrip("\n") + "\n"


def new_from_workbook(name: str, workbook: Path, folder: Path) -> Path:
    """Write the scenario `folder`/`name`.yaml of an edited desk; returns its path.

    It carries the weights as `carbon.allocation` and the run's own path of net CO2 as `carbon.national_cap` for years
    that statistics have not reached, so that the quotas divide what the desk divided.
    Raises InputError as `read_desk` and `scenario_from_lock` do.
    """
    found = read_desk(workbook)
    cap = {year: round(value, 4) + 0.0 for year, value in sorted(found.cap.items()) if year > LAST_LIVED}
    carbon = {
        "price": None, "provincial_caps": None, **({"national_cap": cap} if cap else {}),
        "allocation": {"weights": {rule: round(weight, 8) for rule, weight in found.weights.items()}},
    }
    return scenario_from_lock(name, found.lock, {"carbon": carbon}, folder, beside=Path(workbook).parent,
                              head=_HEAD.format(name=name.removesuffix(".yaml")))


_HEAD = """\
# Weights from an edited negotiation desk; the national cap is the path of net CO2 (Mt) that the desk divided.
# Quotas bind provinces where the programme chooses over all provinces and permits are not traded:
#   run_model.py run {name}.yaml --set technology.choice=optimise --set coupling.resolution=provincial \\
#     --set carbon.permit_trade=false
"""
