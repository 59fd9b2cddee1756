"""From attributes to features: a sparse matrix that a model can multiply.

What the columns mean is kept apart from the values, so that the features of a new node are in the
same columns as those that a model was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, AttributeValue, Vector, Vocabulary, encode
from graphrec.data import text_encoders as text
from graphrec.data.amounts import MAX_NUMBER
from graphrec.data.vector import stacked
from graphrec.errors import MissingExtra

FARTHEST = 10.0
"""Standard deviations from the mean beyond which a number counts as if it were at that place."""

OUTER = 10.0
"""Ranges of nine tenths of the values, beside these, beyond which one has no say in the mean and
the deviation either: an ordinary value is never that far out."""

FEW = 20
"""Values that are too few to say what is ordinary."""

BUCKETS = 8
"""Of a number, each with an equal share of the nodes: effects need not rise or fall with it."""


@dataclass(frozen=True)
class NumberColumns:
    """Two columns, the standardised value and whether it is known, and one of each bucket."""

    mean: float
    deviation: float
    edges: tuple[float, ...] = ()
    """Between buckets, ascending; a value at an edge is in the upper one."""

    def matrix(self, values: tuple[AttributeValue, ...]) -> sparse.csr_array:
        """[N, F]; zeros where the value is missing."""
        return sparse.csr_array(self._dense(values))

    def row(self, value: AttributeValue) -> NDArray[np.float32]:
        """The same of one node [F]."""
        return self._dense((value,))[0]

    def _dense(self, values: tuple[AttributeValue, ...]) -> NDArray[np.float32]:
        value = _numbers(values)
        known = np.isfinite(value)
        standard = np.where(known, _bounded((value - self.mean) / self.deviation), 0)
        columns = [standard, known]
        if self.edges:
            bucket = np.searchsorted(self.edges, value, side="right")
            columns += [known & (bucket == b) for b in range(len(self.edges) + 1)]
        return np.stack(columns, 1).astype(np.float32)


@dataclass(frozen=True)
class WordColumns:
    """A column of each category or tag: 1 where the node has it."""

    words: Vocabulary

    def matrix(self, values: tuple[AttributeValue, ...]) -> sparse.csr_array:
        """[N, F]; words that are not among the columns are left out."""
        found = [self._columns(value) for value in values]
        row = np.repeat(np.arange(len(values)), [len(columns) for columns in found])
        column = np.array([c for columns in found for c in columns], np.int32)
        shape = (len(values), len(self.words))
        return sparse.csr_array((np.ones(len(row), np.float32), (row, column)), shape)

    def row(self, value: AttributeValue) -> NDArray[np.float32]:
        """The same of one node [F]."""
        row = np.zeros(len(self.words), np.float32)
        row[self._columns(value)] = 1
        return row

    def _columns(self, value: AttributeValue) -> list[int]:
        return [self.words.rows[word] for word in set(_words(value)) if word in self.words]


@dataclass(frozen=True)
class TextColumns:
    """The vector of a text, each dimension standardised and divided by √D.

    So it is about as long as the one-hot vector of a category.
    """

    encoder: text.Name
    mean: tuple[float, ...]  # [D]
    deviation: tuple[float, ...]  # [D]

    @classmethod
    def of(cls, encoder: text.Name, values: tuple[AttributeValue, ...]) -> TextColumns | None:
        """Of the texts among the values; None without any. Raises MissingExtra."""
        written = [str(value) for value in values if _is_text(value)]
        if not written:
            return None
        vectors = text.embed(encoder, written).astype(np.float64)
        deviation = vectors.std(axis=0)
        deviation[deviation == 0] = 1.0
        return cls(encoder, tuple(vectors.mean(axis=0).tolist()), tuple(deviation.tolist()))

    def matrix(self, values: tuple[AttributeValue, ...]) -> sparse.csr_array:
        """[N, D]; zeros where there is no text, or no encoder in this process."""
        return sparse.csr_array(self._dense(values))

    def row(self, value: AttributeValue) -> NDArray[np.float32]:
        """The same of one node [D]."""
        return self._dense((value,))[0]

    def _dense(self, values: tuple[AttributeValue, ...]) -> NDArray[np.float32]:
        dense = np.zeros((len(values), len(self.mean)), np.float32)
        rows = [row for row, value in enumerate(values) if _is_text(value)]
        if rows:
            try:
                vectors = text.embed(self.encoder, [str(values[row]) for row in rows])
            except MissingExtra:  # training would have raised it: this process serves without it
                return dense
            dense[rows] = _standard(vectors, self.mean, self.deviation)
        return dense


@dataclass(frozen=True)
class VectorColumns:
    """The vectors that a node brings, as a block: normalised as those of texts are."""

    mean: tuple[float, ...]  # [D]
    deviation: tuple[float, ...]  # [D]

    @classmethod
    def of(cls, values: tuple[AttributeValue, ...]) -> VectorColumns | None:
        """Of the vectors among the values; None without any."""
        given = [value for value in values if isinstance(value, Vector)]
        if not given:
            return None
        vectors = _ordinary(np.stack([value.array for value in given]).astype(np.float64))
        deviation = vectors.std(axis=0)
        deviation[deviation == 0] = 1.0
        return cls(tuple(vectors.mean(axis=0).tolist()), tuple(deviation.tolist()))

    def matrix(self, values: tuple[AttributeValue, ...]) -> sparse.csr_array:
        """[N, D]; zeros where there is no vector of this length."""
        return sparse.csr_array(self._dense(values))

    def row(self, value: AttributeValue) -> NDArray[np.float32]:
        """The same of one node [D]."""
        return self._dense((value,))[0]

    def _dense(self, values: tuple[AttributeValue, ...]) -> NDArray[np.float32]:
        vectors = stacked(values, len(self.mean))
        return np.nan_to_num(_standard(vectors, self.mean, self.deviation)).astype(np.float32)


@dataclass(frozen=True)
class FeatureSpace:
    """What the columns of a feature matrix mean, by attribute."""

    columns: Mapping[str, NumberColumns | WordColumns | TextColumns | VectorColumns]

    @classmethod
    def of(
        cls, attributes: Mapping[str, Attribute], texts: Mapping[str, text.Name] | None = None
    ) -> FeatureSpace:
        """The columns that tell these nodes apart.

        `texts` are the attributes to embed as texts, by name, with their encoders; other texts are
        left out. Raises MissingExtra where the package of an encoder is not installed.
        """
        found = {
            name: TextColumns.of(texts[name], attribute.values)
            if texts and name in texts
            else _columns(attribute)
            for name, attribute in sorted(attributes.items())
        }
        return cls({name: columns for name, columns in found.items() if columns is not None})

    def matrix(self, attributes: Mapping[str, Attribute], count: int) -> sparse.csr_array:
        """The attributes of `count` nodes as float32 [count, F], by attribute name.

        What is missing gives zeros, and so does what is of another kind than it was.
        """
        nothing: tuple[AttributeValue, ...] = (None,) * count
        return self._matrix(
            {
                name: attributes[name].values if name in attributes else nothing
                for name in self.columns
            },
            count,
        )

    def rows(self, nodes: Sequence[Mapping[str, AttributeValue]]) -> sparse.csr_array:
        """The same as `matrix` of N nodes, each with its own values by attribute name [N, F]."""
        values = {name: tuple(node.get(name) for node in nodes) for name in self.columns}
        return self._matrix(values, len(nodes))

    def _matrix(
        self, values: Mapping[str, tuple[AttributeValue, ...]], count: int
    ) -> sparse.csr_array:
        blocks = [columns.matrix(values[name]) for name, columns in self.columns.items()]
        if not blocks:
            return sparse.csr_array(np.empty((count, 0), np.float32))
        return sparse.csr_array(sparse.hstack(blocks, format="csr", dtype=np.float32))

    def row(self, values: Mapping[str, AttributeValue]) -> NDArray[np.float32]:
        """The values of one node as a row of `matrix` [F], without the cost of sparse arrays."""
        blocks = [columns.row(values.get(name)) for name, columns in self.columns.items()]
        return np.concatenate([np.empty(0, np.float32), *blocks])


def feature_matrix(attributes: Mapping[str, Attribute], count: int) -> sparse.csr_array:
    """The attributes of `count` nodes as float32 [count, F], in columns of their own.

    `number`: the value less the mean over the standard deviation (0 where missing), whether it is
    known, and one-hot BUCKETS. `category`: one-hot. `tags`: multi-hot. A missing category or empty
    tags give zeros. `vector`: a block of its dimensions, standardised. `text` is kept for display
    and gives none.
    """
    return FeatureSpace.of(attributes).matrix(attributes, count)


def _columns(attribute: Attribute) -> NumberColumns | WordColumns | VectorColumns | None:
    if attribute.kind == "text":
        return None
    if attribute.kind == "vector":
        return VectorColumns.of(attribute.values)
    if attribute.kind == "number":
        value = _numbers(attribute.values)
        value = value[np.isfinite(value)]
        if not len(value):
            return None
        usual = _ordinary(value)
        return NumberColumns(float(usual.mean()), float(usual.std()) or 1.0, _edges(value))
    words, _ = encode([word for value in attribute.values for word in _words(value)])
    return WordColumns(words) if len(words) else None


def _ordinary(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values [N] or [N, D], those that are far out brought in, so that no row bends the others."""
    if len(values) < FEW:
        return values
    low = np.quantile(values, 0.05, axis=0, method="higher")
    high = np.quantile(values, 0.95, axis=0, method="lower")
    most = OUTER * np.maximum(high - low, 0)
    # Where nearly all values are the same, there is no range to go by.
    most = np.where(most > 0, most, np.inf)
    return np.clip(values, low - most, high + most)


