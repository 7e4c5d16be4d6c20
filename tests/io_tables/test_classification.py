"""Labels match through names, codes and synonyms; nothing matches by position and nothing is dropped."""

import csv
from pathlib import Path

import pandas as pd
import pytest

import io_tables.china_2020
from io_tables.classification import (
    HOUSEHOLDS,
    fuels,
    normalise,
    products,
    provinces,
    sectors,
    technologies,
)
from io_tables.errors import InputError
from io_tables.units import UNITS

FACTS = Path(io_tables.china_2020.__file__).parent
OUTSIDE = {"Hong Kong", "Hong_Kong", "HK", "Macau", "Taiwan"}


def test_sizes_are_those_of_the_official_lists():
    assert len(provinces()) == 31
    assert len(sectors()) == 42
    assert len(set(provinces().codes)) == 31
    assert [int(code) for code in sectors().codes] == list(range(1, 43))


@pytest.mark.parametrize("spelling", [
    "Inner Mongolia", "Inner_Mongolia", "InnerMongolia", "Innermonglia", "inner mongolia", "Nei Mongol", "Neimenggu",
    "内蒙古", "内蒙古自治区", "15", "NM", " Inner  Mongolia ", "内 蒙 古",
])
def test_every_spelling_of_inner_mongolia_is_found(spelling):
    assert provinces().key(spelling) == "Inner Mongolia"


def test_halves_of_inner_mongolia_are_refused_and_the_whole_is_suggested():
    with pytest.raises(InputError, match="Inner Mongolia"):
        provinces().key("East_Inner_Mongolia")


def test_shanxi_and_shaanxi_are_never_taken_for_each_other():
    assert provinces().key("山西") == "Shanxi" and provinces().key("陕西省") == "Shaanxi"
    with pytest.raises(InputError) as caught:
        provinces().key("Shanxy", "table.csv:3:1")
    message = str(caught.value)
    assert "'Shanxi' (山西)" in message and "'Shaanxi' (陕西)" in message and message.startswith("table.csv:3:1")


def test_full_width_letters_and_ideographic_spaces_are_folded():
    assert normalise("Ｈｅｂｅｉ\u3000省") == normalise("hebei省")
    assert provinces().key("Ｓｈａｎｄｏｎｇ") == "Shandong"


def test_all_unknown_labels_are_reported_at_once():
    with pytest.raises(InputError) as caught:
        provinces().match(["Hebei", "Atlantis", "Hunan", "Utopia"])
    assert len(caught.value.problems) == 2


def test_reordering_returns_positions_in_our_order():
    labels = list(reversed(provinces().names_zh))
    order = provinces().order(labels)
    assert [labels[k] for k in order] == list(provinces().names_zh)


def test_reordering_refuses_a_missing_and_a_doubled_province():
    labels = list(provinces().keys)
    labels[4] = "Hebei"
    with pytest.raises(InputError) as caught:
        provinces().order(labels)
    text = str(caught.value)
    assert "Hebei" in text and "more than once" in text
    assert "Inner Mongolia" in text and "missing" in text


def test_no_label_stands_for_two_keys():
    for classification in (provinces(), sectors(), fuels(), products(), technologies()):
        for key in classification.keys:
            assert classification.find(key) == key
            assert classification.find(classification.zh(key)) == key


def test_provinces_carry_the_regions_that_results_are_grouped_by():
    assert len(set(provinces().attribute("grid_region"))) == 7
    assert set(provinces().attribute("macro_region")) == {"East", "Central", "West", "Northeast"}
    north = {p for p, side in zip(provinces().keys, provinces().attribute("qinling_huaihe"), strict=True)
             if side == "north"}
    assert {"Beijing", "Shaanxi", "Xinjiang"} <= north and not {"Jiangsu", "Sichuan", "Tibet"} & north


def test_long_list_of_153_sectors_covers_the_42_once():
    with open(FACTS / "sector_concordance_153.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len({row["code_153"] for row in rows}) == len(rows) == 153
    assert set(sectors().match([row["sector"] for row in rows])) == set(sectors().keys)


def test_products_name_a_known_unit_and_the_sector_of_their_industry():
    codes = {row["code_153"]: row["sector"] for row in csv.DictReader(
        (FACTS / "sector_concordance_153.csv").read_text(encoding="utf-8").splitlines())}
    for key in products().keys:
        row = products().rows[key]
        assert row["unit"] in UNITS, key
        assert row["driver"] in {"output", "households", "endogenous"}, key
        if row["driver"] == "output":
            sector = sectors().key(row["sector"])
            assert {codes[code] for code in row["codes_153"].split(";")} == {sector}, key


def test_technologies_belong_to_a_product():
    for key in technologies().keys:
        product = technologies().rows[key]["product"]
        assert product == "" or product in products().keys, key
    assert [k for k in technologies().keys if not technologies().rows[k]["product"]] == ["dac"]


def test_households_are_no_sector():
    assert not set(HOUSEHOLDS) & set(sectors().keys)


def test_every_province_label_of_the_working_data_is_known(working_data):
    unknown = {}
    for path in sorted(working_data.rglob("*.csv")):
        header = pd.read_csv(path, nrows=0).columns
        columns = [c for c in header if c in ("province", "from", "to")]
        if columns:
            table = pd.read_csv(path, usecols=columns, dtype=str)
            for label in pd.unique(table[columns].to_numpy().ravel()):
                if pd.notna(label) and provinces().find(label) is None:
                    unknown.setdefault(label, path.name)
    # Halves of a province, other regions, and totals must not match a province.
    allowed = OUTSIDE | {"East_Inner_Mongolia", "West_Inner_Mongolia", "Export", "Mainland China"}
    assert set(unknown) <= allowed, unknown
