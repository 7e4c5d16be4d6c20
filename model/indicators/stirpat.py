"""STIRPAT: impact as a power law of its drivers, by least squares or ridge regression against collinearity.

ln I = a + b ln P + c ln A + d ln T + e  (Dietz and Rosa 1997; York, Rosa and Dietz 2003). Drivers of a growing
economy move together, so least squares is unstable; ridge regression (Hoerl and Kennard 1970) shrinks

    min |y - b0 - Z b|^2 + k |b|^2,   Z the drivers standardised to mean 0 and variance 1 (division by N),

with the intercept unpenalised. In the correlation form (R + k' I) b = r of some packages k' = k / N.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from io_tables.arrays import numbers
from io_tables.errors import InputError, Problem

#: Variance inflation above which a coefficient counts as unstable.
WORST_VIF = 10.0


@dataclass(frozen=True)
class Regression:
    """A fitted regression of N observations on p drivers; coefficients in the original units of X and y."""

    coefficients: np.ndarray  #: (p,)
    intercept: float
    vif: np.ndarray  #: (p,) variance inflation at this penalty (Marquardt 1970); the classic VIF at penalty 0
    penalty: float
    standard_errors: np.ndarray  #: (p,) of the coefficients; with a penalty they leave out the shrinkage (bias)
    residual_variance: float  #: sum of squares over the degrees of freedom left
    degrees_of_freedom: float  #: N - 1 - effective number of drivers
    r_squared: float
    mean: np.ndarray  #: (p,) of X
    scale: np.ndarray  #: (p,) standard deviation of X
    observations: int
    shape: np.ndarray  #: (p, p) covariance of the standardised coefficients over the residual variance

    @property
    def t_values(self) -> np.ndarray:
        """(p,) coefficients over their standard errors."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> np.ndarray:
        """(p,) two-sided; exact for least squares with normal errors, indicative with a penalty."""
        return 2.0 * stats.t.sf(np.abs(self.t_values), self.degrees_of_freedom)

    def predict(self, X, *, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Prediction, lower and upper bound (m,) of new observations X (m, p).

        The interval holds the noise of one observation and the variance of the coefficients, not the bias of a
        penalty nor the error of the form; it widens away from the sample's mean.
        """
        X = numbers("X", X)
        if X.ndim != 2 or X.shape[1] != self.mean.size or not np.isfinite(X).all() or not 0 < confidence < 1:
            raise InputError(f"X has shape {X.shape}; expected finite (m, {self.mean.size}) and a confidence in 0..1")
        Z = (X - self.mean) / self.scale
        centre = self.intercept + X @ self.coefficients
        spread = 1.0 + 1.0 / self.observations + np.einsum("ij,jk,ik->i", Z, self.shape, Z)
        half = stats.t.ppf(0.5 + confidence / 2, self.degrees_of_freedom) * np.sqrt(self.residual_variance * spread)
        return centre, centre - half, centre + half


def ridge(y, X, penalty: float, *, names: Sequence[str] | None = None) -> Regression:
    """Ridge regression of y (N,) on X (N, p); X is standardised inside, the intercept is not penalised.

    penalty : k >= 0 above; 0 is least squares. names : of the p drivers, for messages.
    Raises InputError for shapes, numbers that are not finite, a constant driver, fewer observations than
    p + 2, or drivers that are exactly collinear at penalty 0.
    """
    y, Z, mean, scale = _standardised(y, X, names)
    if not (np.isfinite(penalty) and penalty >= 0):
        raise InputError(Problem("penalty", f"{penalty}", "expected a number >= 0"))
    N, p = Z.shape
    values, vectors = _spectrum(Z)
    if penalty == 0 and values[0] <= 1e-12 * values[-1]:
        mixed = [k for k in range(p) if abs(vectors[k, 0]) > 1e-6]
        listed = ", ".join(_name(names, k) for k in mixed)
        raise InputError(Problem("X", f"{listed} are exactly collinear", "leave one out or use a penalty"))
    shrunk = 1.0 / (values + penalty)
    standardised = vectors @ (shrunk * (vectors.T @ (Z.T @ (y - y.mean()))))
    shape = (vectors * (values * shrunk**2)) @ vectors.T
    coefficients = standardised / scale
    intercept = float(y.mean() - mean @ coefficients)
    residual = y - y.mean() - Z @ standardised
    left = N - 1 - float((values * shrunk).sum())
    variance = float(residual @ residual) / left
    around = float(((y - y.mean()) ** 2).sum())
    return Regression(
        coefficients, intercept, N * np.diagonal(shape), float(penalty), np.sqrt(variance * np.diagonal(shape)) / scale,
        variance, left, 1.0 - float(residual @ residual) / around if around else 0.0, mean, scale, N, shape,
    )


def ols(y, X, *, names: Sequence[str] | None = None) -> Regression:
    """Ordinary least squares with the variance inflation of each driver; arguments and errors as :func:`ridge`."""
    return ridge(y, X, 0.0, names=names)


@dataclass(frozen=True)
class RidgeTrace:
    """Standardised coefficients and variance inflation along penalties (m,)."""

    penalties: np.ndarray
    coefficients: np.ndarray  #: (m, p) of the standardised drivers
    vif: np.ndarray  #: (m, p)


def ridge_trace(y, X, penalties, *, names: Sequence[str] | None = None) -> RidgeTrace:
    """How coefficients settle as the penalty grows; one decomposition serves all penalties. Errors as `ridge`."""
    y, Z, _, _ = _standardised(y, X, names)
    k = numbers("penalties", penalties)
    values, vectors = _spectrum(Z)
    if k.ndim != 1 or not (np.isfinite(k) & (k >= 0)).all() or (k.min(initial=1.0) == 0 and values[0] <= 0):
        raise InputError("penalties: expected numbers >= 0 (> 0 when drivers are collinear)")
    shrunk = 1.0 / (values + k[:, None])
    coefficients = (shrunk * (vectors.T @ (Z.T @ (y - y.mean())))) @ vectors.T
    return RidgeTrace(k, coefficients, len(Z) * (values * shrunk**2) @ (vectors**2).T)


def smallest_penalty(y, X, *, worst: float = WORST_VIF, names: Sequence[str] | None = None) -> float:
    """The smallest penalty at which every variance inflation is below `worst`; 0 when none is needed.

    Each VIF falls with the penalty, so bisection finds it to a relative 1e-12. Errors as :func:`ridge`.
    """
    if not worst > 0:
        raise InputError(f"worst: {worst}; expected a positive number")
    _, Z, _, _ = _standardised(y, X, names)
    values, vectors = _spectrum(Z)

    def largest(k):
        total = values + k
        if (total <= 0).any():
            return np.inf
        return (len(Z) * (values / total**2) @ (vectors**2).T).max()

    if largest(0.0) < worst:
        return 0.0
    low, high = 0.0, 1.0
    while largest(high) >= worst:
        low, high = high, 2.0 * high
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if largest(middle) >= worst else (low, middle)
    return high


def stirpat(impact, drivers: Mapping[str, object], *, penalty: float | None = None) -> Regression:
    """Elasticities of an impact (N,) to its drivers, name -> (N,): the regression of logarithms.

    penalty : None takes the smallest with every VIF below 10. Predict with logarithms of the drivers; the
    exponential of a prediction is a median, and elasticities of the past need not hold decades ahead.
    Raises InputError for values that are not positive and as :func:`ridge`.
    """
    names = tuple(drivers)
    columns = {"impact": numbers("impact", impact), **{n: numbers(n, d) for n, d in drivers.items()}}
    wrong = [Problem(name, "not positive, so it has no logarithm") for name, v in columns.items() if not (v > 0).all()]
    wrong += [Problem(name, f"shape {v.shape}", f"impact has {columns['impact'].shape}")
              for name, v in columns.items() if v.shape != columns["impact"].shape]
    if wrong or not names:
        raise InputError(wrong or "no drivers")
    y, X = np.log(columns["impact"]), np.log(np.column_stack([columns[n] for n in names]))
    return ridge(y, X, smallest_penalty(y, X, names=names) if penalty is None else penalty, names=names)


def _standardised(y, X, names):
    """y (N,), Z (N, p), mean and scale (p,)."""
    y, X = numbers("y", y), numbers("X", X)
    if X.ndim != 2 or y.shape != X.shape[:1] or not X.shape[1]:
        raise InputError(f"y has shape {y.shape}, X {X.shape}; expected (N,) and (N, p)")
    N, p = X.shape
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise InputError("y or X holds a number that is not finite")
    if N < p + 2:
        raise InputError(f"{N} observations for {p} drivers and an intercept; at least {p + 2} are needed")
    mean, scale = X.mean(axis=0), X.std(axis=0)
    flat = [Problem(_name(names, k), "does not vary") for k in np.flatnonzero(scale <= 1e-14 * np.abs(mean))]
    if flat:
        raise InputError(flat)
    return y, (X - mean) / scale, mean, scale


def _spectrum(Z):
    """Eigenvalues (rising, >= 0) and eigenvectors of Z'Z, from Z itself."""
    _, singular, rows = np.linalg.svd(Z, full_matrices=False)
    return singular[::-1] ** 2, rows[::-1].T


def _name(names, position):
    return f"X[:, {position}]" if names is None else str(names[position])
