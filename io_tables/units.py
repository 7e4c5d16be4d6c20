"""The one table of units and conversions (E4, E13; GB/T 2589-2020 for coal equivalents).

Internal units: 10^8 yuan of 2020 at producers' prices, PJ, Mt, GW, TWh, Mt CO2, kt pollutants,
t toxics, million persons. The classic trap: 万吨 is 10^4 t = 0.01 Mt.
"""

from __future__ import annotations

from io_tables.errors import InputError, did_you_mean

#: Energy of one kilogram of standard coal (标准煤), GJ per tonne = PJ per Mt. GB/T 2589-2020.
PJ_PER_MTCE = 29.3076
#: Calorific content of electricity (电热当量法), PJ per TWh.
PJ_PER_TWH = 3.6

#: unit -> (dimension, factor to the internal unit of that dimension)
UNITS: dict[str, tuple[str, float]] = {
    # money, internal 10^8 yuan
    "1e8 yuan": ("money", 1.0), "亿元": ("money", 1.0), "10^8 yuan": ("money", 1.0),
    "CNY 100mn": ("money", 1.0), "1e4 yuan": ("money", 1e-4), "万元": ("money", 1e-4),
    "million yuan": ("money", 1e-2), "百万元": ("money", 1e-2), "yuan": ("money", 1e-8), "元": ("money", 1e-8),
    "billion yuan": ("money", 10.0), "10亿元": ("money", 10.0), "千元": ("money", 1e-5), "万亿元": ("money", 1e4),
    # energy, internal PJ
    "PJ": ("energy", 1.0), "EJ": ("energy", 1e3), "TJ": ("energy", 1e-3), "GJ": ("energy", 1e-6),
    "Mtce": ("energy", PJ_PER_MTCE), "1e4 tce": ("energy", PJ_PER_MTCE * 1e-2),
    "万吨标准煤": ("energy", PJ_PER_MTCE * 1e-2), "亿吨标准煤": ("energy", PJ_PER_MTCE * 1e2),
    "tce": ("energy", PJ_PER_MTCE * 1e-6), "吨标准煤": ("energy", PJ_PER_MTCE * 1e-6),
    "百亿千焦": ("energy", 1e-2), "万百万千焦": ("energy", 1e-2), "10^10 kJ": ("energy", 1e-2),
    # electricity, internal TWh
    "TWh": ("electricity", 1.0), "GWh": ("electricity", 1e-3), "MWh": ("electricity", 1e-6),
    "kWh": ("electricity", 1e-9),
    "亿千瓦时": ("electricity", 0.1), "亿千瓦小时": ("electricity", 0.1), "1e8 kWh": ("electricity", 0.1),
    "万千瓦时": ("electricity", 1e-5),
    # power, internal GW
    "GW": ("power", 1.0), "MW": ("power", 1e-3), "kW": ("power", 1e-6), "万千瓦": ("power", 1e-2),
    "亿千瓦": ("power", 100.0), "千瓦": ("power", 1e-6), "1e4 kW": ("power", 1e-2), "1e8 kW": ("power", 100.0),
    # mass, internal Mt (CO2, coal, products)
    "Mt": ("mass", 1.0), "kt": ("mass", 1e-3), "t": ("mass", 1e-6), "ton": ("mass", 1e-6), "吨": ("mass", 1e-6),
    "万吨": ("mass", 0.01), "1e4 t": ("mass", 0.01), "10000 tons": ("mass", 0.01), "亿吨": ("mass", 100.0),
    "Gt": ("mass", 1e3), "Mt CO2": ("mass", 1.0), "万吨CO2": ("mass", 0.01), "Mt CO2/yr": ("mass", 1.0),
    "GtCO2": ("mass", 1e3), "MtCO2": ("mass", 1.0),
    # plate glass: a weight case (重量箱, 2 mm x 10 m2) is 50 kg
    "万重量箱": ("mass", 5e-4), "million weight cases": ("mass", 0.05), "重量箱": ("mass", 5e-8),
    # vehicles, internal million
    "million": ("vehicles", 1.0), "million vehicles": ("vehicles", 1.0),
    "万辆": ("vehicles", 0.01), "辆": ("vehicles", 1e-6),
    # volume of gas, internal 10^8 m3
    "1e8 m3": ("gas volume", 1.0), "亿立方米": ("gas volume", 1.0), "bcm": ("gas volume", 10.0),
    # people, internal million persons
    "million persons": ("people", 1.0), "万人": ("people", 0.01), "1e4 persons": ("people", 0.01),
    "persons": ("people", 1e-6), "人": ("people", 1e-6), "亿人": ("people", 100.0),
    # transport, internal 10^9 tonne-km and passenger-km
    "1e9 tkm": ("freight", 1.0), "亿吨公里": ("freight", 0.1), "1e9 pkm": ("travel", 1.0), "亿人公里": ("travel", 0.1),
    # area, internal 10^6 m2
    "Mm2": ("area", 1.0), "万平方米": ("area", 0.01), "亿平方米": ("area", 100.0),
    "1": ("share", 1.0), "%": ("share", 0.01), "share": ("share", 1.0), "persons/person": ("share", 1.0),
    "hour": ("time", 1.0), "小时": ("time", 1.0), "h": ("time", 1.0),
}

#: What ministries read, for each internal dimension.
MINISTRY_UNITS = {
    "money": "亿元", "energy": "万吨标准煤", "electricity": "亿千瓦时", "power": "万千瓦", "mass": "万吨",
    "people": "万人",
}


def factor(source: str, target: str) -> float:
    """Multiplier from unit `source` to unit `target`.

    Energy and electricity convert into each other calorifically (3.6 PJ per TWh); the coal-equivalent
    convention is a heat rate, not a unit, and is never applied here.
    Raises InputError for an unknown unit (naming the nearest) or unlike dimensions.
    """
    for unit in (source, target):
        if unit not in UNITS:
            raise InputError(f"unknown unit '{unit}'; {did_you_mean(unit, UNITS)}")
    (from_dimension, a), (to_dimension, b) = UNITS[source], UNITS[target]
    if from_dimension == to_dimension:
        return a / b
    bridge = {("electricity", "energy"): PJ_PER_TWH, ("energy", "electricity"): 1 / PJ_PER_TWH}
    if (from_dimension, to_dimension) in bridge:
        return a * bridge[from_dimension, to_dimension] / b
    raise InputError(
        f"cannot convert '{source}' ({from_dimension}) to '{target}' ({to_dimension}); the dimensions differ"
    )


def convert(value, source: str, target: str):
    """`value` (number or array) in `source` units, expressed in `target` units."""
    return value * factor(source, target)
