"""The sentences of reasons in Chinese (simplified)."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    "seen": "您已经看过{name}",
    "left-out": "未被推荐: 原因见 why-not",
    "boost": "根据规则优先推荐{name}",
    "source": "{said}",
    "liked-together": "因为您喜欢{via}: {people}位喜欢它的用户也喜欢{name}",
    "similar-to-liked": "与您喜欢的内容相似",
    "people-like-you": "适合与您相似的用户",
    "next": "与您经历相似的用户在{via}之后会选择它",
    "attribute-alike": "因为您喜欢{via}: {attribute}相似",
    "popular": "热门: {people}人喜欢",
    "popular-in": "{segment}热门: 当地{people}人喜欢",
    "popular-lately": "热门: 最近{days}天有{people}人选择",
    "nobody-yet": "新品: 还没有人评价",
    "trending": "上升中: 最近{days}天{people}人, 此前{before}人",
    "new": "新品",
    "new-in": "{value}新品",
    "new-shared": "新品, 与您喜欢的内容相似: {shared}",
    "new-near": "新品, 与您喜欢的内容相似",
    "new-explored": "新品: 供您探索",
    "exploration": "想知道您是否喜欢{name}",
    "also-bought": "{people}位购买{via}的用户也购买了它",
    "bought-after": "{people}位用户在{via}之后购买了它",
    "also-viewed": "{people}位浏览{via}的用户也浏览了它",
    "together": "与{via}搭配: {people}人同时选择",
    "alike": "与{via}相似",
    "alike-in": "与{via}相似: {value}",
    "recent": "您于{date}看过",
    "again": "您选择过{times}次, 约每{days}天一次: 预计{date}",
    "again-usual": "约每{days}天再次选择: 预计{date}",
    "pinned": "推荐",
}
