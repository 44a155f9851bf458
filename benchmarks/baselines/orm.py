"""The usual way: a web framework's handler, an ORM session a request, one INSERT, one COMMIT.

The row is the hub's own inbox row. The pool has the size that was fastest of 8, 16 and 32 here.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

from litestar import Litestar, Request, Response, post
from sqlalchemy import BigInteger, Identity, LargeBinary
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.baselines.serving import serve
from benchmarks.baselines.wire import read

POOL = int(os.environ.get("ORM_POOL", "8"))


class Base(DeclarativeBase):
    pass


class InboxRow(Base):
    __tablename__ = "inbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    source: Mapped[str]
    dedupe_key: Mapped[str]
    tenant_id: Mapped[uuid.UUID | None]
    session_id: Mapped[uuid.UUID | None]
    provider: Mapped[str]
    chat: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)


engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:", 1),
    pool_size=POOL,
    max_overflow=0,
    connect_args={"server_settings": {"role": "hub_system", "search_path": "hub", "jit": "off"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
TENANT, SESSION = uuid.UUID(os.environ["TENANT_ID"]), uuid.UUID(os.environ["SESSION_ID"])


@post("/webhooks/whatsapp", status_code=200)
async def receive(request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
    body = await request.body()
    messages = read(request.scope["headers"], body)
    if messages is None:
        return Response({"received": False}, status_code=401)
    async with sessions() as session:
        for message in messages:
            session.add(
                InboxRow(
                    source=str(SESSION),
                    dedupe_key=message.id,
                    tenant_id=TENANT,
                    session_id=SESSION,
                    provider="META",
                    chat=message.from_,
                    body=body,
                )
            )
        await session.commit()
    return Response({"received": True})


if __name__ == "__main__":
    serve(Litestar([receive], openapi_config=None, logging_config=None))
