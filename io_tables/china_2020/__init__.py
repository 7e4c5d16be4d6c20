"""The embedded base year 2020 and the fact tables behind it."""
