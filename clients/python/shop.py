"""A page of a shop in FastAPI: it sends what visitors do, and shows what else they may like.

GRAPHREC=http://localhost:8000 uvicorn shop:app --port 8001
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import HTMLResponse

from graphrec.client import AsyncClient, ClientError


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[None]:
    """One client for all requests, so that its connections are used again."""
    async with AsyncClient(os.environ["GRAPHREC"], os.environ.get("GRAPHREC_KEY")) as found:
        app.state.graphrec = found
        yield


app = FastAPI(lifespan=client)


@app.get("/items/{item}", response_class=HTMLResponse)
async def page(item: str, user: str, after: BackgroundTasks) -> str:
    """An item, and what goes with it; that it was seen is sent once the page is."""
    view = {"user": user, "item": item, "kind": "view"}
    after.add_task(app.state.graphrec.new_events, {"events": [view]})
    try:
        found = await app.state.graphrec.placement("also-bought", user=user, item=item, k=4)
        also = [each["title"] or each["item"] for each in found["recommendations"]]
    except ClientError:  # a page without recommendations is a page
        also = []
    rows = "".join(f"<li>{escape(each)}" for each in also)
    return f"<h1>{escape(item)}</h1><ul>{rows}</ul>"
