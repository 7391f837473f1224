"""Sign-ins that nobody can have travelled between, by a GeoIP database that an operator supplies; on both databases."""

from __future__ import annotations

import json

import pytest
import requests
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from support import database
from support.people import PASSWORD, Person, data_of, new_person, outbox
from support.server import Server

MUMBAI, MUMBAI_TOO, DELHI, LONDON, VAGUE, BROKEN, UNKNOWN = ("203.0.113.7", "203.0.113.99", "198.51.100.7", "2001:db8::7", "192.0.2.7",
                                                             "192.0.2.200", "233.252.0.7")


def city(country: str, latitude: float, longitude: float, radius: int) -> dict:
    return {"country": {"iso_code": country}, "location": {"latitude": latitude, "longitude": longitude, "accuracy_radius": radius}}


@pytest.fixture(scope="module")
def cities(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("geoip") / "cities.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City", float_type="f64", int_type="u16")
    writer.insert_network(IPSet(["203.0.113.0/24"]), city("IN", 19.08, 72.88, 20))
    writer.insert_network(IPSet(["198.51.100.0/24"]), city("IN", 28.61, 77.21, 20))
    writer.insert_network(IPSet(["2001:db8::/32"]), city("GB", 51.51, -0.13, 50))
    writer.insert_network(IPSet(["192.0.2.0/25"]), city("US", 37.75, -97.82, 20000))
    writer.insert_network(IPSet(["192.0.2.128/25"]), {"country": {"iso_code": '"}'}, "location": {"latitude": 999.0, "longitude": 0.0}})
    writer.to_db_file(str(path))
    return str(path)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(request, servers, cities) -> Server:
    settings = {"DATABASE_URL": request.getfixturevalue("private_postgres").database()} if request.param == "postgres" else {}
    return servers(AUTHX_GEOIP_DATABASE=cities, AUTHX_TRUSTED_PROXIES="127.0.0.1", AUTHX_SERVICES="auth,admin", **settings).start()


def sign_in(person: Person, address: str) -> None:
    body = {"email": person.email, "password": PASSWORD}
    data_of(requests.post(person.server.base + "/auth/login", json=body, headers={"X-Forwarded-For": address}, timeout=60))


def travels(person: Person) -> list[dict]:
    rows = database.rows(person.server, f"SELECT details FROM audit_logs WHERE action = 'auth.impossible_travel' AND user_id = '{person.id}' ORDER BY id")
    return [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in rows]


def age(person: Person, hours: int) -> None:
    """As if the sessions had been used that long ago."""
    when = (f"now() - interval '{hours} hours'" if person.server.environment.get("DATABASE_URL") else
            f"strftime('%Y-%m-%dT%H:%M:%S', 'now', '-{hours} hours') || '.000000Z'")
    database.run(person.server, f"UPDATE sessions SET last_used_at = {when} WHERE user_id = '{person.id}'")


def test_two_places_at_once_are_told_and_audited(site):
    person = new_person(site)
    sign_in(person, MUMBAI)
    sign_in(person, LONDON)
    [travel] = travels(person)
    assert travel["from"] == "IN" and travel["to"] == "GB" and travel["minutes"] == 0 and 7000 < travel["least_km"] < 7300
    told = [m for m in outbox(site, person.email) if m["subject"] == "Sign-in from far away"]
    assert told and LONDON in told[0]["body"] and MUMBAI not in told[0]["body"]
    sign_in(person, LONDON)
    assert len(travels(person)) == 1, "who is there already has not travelled"


def test_one_who_had_the_time_has_travelled(site):
    person = new_person(site)
    sign_in(person, MUMBAI)
    age(person, 12)
    sign_in(person, LONDON)
    age(person, 1)
    sign_in(person, DELHI)
    assert [(t["from"], t["to"]) for t in travels(person)] == [("GB", "IN")]


def test_an_application_s_server_is_not_where_the_person_is(site):
    person = new_person(site)
    sign_in(person, MUMBAI)
    sign_in(person, MUMBAI)
    newest = database.value(site, f"SELECT MAX(CAST(id AS TEXT)) FROM sessions WHERE user_id = '{person.id}'")
    database.run(site, f"UPDATE sessions SET client_id = '0190163d-8694-739b-aea5-966c26f8ad91', ip_address = '{LONDON}' WHERE id = '{newest}'")
    sign_in(person, MUMBAI)
    assert travels(person) == []


@pytest.mark.parametrize("elsewhere", [MUMBAI_TOO, VAGUE, BROKEN, UNKNOWN, "10.0.0.1", "::1"])
def test_what_is_near_vague_or_unknown_is_no_travel(site, elsewhere):
    person = new_person(site)
    sign_in(person, MUMBAI)
    sign_in(person, elsewhere)
    assert travels(person) == []


def test_a_file_that_is_no_database_stops_the_start(servers, tmp_path):
    broken = tmp_path / "cities.mmdb"
    broken.write_bytes(b"nothing of the kind" * 100)
    server = servers(AUTHX_GEOIP_DATABASE=str(broken), AUTHX_SERVICES="auth")
    with pytest.raises(Exception, match="GeoIP database"):
        server.start()
