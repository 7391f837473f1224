"""The specification's own stack answering the status endpoint: FastAPI, uvicorn, PyJWT and the same SQLite file.

Kept as fast as that stack goes: one connection for each worker, no ORM, no pool, no log.
"""

import json
import os
import sqlite3
import uuid

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

KEY = os.environ["BENCH_JWT_KEY"]
DATABASE = sqlite3.connect(f"file:{os.environ['BENCH_DATABASE']}?mode=ro", uri=True, check_same_thread=False, isolation_level=None)
DATABASE.execute("PRAGMA mmap_size=268435456")
STATUS = ("SELECT user_id, verification_type, status, steps, reasons, current_step, progress, estimated_minutes, confidence_score, created_at, "
          "updated_at, completed_at FROM verifications WHERE id = ?")

app = FastAPI()
bearer = HTTPBearer()


async def caller(given: HTTPAuthorizationCredentials = Depends(bearer)) -> dict:
    try:
        claims = jwt.decode(given.credentials, KEY, algorithms=["HS256"])
    except jwt.InvalidTokenError as refused:
        raise HTTPException(401) from refused
    if "start_verification" not in claims["permissions"]:
        raise HTTPException(403)
    return claims


@app.get("/v1/verification/{verification_id}/status")
async def status(verification_id: uuid.UUID, who: dict = Depends(caller)) -> dict:
    row = DATABASE.execute(STATUS, (str(verification_id),)).fetchone()
    if row is None or row[0] != who["sub"]:
        raise HTTPException(404)
    decided = row[2] in ("approved", "rejected", "needs_review")
    return {
        "success": True,
        "data": {
            "verification_id": str(verification_id),
            "verification_type": row[1],
            "status": row[2],
            "current_step": row[5],
            "progress_percentage": row[6],
            "estimated_completion": row[11] or row[9],
            "steps": json.loads(row[3]),
            "decision": {"outcome": row[2], "reasons": json.loads(row[4] or "[]"), "confidence_score": row[8]} if decided else None,
            "created_at": row[9],
        },
    }


@app.get("/health/live")
async def live() -> dict:
    return {"status": "alive"}
