"""A look into a server's database from outside."""

from __future__ import annotations

import sqlite3

import psycopg

from support.postgres import superuser
from support.server import Server


def rows(server: Server, query: str) -> list[tuple]:
    url = server.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(superuser(url)) as db:
            return db.execute(query).fetchall()  # type: ignore[arg-type]
    with sqlite3.connect(f"file:{server.data_dir}/authx.db?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


def value(server: Server, query: str):
    return rows(server, query)[0][0]


def run(server: Server, statement: str) -> None:
    """Changes what no client can, as the passing of time."""
    url = server.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(superuser(url)) as db:
            db.execute(statement)  # type: ignore[arg-type]
        return
    with sqlite3.connect(f"{server.data_dir}/authx.db", timeout=30) as db:
        db.execute(statement)
