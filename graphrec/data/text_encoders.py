"""Texts as vectors, by one of several encoders, so that models can learn from them.

An encoder is a function of texts that needs neither training nor a network. `wordllama` knows the
meaning of words: the mean of the word vectors of a language model, 256 of them in 16 MB that its
package ships. `hashing` knows only which words there are (Weinberger et al., "Feature Hashing for
Large Scale Multitask Learning", ICML 2009), and needs no package.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import MissingExtra

Name: TypeAlias = Literal["wordllama", "hashing"]

HASHED = 256
"""Dimensions of `hashing`."""


def embed(encoder: Name, texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of N texts [N, D]. Raises MissingExtra where its package is not installed."""
    return ENCODERS[encoder](texts)


def _hashing(texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = np.zeros((len(texts), HASHED), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for word in re.findall(r"\w+", text.lower()):
            number = zlib.crc32(word.encode())
            vector[number % HASHED] += 1 if number >> 31 else -1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)


def _wordllama(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.asarray(_wordllama_model().embed(list(texts), norm=True), np.float32)


@cache
def _wordllama_model() -> Any:
    try:
        import wordllama
    except ImportError as error:
        raise MissingExtra("text encoder 'wordllama'", "wordllama", "text") from error
    # It looks for its own tokenizer in the cache, and else on the network.
    shipped = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=shipped, disable_download=True)


ENCODERS: Mapping[Name, Callable[[Sequence[str]], NDArray[np.float32]]] = {
    "wordllama": _wordllama,
    "hashing": _hashing,
}
"""By the name in the settings and in snapshots."""
