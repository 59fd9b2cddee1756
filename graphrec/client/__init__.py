"""A client of the service: typed, for waiting and for asyncio; it needs httpx alone.

    from graphrec.client import Client

    with Client("http://localhost:8000") as shop:
        shop.new_events({"events": [{"user": "ann", "item": "heat", "kind": "view"}]})
        print(shop.user_recommendations("ann", k=5)["recommendations"])

What is sent and answered are dictionaries, whose types are in `graphrec.client.models`.
"""

from __future__ import annotations

from graphrec.client.async_client import AsyncClient
from graphrec.client.call import ClientError
from graphrec.client.client import Client

__all__ = ["AsyncClient", "Client", "ClientError"]
