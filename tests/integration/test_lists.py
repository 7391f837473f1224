"""Cursor pagination: complete, in order, without duplicates, however much is added meanwhile."""

from __future__ import annotations

import pytest

from support import pictures
from support.people import Person, data_of, error_of, new_person


def pages(person: Person, path: str, limit: int, between=None) -> list[dict]:
    """Walks all pages; calls `between` after the first."""
    items: list[dict] = []
    cursor = None
    while True:
        data = data_of(person.get(path, params={"limit": limit, **({"cursor": cursor} if cursor else {})}))
        assert set(data) == {"items", "next_cursor"}
        assert len(data["items"]) <= limit
        if data["next_cursor"] is not None:
            assert len(data["items"]) == limit  # only the last page is short
        items += data["items"]
        cursor = data["next_cursor"]
        if cursor is None:
            return items
        assert len(items) < 100_000
        if between:
            between()
            between = None


def key(item: dict) -> str:
    return item.get("id") or item["verification_id"]


@pytest.fixture(scope="module")
def busy(server) -> tuple[Person, dict[str, list[str]]]:
    person = new_person(server)
    picture = pictures.stripes(160, 120)
    documents = [data_of(person.upload(picture, wait=0))["document_id"] for _ in range(7)]
    made = {
        "/documents": documents,
        "/verification": [data_of(person.start(documents[i % 7]))["verification_id"] for i in range(7)],
        "/face/captures": [data_of(person.capture(picture, wait=0))["face_id"] for _ in range(7)],
    }
    return person, made


@pytest.mark.parametrize("path", ["/documents", "/verification", "/face/captures"])
@pytest.mark.parametrize("limit", [1, 3, 6, 7, 8, 100])
def test_pages_together_are_the_whole_list(busy, path, limit):
    person, made = busy
    assert [key(i) for i in pages(person, path, limit)][-7:] == made[path][::-1]


def test_what_is_added_meanwhile_neither_repeats_nor_hides_an_item(server):
    person = new_person(server)
    picture = pictures.stripes(160, 120)
    made = [data_of(person.upload(picture, wait=0))["document_id"] for _ in range(5)]
    seen = [key(i) for i in pages(person, "/documents", 2, between=lambda: data_of(person.upload(picture, wait=0)))]
    assert seen == made[::-1]


def test_without_a_limit_a_page_has_twenty(server):
    person = new_person(server)
    document = data_of(person.upload(pictures.stripes(160, 120), wait=0))["document_id"]
    for _ in range(21):
        data_of(person.start(document))
    first = data_of(person.get("/verification"))
    assert len(first["items"]) == 20 and first["next_cursor"]
    assert len(data_of(person.get("/verification", params={"cursor": first["next_cursor"]}))["items"]) == 1


@pytest.mark.parametrize("path", ["/documents", "/verification", "/face/captures", "/admin/outbox", "/admin/audit"])
@pytest.mark.parametrize("cursor", ["forged", "1 OR 1=1", "0190163d-8694-739b-aea5-966c26f8ad9", "' --", "%00", "\u202e", "-1", "1.5"])
def test_forged_cursors_are_refused(admins, plain_server, path, cursor):
    error_of(admins(plain_server).get(path, params={"cursor": cursor}), 400, "VALIDATION_ERROR")


def test_a_cursor_that_points_nowhere_is_an_empty_or_shorter_list(busy):
    person, made = busy
    before_everything = "00000000-0000-7000-8000-000000000000"
    assert data_of(person.get("/documents", params={"cursor": before_everything}))["items"] == []
    after_everything = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    assert [key(i) for i in data_of(person.get("/documents", params={"cursor": after_everything}))["items"]][-7:] == made["/documents"][::-1]


def test_the_administrators_lists_page_too(server, admin):
    for _ in range(3):
        new_person(server)
    for path, name in (("/admin/outbox", "id"), ("/admin/audit", "seq")):
        all_at_once = data_of(admin.get(path, params={"limit": 100}))["items"]
        ids = [i[name] for i in pages(admin, path, 50)]
        assert len(ids) == len(set(ids)) >= 3
        assert set(i[name] for i in all_at_once) <= set(ids) | {i[name] for i in data_of(admin.get(path, params={"limit": 100}))["items"]}