def _edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    """The distinct quantiles; none where all values are the same."""
    cuts = np.quantile(values, np.linspace(0, 1, BUCKETS + 1)[1:-1], method="higher")
    return tuple(float(cut) for cut in np.unique(cuts) if cut > values.min())


def _numbers(values: tuple[AttributeValue, ...]) -> NDArray[np.float64]:
    """NaN where a value is missing or not a number."""
    found = np.array([v if isinstance(v, int | float) else np.nan for v in values], np.float64)
    # Within bounds, so that sums of squares stay finite.
    return np.where(np.isfinite(found), np.clip(found, -MAX_NUMBER, MAX_NUMBER), np.nan)


def _is_text(value: AttributeValue) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _words(value: AttributeValue) -> tuple[str, ...]:
    if value is None or isinstance(value, Vector):
        return ()
    return value if isinstance(value, tuple) else (str(value),)


def _standard(
    vectors: NDArray[np.floating], mean: tuple[float, ...], deviation: tuple[float, ...]
) -> NDArray[np.float64]:
    """Vectors [N, D], each dimension standardised and divided by √D."""
    standard = _bounded((vectors - np.array(mean)) / np.array(deviation))
    return standard / np.sqrt(len(mean))


def _bounded(standard: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standardised values, so that no one node bends the vectors of its neighbours."""
    return np.clip(standard, -FARTHEST, FARTHEST)
