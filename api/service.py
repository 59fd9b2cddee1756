"""All that the process has, opened once and closed once.

    async with open_service(settings, "sqlite:///graphrec.db") as service:
        ...

The application has it in one slot, `app.state.service`, and everything reads it from there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Hashable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, TypeAlias, TypeVar

import numpy as np
from fastapi import Depends, Request
from graphrec.api.errors import NoStore
from graphrec.api.list_cache import Key, ListCache, WrittenList
from graphrec.api.live.engine import Engine
from graphrec.api.live.events import EventWriter
from graphrec.api.live.experiments import Chosen, Experiments
from graphrec.api.live.exposures import ExposureLog
from graphrec.api.live.feed import Feed
from graphrec.api.live.forgetter import Forgetter
from graphrec.api.live.new_items import NewItemLists
from graphrec.api.live.policies import Policies
from graphrec.api.live.setting_names import SettingNames
from graphrec.api.live.store import RETRY_SECONDS, LiveStore
from graphrec.api.live.streaming import Consuming, StreamReader
from graphrec.api.metrics import Gauges, Metrics
from graphrec.api.middleware.admission import Admission
from graphrec.api.middleware.keys import Keyring
from graphrec.api.middleware.limits import RateLimit
from graphrec.api.middleware.site import Site
from graphrec.api.online.lists import SharedLists
from graphrec.api.online.new_items import SharedNewItemLists
from graphrec.api.online.rate import SharedRate
from graphrec.api.online.shared import EVENTS as NEWS_OF_EVENTS
from graphrec.api.online.shared import SNAPSHOTS, News, Shared, shared_of
from graphrec.api.peers import Peers
from graphrec.api.schemas.fields import id_in_path
from graphrec.api.stream_metrics import StreamMetrics
from graphrec.api.tracing import Tracing, open_tracing
from starlette.concurrency import run_in_threadpool

from graphrec.errors import SettingsError
from graphrec.experiment.definition import RECOMMENDATIONS, snapshots_of
from graphrec.recommend.effort import MUCH, effort
from graphrec.recommend.query import Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.place import fetched_folder
from graphrec.snapshot.registry import load
from graphrec.snapshot.snapshot import history_rows
from graphrec.snapshot.types import types_of
from graphrec.snapshot.view import View
from graphrec.stages import stage
from graphrec.store import open_store
from graphrec.store.delta import events_by_user

EVENTS = "kinds, as_of or a rule of shared_by needs the events of a user"

Result = TypeVar("Result")

RequestLog: TypeAlias = Callable[..., Any]
"""Called with the name of an event and its fields."""


@dataclass(frozen=True)
class LiveGraph:
    """The graph store, and what reads and writes it."""

    store: LiveStore
    feed: Feed
    writer: EventWriter
    forgetter: Forgetter
    stream: StreamReader | None = None
    """None where `stream.url` is not set, or another worker reads the stream."""


@dataclass(frozen=True)
class Service:
    """All that the process has."""

    settings: Settings
    engine: Engine
    """The recommenders of the snapshots that serve."""
    experiments: Experiments
    graph: LiveGraph | None
    """None in a service that was started without a graph store."""
    names: SettingNames
    """What the settings name, looked up in what serves."""
    lists: ListCache
    exposures: ExposureLog | None
    """None where `serve.exposures` is not set."""
    metrics: Metrics
    keyring: Keyring
    rate: RateLimit | SharedRate | None
    """None where `serve.rate` is not set."""
    site: Site
    admission: Admission
    """Turns for what reads."""
    log: RequestLog | None
    """Gets a line for each request."""
    rng: np.random.Generator
    """Draws the exploration of lists."""
    new_items: NewItemLists
    """In how many lists each was."""
    policies: Policies
    """What chooses actions; none where the settings have none."""
    peers: Peers | None = None
    """The other workers; None where this process is the only one."""
    online: Shared | None = None
    """What replicas share; None where `online.url` is not set."""
    shared_lists: SharedLists | None = None
    """Lists that other replicas made."""
    tracing: Tracing | None = None
    """None where `serve.traces` is not set."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the process has been asked to stop."""

    async def seconds_until(self, client: str) -> float:
        """Seconds until a client may ask again; 0: it may now, and that is counted."""
        now = time.monotonic()
        if isinstance(self.rate, SharedRate):
            return await self.rate.wait(client, now)
        return 0.0 if self.rate is None else self.rate.wait(client, now)

    def recommender_for(self, user: str | None) -> Recommender:
        """That of the canary for its share of users, else the current one; raises NotReady."""
        return self.engine.recommender_for(user)

    def edition_of(self, user: str, view: View) -> Hashable:
        """Changes whenever something is written that may change a list of a user from a view."""
        row, vectors = view.row(user), view.snapshot.embeddings
        if row is None or vectors is None or vectors.friends is None:
            return view.delta.edition_of(user)
        # The messages of friends are in the vector of the user.
        friends = history_rows(vectors.friends, row).tolist()
        near = (user, *(view.snapshot.users.ids[friend] for friend in friends))
        return tuple(view.delta.edition_of(each) for each in near)

    async def context(self, query: Query) -> Context:
        """What holds beside the view; all events of the user, where the query needs them.

        Raises NoStore and StoreAway.
        """
        now, crowded = time.time_ns() // 1_000_000, self.new_items.full
        if not query.needs_events:
            tried, shown = self.policies.tried, self.policies.shown_to(query.user)
            return Context(now, crowded=crowded, rng=self.rng, tried=tried, shown=shown)
        graph, user = self.require_graph(EVENTS), query.user or ""
        events = await graph.store.run(
            lambda store: events_by_user(store.user_events(user)).get(user, ())
        )
        shown = self.policies.shown_to(user)
        return Context(now, events, crowded, self.rng, self.policies.tried, shown)

    async def compute(
        self, view: View, query: Query, context: Context, work: Callable[[], Result]
    ) -> Result:
        """What `work` returns for a query: where it is much, beside the others, in a thread."""
        with stage("list"):
            if effort(view, query, context) < MUCH:
                return work()
            return await run_in_threadpool(work)

    def keep(self, key: Key, written: WrittenList, view: View) -> None:
        """Keep a list, unless it holds new items whose lists are counted."""
        if self.new_items.limited and view.items.has_new(written.items):
            return
        packed = self.lists.keep(key, written)
        if packed is not None and self.shared_lists is not None:
            self.shared_lists.keep(key, packed, view)

    async def kept(self, key: Key, view: View) -> WrittenList | None:
        """The list of a key, where it is kept here or another replica has made it."""
        found = self.lists.get(key)
        if found is None and self.shared_lists is not None:
            found = await self.shared_lists.get(key, view)
            if found is not None:
                self.lists.keep(key, found)
        return found

    def forget_lists(self, user: str) -> None:
        """Drop the lists of a user, here and for the other replicas."""
        self.lists.forget(user)
        if self.shared_lists is not None:
            self.shared_lists.forget(user)

    def require_graph(self, why: str, field: str | None = None) -> LiveGraph:
        """The graph store; raises NoStore, which says `why` it is needed."""
        if self.graph is None:
            raise NoStore(why, field)
        return self.graph


