"""What the contract refuses, and how it says so: every fault at once, each with its path and reason."""

from __future__ import annotations

import re

import pytest
import requests

from support.people import PASSWORD, data_of, error_of, faults_of, new_email, register


def post(server, path: str, **more) -> requests.Response:
    return requests.post(server.base + path, timeout=30, **more)


def test_every_fault_is_reported_at_once(plain_server):
    faults = faults_of(post(plain_server, "/auth/register",
                            json={"name": "", "email": "no address", "password": "short", "phone": "12", "dob": "1990-02-30", "address": 7,
                                  "nickname": "x"}))
    assert set(faults) == {"$.name", "$.email", "$.password", "$.phone", "$.dob", "$.address", "$.nickname"}
    assert faults["$.nickname"] == "unknown field"
    assert faults["$.address"] == "must be a string"


def test_missing_fields_are_all_named(plain_server):
    assert faults_of(post(plain_server, "/auth/register", json={})) == {"$.name": "is required", "$.email": "is required"}
    assert faults_of(post(plain_server, "/auth/login", json={})) == {"$.email": "is required", "$.password": "is required"}


def test_list_items_are_named_by_their_index(plain_person):
    answer = plain_person.post("/verification/start", json={"verification_type": "all", "document_ids": ["x", 1, None],
                                                            "include_biometrics": "yes", "biometric_types": ["palm"]})
    assert set(faults_of(answer)) == {"$.verification_type", "$.document_ids[0]", "$.document_ids[1]", "$.document_ids[2]",
                                      "$.include_biometrics", "$.biometric_types[0]"}


@pytest.mark.parametrize("count", [0, 6])
def test_the_length_of_lists_is_bounded(plain_person, count):
    some = "0190163d-8694-739b-aea5-966c26f8ad91"
    answer = plain_person.post("/verification/start", json={"verification_type": "comprehensive", "document_ids": [some] * count})
    assert set(faults_of(answer)) == {"$.document_ids"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"{}{}", b"{'name': 1}", b'{"a":1,}', b"\xff\xfe", b"[" * 60000])
def test_what_is_no_json_object_is_refused(plain_server, body):
    answer = post(plain_server, "/auth/login", data=body, headers={"Content-Type": "application/json"})
    faults = faults_of(answer)
    assert "$" in faults


def test_a_member_given_twice_does_not_smuggle_a_value(plain_server):
    email = new_email()
    body = '{"name":"A","email":"%s","password":"%s","name":7}' % (email, PASSWORD)
    answer = post(plain_server, "/auth/register", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400  # the last or both: never a 201 with the first name


@pytest.mark.parametrize("value", [
    "plain", "@example.org", "a@", "a@b", "a@@example.org", "a b@example.org", "a@exa mple.org", "a@.org", "a@example..org", "a@-x.org",
    "a\n@example.org", "a" * 65 + "@example.org", "a@" + "b" * 250 + ".org", 5, None, ["a@example.org"], {"at": "example.org"}, True])
def test_addresses_that_are_none_are_refused(plain_server, value):
    assert "$.email" in faults_of(post(plain_server, "/auth/register", json={"name": "A", "email": value, "password": PASSWORD}))


@pytest.mark.parametrize("field,value", [
    ("name", "x" * 256), ("name", "   "), ("name", "a\u0000b"), ("name", "tab\there"), ("password", "x" * 7), ("password", "x" * 129),
    ("phone", "+0123456789"), ("phone", "919876543210"), ("phone", "+91 98765 43210"), ("dob", "1990-13-01"), ("dob", "01-01-1990"),
    ("dob", "1990-01-01T00:00:00Z"), ("dob", 19900101), ("address", "x" * 501)])
def test_values_out_of_range_are_refused(plain_server, field, value):
    assert set(faults_of(register(plain_server, **{field: value}))) == {"$." + field}


def test_the_limits_themselves_are_accepted(plain_server):
    data_of(register(plain_server, name="x" * 255, password="violet harbour 41 " * 7, address="a" * 500, phone="+1234567"), 201)
    data_of(register(plain_server, name="é" * 255, password="kq7vz2xm"), 201)


def test_error_texts_do_not_repeat_the_input(plain_server):
    answer = post(plain_server, "/auth/register", json={"name": "A", "email": "SECRET-INPUT", "password": "SECRET"})
    assert "SECRET" not in answer.text


def test_a_wrong_content_type_is_415(plain_server):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""):
        error_of(post(plain_server, "/auth/login", data=b"{}", headers={"Content-Type": kind}), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert post(plain_server, "/auth/login", data=b"{}", headers={"Content-Type": "application/json; charset=utf-8"}).status_code == 400


def test_an_upload_that_is_no_form_is_415(plain_person):
    error_of(plain_person.post("/documents/upload", json={"document_type": "aadhar"}), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_form_faults_are_reported_at_once(plain_person):
    answer = plain_person.post("/documents/upload", data={"document_type": "library_card", "wait_seconds": "many", "colour": "red"},
                               files={"back_image": ("b.jpg", b"")})
    assert set(faults_of(answer)) == {"$.document_type", "$.wait_seconds", "$.colour", "$.front_image", "$.back_image"}


def test_paths_take_uuids_only(plain_person):
    for path in ("/documents/1", "/documents/test_id", "/documents/%00", "/documents/..%2f..%2fetc", "/verification/test_id/status"):
        error_of(plain_person.get(path), 400, "VALIDATION_ERROR")


def test_query_parameters_are_checked(plain_person):
    for query in ("limit=0", "limit=101", "limit=ten", "limit=1.5", "limit=-1", "limit=", "cursor=abc", "cursor=", "colour=red",
                  "limit=1&colour=red", "limit=99999999999999999999", "%ff=1", "limit=%zz"):
        error_of(plain_person.get("/documents?" + query), 400, "VALIDATION_ERROR")


def test_endpoints_that_take_a_body_take_no_query(plain_server):
    faults = faults_of(post(plain_server, "/auth/login?debug=1", json={"email": new_email(), "password": PASSWORD}))
    assert set(faults) == {"$.debug"}


def test_a_problem_document_on_request(plain_server):
    answer = post(plain_server, "/auth/login", json={"email": "x"}, headers={"Accept": "application/problem+json"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == 400 and body["code"] == "VALIDATION_ERROR" and body["type"] == "about:blank" and body["title"]
    assert {e["path"] for e in body["errors"]} == {"$.email", "$.password"}
    assert body["request_id"] == answer.headers["X-Request-Id"]


def test_unknown_paths_and_methods(plain_server):
    error_of(requests.get(plain_server.base + "/nothing/here", timeout=30), 404, "NOT_FOUND")
    answer = requests.delete(plain_server.base + "/auth/login", timeout=30)
    error_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "POST"
    answer = requests.request("BREW", plain_server.base + "/auth/login", timeout=30)
    assert answer.status_code in (400, 405)


def test_timestamps_are_utc_instants(plain_server):
    error = error_of(requests.get(plain_server.base + "/nothing", timeout=30), 404, "NOT_FOUND")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", error["timestamp"])
