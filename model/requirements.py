"""A dense requirement matrix split into large entries and a deferred rest (E11): M = M1 + dM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

CANDIDATE_COLUMNS = 40  # columns of an operator looked at when entries move into the programme
ROUNDING = 1e-12        # what is left of an entry after subtracting itself, relative to the largest


@dataclass(frozen=True)
class Operator:
    """A matrix known by its products, with its large entries written out.

    product(x (n,)) -> (m,); adjoint(y (m,)) -> (n,); large (m, n) sparse, a part of the matrix.
    written(columns) -> (rows, columns, values) writes whole columns out; without it products do.
    """

    shape: tuple[int, int]
    product: Callable[[np.ndarray], np.ndarray]
    adjoint: Callable[[np.ndarray], np.ndarray]
    large: sparse.sparray | sparse.spmatrix
    written: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]] | None = None

    def entries(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, columns and values of what stands in some columns."""
        if self.written is not None:
            return self.written(columns)
        block = np.zeros((self.shape[0], len(columns)))
        for place, j in enumerate(columns):
            unit = np.zeros(self.shape[1])
            unit[j] = 1.0
            block[:, place] = self.product(unit)
        rows, places = np.nonzero(block)
        return rows, np.asarray(columns)[places], block[rows, places]


class Split:
    """`kept` (m, n) sparse enters the programme; the rest is reached by products only."""

    def __init__(self, matrix, threshold: float, row_weight: np.ndarray, column_weight: np.ndarray):
        self.shape = tuple(matrix.shape)
        if isinstance(matrix, Operator):
            self.kept = sparse.csr_matrix(matrix.large)
            self._full, self._rest = matrix, None
            return
        weight = row_weight[:, None] / column_weight[None, :] if not sparse.issparse(matrix) else None
        if sparse.issparse(matrix):
            entries = sparse.coo_matrix(matrix)
            large = np.abs(entries.data) * row_weight[entries.row] / column_weight[entries.col] > threshold
            parts = [sparse.csr_matrix((entries.data[k], (entries.row[k], entries.col[k])), shape=self.shape)
                     for k in (large, ~large)]
            self.kept, self._rest = parts
        else:
            matrix = np.asarray(matrix, dtype=float)
            large = np.abs(matrix) * weight > threshold
            self.kept, self._rest = sparse.csr_matrix(np.where(large, matrix, 0.0)), np.where(large, 0.0, matrix)
        self._full = None

    def product(self, x: np.ndarray) -> np.ndarray:
        """The whole matrix times x."""
        return self._full.product(x) if self._rest is None else self.kept @ x + self._rest @ x

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """The whole transpose times y."""
        return self._full.adjoint(y) if self._rest is None else self.kept.T @ y + self._rest.T @ y

    def rest_product(self, x: np.ndarray) -> np.ndarray:
        """dM x."""
        return self._full.product(x) - self.kept @ x if self._rest is None else self._rest @ x

    def rest_adjoint(self, y: np.ndarray) -> np.ndarray:
        """dM' y."""
        return self._full.adjoint(y) - self.kept.T @ y if self._rest is None else self._rest.T @ y

    def loudest(self, change: np.ndarray, row_scale: np.ndarray, count: int):
        """The `count` deferred entries with the largest |dM_ij| |change_j| / row_scale_i.

        Returns rows, columns, values and that measure, largest first.
        """
        rows, columns, values = self._candidates(change)
        loud = np.abs(values) * np.abs(change[columns]) / row_scale[rows]
        top = np.argsort(-loud, kind="stable")[:count]
        top = top[loud[top] > 0.0]
        return rows[top], columns[top], values[top], loud[top]

    def _candidates(self, change):
        if self._rest is None:
            columns = np.argsort(-np.abs(change), kind="stable")[:CANDIDATE_COLUMNS]
            block = np.empty((self.shape[0], len(columns)))
            for place, j in enumerate(columns):
                unit = np.zeros(self.shape[1])
                unit[j] = 1.0
                block[:, place] = self.rest_product(unit)
            rows, places = np.nonzero(np.abs(block) > ROUNDING * np.abs(block).max(initial=0.0))
            return rows, columns[places], block[rows, places]
        if sparse.issparse(self._rest):
            entries = self._rest.tocoo()
            return entries.row, entries.col, entries.data
        rows, columns = np.nonzero(self._rest)
        return rows, columns, self._rest[rows, columns]

    def move(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        """Move deferred entries into `kept`."""
        moved = sparse.csr_matrix((values, (rows, columns)), shape=self.shape)
        self.kept = (self.kept + moved).tocsr()
        if self._rest is None:
            return
        if sparse.issparse(self._rest):
            self._rest = (self._rest - moved).tocsr()
            self._rest.eliminate_zeros()
        else:
            self._rest[rows, columns] = 0.0