@asynccontextmanager
async def open_service(
    settings: Settings,
    store: str | None = None,
    *,
    keyring: Keyring | None = None,
    retry_seconds: float = 5,
    log: RequestLog | None = None,
    peers: Peers | None = None,
) -> AsyncIterator[Service]:
    """The service of the snapshots in `settings.snapshots`, for as long as the context lasts.

    It opens with or without a snapshot: until one can be loaded, which is tried every
    `retry_seconds`, it is not ready, and gives the reason. When another snapshot becomes current,
    it serves that one. `store` is the URL of a graph store; where it does not answer, which is
    tried as often, all else goes on. `peers` are the other workers, if there are any. Raises
    SettingsError where the file of keys cannot be read, or a class that the settings name cannot be
    imported.
    """
    keyring = Keyring(settings.serve.keys) if keyring is None else keyring
    metrics, types = Metrics(), types_of(settings)
    lists = ListCache(round(settings.serve.cache_mib * 2**20))

    def wanted() -> Collection[str]:
        return snapshots_of(settings.experiments, time.time_ns() // 1_000_000)

    folder, fetch = fetched_folder(settings.snapshots, settings.cache, wanted)
    engine = Engine(
        folder,
        lambda version: Recommender.serving(load(folder, version, types=types), settings),
        retry_seconds,
        metrics.loaded,
        lists,
        wanted,
        fetch,
    )
    log_folder = settings.serve.exposures
    exposures = None if log_folder is None else ExposureLog(log_folder, metrics)
    graph = None if store is None else _graph(settings, store, engine, exposures, retry_seconds)
    if settings.stream.url is not None and (peers is None or peers.number == 1):
        graph = _streaming(settings, store, graph, metrics, retry_seconds)
    shared = shared_of(settings.online)
    rate = RateLimit.of(settings.serve.rate, settings.serve.burst)
    most_new = settings.retrieval.new_items_per_hour
    new_items = NewItemLists(most_new)
    if shared is not None:
        new_items = SharedNewItemLists(most_new, shared)
        _listen(shared, engine, None if graph is None else graph.feed)
    names = SettingNames(settings)
    live = None if graph is None else graph.store
    policies = Policies(settings, engine, live)
    metrics.registry.register(Gauges(metrics, engine, live, names))
    service = Service(
        settings,
        engine,
        Experiments(settings.experiments, engine),
        graph,
        names,
        lists,
        exposures,
        metrics,
        keyring,
        rate if rate is None or shared is None else SharedRate(rate, shared),
        Site.of(settings.serve),
        Admission(settings.serve.concurrent_lists, settings.serve.max_wait_ms / 1000),
        log,
        np.random.default_rng(),
        new_items,
        policies,
        peers,
        shared,
        None if shared is None else SharedLists(shared, settings),
        open_tracing() if settings.serve.traces else None,
    )
    # Once before the first request, so that a server that listens is ready if it can be.
    await engine.update()
    async with AsyncExitStack() as stack:
        if service.tracing is not None:
            stack.push_async_callback(run_in_threadpool, service.tracing.close)
        if graph is not None:
            stack.push_async_callback(graph.store.close)
        if exposures is not None:
            stack.push_async_callback(_finish, exposures, asyncio.create_task(exposures.follow()))
        if shared is not None:
            stack.push_async_callback(shared.close)
            stack.push_async_callback(_cancel, asyncio.create_task(shared.follow()))
        _run_until_closed(stack, engine.watch(), keyring.watch())
        if graph is not None:
            _run_until_closed(stack, graph.store.watch())
            await graph.feed.begin()
            _run_until_closed(stack, graph.feed.follow())
            if graph.stream is not None:
                stack.push_async_callback(_cancel, asyncio.create_task(graph.stream.follow()))
        if policies.learns:
            _run_until_closed(stack, policies.watch())
        if policies.learns and exposures is not None and graph is not None:
            _run_until_closed(stack, policies.follow())
        # After the store was read: what it holds since the snapshot is known, too.
        _run_until_closed(stack, names.watch(engine))
        if peers is not None:
            await stack.enter_async_context(peers.tell(metrics.registry))
        yield service


def _graph(
    settings: Settings,
    url: str,
    engine: Engine,
    exposures: ExposureLog | None,
    retry_seconds: float,
) -> LiveGraph:
    open_ = partial(
        open_store,
        url,
        settings.kinds,
        settings.neo4j,
        create=False,
        retry_seconds=RETRY_SECONDS,
    )
    store = LiveStore(open_, url, retry_seconds)
    feed = Feed(store, engine, settings.kinds)
    engine.adopt = feed.adopt
    forgetter = Forgetter(store, feed, engine, exposures, settings)
    return LiveGraph(store, feed, EventWriter(store, feed, settings.kinds), forgetter)


def _streaming(
    settings: Settings,
    store: str | None,
    graph: LiveGraph | None,
    metrics: Metrics,
    retry_seconds: float,
) -> LiveGraph:
    """The graph with the stream that is read into it; raises SettingsError where there is none."""
    if store is None or graph is None:
        raise SettingsError(
            "stream.url is set, and the service has no graph store: expected one to read the "
            "stream into; name it with --store, or leave stream.url out"
        )
    consuming = Consuming(settings, store, settings.snapshots)
    counting = StreamMetrics(metrics.registry)
    return replace(graph, stream=StreamReader(consuming, graph.feed, counting, retry_seconds))


def _listen(shared: Shared, engine: Engine, feed: Feed | None) -> None:
    """Tell the other replicas of what is written and changed here, and hear of theirs."""

    def news(of: News) -> None:
        if of == SNAPSHOTS:
            engine.look()
        elif feed is not None:
            feed.look()

    shared.news = news
    engine.tell = partial(shared.tell, SNAPSHOTS)
    if feed is not None:
        feed.tell = partial(shared.tell, NEWS_OF_EVENTS)
        feed.notified = lambda: shared.reason is None


async def _cancel(task: asyncio.Task[None]) -> None:
    """Wait for the end of what is cancelled."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _run_until_closed(stack: AsyncExitStack, *work: Coroutine[Any, Any, None]) -> None:
    for each in work:
        stack.callback(asyncio.create_task(each).cancel)


async def _finish(exposures: ExposureLog, writing: asyncio.Task[None]) -> None:
    exposures.stop()
    await writing


async def service_of(request: Request) -> Service:
    """The service of the application that a request came to."""
    service: Service = request.app.state.service
    return service


async def ready(request: Request) -> Recommender:
    """The recommender that answers a request; raises NotReady."""
    service: Service = request.app.state.service
    user = request.path_params.get("user_id")  # encoded: see `graphrec.api.middleware`
    known = None if user is None else id_in_path(user, service.settings.ids)
    return chosen(request, service, known)


def chosen(request: Request, service: Service, user: str | None) -> Recommender:
    """The recommender for a user, or for a visitor, whose version is logged; raises NotReady."""
    found = service.recommender_for(user)
    request.state.version = found.snapshot.manifest.version
    return found


def chosen_list(request: Request, service: Service, user: str | None, name: str) -> Chosen:
    """What makes a list for a user or a visitor: a placement, or RECOMMENDATIONS.

    Its version is logged. Raises NotReady.
    """
    found = service.experiments.chosen(user, name)
    if service.policies:
        agent = request.headers.get("user-agent", "")
        found = service.policies.acted(found, user, name, agent)
    found = service.policies.without_those_off(found)
    request.state.version = found.version
    return found


async def ready_list(request: Request) -> Recommender:
    """What makes the list of recommendations that a request is about; raises NotReady."""
    service: Service = request.app.state.service
    user = request.path_params.get("user_id")
    known = None if user is None else id_in_path(user, service.settings.ids)
    return chosen_list(request, service, known, RECOMMENDATIONS).recommender


Serving = Annotated[Service, Depends(service_of)]
"""All that the process has."""

Ready = Annotated[Recommender, Depends(ready)]
"""The recommender, the same throughout a request; 503 where there is none. On a route about a user
it is the one for them."""

ReadyList = Annotated[Recommender, Depends(ready_list)]
"""The one that makes the list of recommendations of the user, or of a visitor: in experiments, that
of their variant."""
