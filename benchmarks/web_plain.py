"""The plain way to take a form or an event: validated, one row, one commit.

What FastAPI's and SQLAlchemy's own tutorials come to, with the settings of our database: each post
is on the disk before it is answered. `python -m benchmarks.web_plain FILE PORT` serves it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Form
from pydantic import BaseModel, Field
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The tables of this program."""


class Submission(Base):
    """One post."""

    __tablename__ = "submissions"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    email: Mapped[str]
    company: Mapped[str]
    message: Mapped[str]
    received_at: Mapped[datetime]


class Contact(BaseModel):
    """The form's fields."""

    full_name: Annotated[str, Field(max_length=255)]
    email: Annotated[str, Field(max_length=254)]
    company: Annotated[str, Field(max_length=255)]
    message: Annotated[str, Field(max_length=5000)] = ""


class Happened(Base):
    """One event."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(index=True)
    event: Mapped[str]
    url: Mapped[str]
    occurred_at: Mapped[datetime]


class OneEvent(BaseModel):
    """An event's fields."""

    event_id: Annotated[str, Field(max_length=200)]
    email: Annotated[str, Field(max_length=254)]
    event: Annotated[str, Field(max_length=100)]
    url: Annotated[str, Field(max_length=4000)]
    occurred_at: datetime


def make_app(file: str) -> FastAPI:
    """Return the app over a SQLite file."""
    engine = create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def settings(raw: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            raw.execute(f"PRAGMA {pragma}").close()

    Base.metadata.create_all(engine)
    app = FastAPI()

    @app.get("/healthz")
    def health() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/forms/contact", status_code=201)
    def post(contact: Annotated[Contact, Form()]) -> dict[str, int]:
        with Session(engine) as session:
            row = Submission(**contact.model_dump(), received_at=datetime.now(UTC))  # noqa: TID251 - a program of its own
            session.add(row)
            session.commit()
            return {"submission": row.id}

    @app.post("/events/app")
    def post_events(events: list[OneEvent]) -> dict[str, int]:
        with Session(engine) as session:
            for each in events:
                session.add(Happened(**each.model_dump()))
                session.commit()
        return {"accepted": len(events)}

    return app


def main() -> None:
    """Serve the file and the port that the command line names."""
    file, port = sys.argv[1:]
    uvicorn.run(make_app(file), port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
