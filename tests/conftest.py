"""Fixtures of every suite: servers on both databases, and the people who call them."""

from __future__ import annotations

import faulthandler
import warnings

import pytest
import urllib3

from support import people, postgres
from support.server import Server, binary

faulthandler.enable()
warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)


@pytest.fixture(scope="session")
def private_postgres():
    if postgres.programs() is None:
        pytest.skip("needs Debian's package postgresql-15")
    server = postgres.Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def servers(request, tmp_path_factory):
    """Makes servers, each with data of its own, and ends them all when the run ends."""
    assert binary().exists(), f"no binary at {binary()}"
    made: list[Server] = []

    def make(**settings: str) -> Server:
        server = Server(tmp_path_factory.mktemp("server"), **settings)
        made.append(server)
        return server

    yield make
    failed = []
    for server in made:
        try:
            server.close()
        except Exception as problem:  # noqa: BLE001 - the others must end too
            server.kill()
            failed.append(problem)
    if failed:
        raise failed[0]


@pytest.fixture(scope="session")
def shared_servers(servers, request):
    """One long-lived server for each database."""
    running: dict[str, Server] = {}

    def get(database: str) -> Server:
        if database not in running:
            settings = {}
            if database == "postgres":
                settings["DATABASE_URL"] = request.getfixturevalue("private_postgres").database()
            running[database] = servers(**settings).start(models=True)
        return running[database]

    return get


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request, shared_servers) -> Server:
    """A running server, on each database in turn."""
    return shared_servers(request.param)


@pytest.fixture(scope="session")
def plain_server(shared_servers) -> Server:
    """A running server on SQLite, for what no database can change."""
    return shared_servers("sqlite")


@pytest.fixture
def person(server) -> people.Person:
    return people.new_person(server)


@pytest.fixture
def plain_person(plain_server) -> people.Person:
    return people.new_person(plain_server)


@pytest.fixture(scope="session")
def admins(servers):
    """The administrator of a server, logged in once."""
    known: dict[int, people.Person] = {}

    def get(server: Server) -> people.Person:
        if id(server) not in known:
            known[id(server)] = people.administrator(server)
        return known[id(server)]

    return get


@pytest.fixture
def admin(server, admins) -> people.Person:
    return admins(server)
