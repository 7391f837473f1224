"""Second factors as a client uses them; codes come from oathtool, an independent program."""

from __future__ import annotations

import subprocess
import time

import requests

from support import database
from support.people import Person, data_of, login
from support.server import Server


def oathtool(secret: str, at: float | None = None) -> str:
    """An independent program's code."""
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() if at is None else at))
    return subprocess.run(["oathtool", "--totp", "--base32", "--now", when, secret], capture_output=True, text=True, check=True).stdout.strip()


def forget_step(server: Server, person: str) -> None:
    """As if the last code had been used long ago."""
    database.run(server, f"UPDATE totp_factors SET last_step = 1 WHERE user_id = '{person}'")


def enrol(person: Person) -> tuple[str, list[str]]:
    secret = data_of(person.post("/auth/factors/totp"))["secret"]
    codes = data_of(person.post("/auth/factors/totp/confirm", json={"code": oathtool(secret)}))["recovery_codes"]
    forget_step(person.server, person.id)
    return secret, codes


def challenge(person: Person) -> dict:
    data = data_of(login(person.server, person.email, person.password))
    assert data["mfa_required"] is True and "access_token" not in data, data
    return data


def prove(server: Server, token: str, method: str, code: str) -> requests.Response:
    return requests.post(server.base + "/auth/mfa/verify", json={"challenge_token": token, "method": method, "code": code}, timeout=30)


def strong(person: Person, secret: str) -> Person:
    """The person, signed in with both factors."""
    data = data_of(prove(person.server, challenge(person)["challenge_token"], "totp", oathtool(secret)))
    forget_step(person.server, person.id)
    return Person(person.server, person.id, person.email, person.password, "user", data["access_token"])
