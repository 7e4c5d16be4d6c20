"""Out-of-sample scores of the base-year recipes against real tables (E1-E6)."""

from calibration.validation.score import Score

__all__ = ["Score"]
