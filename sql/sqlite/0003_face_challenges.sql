-- Active liveness challenges. A row is made when one is issued, used up by at most one answer, and judged by a job.
CREATE TABLE face_challenges (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    device BLOB NOT NULL,                     -- keyed hash of address and browser: what failures are counted by
    browser BLOB NOT NULL,                    -- keyed hash of the browser: who may answer
    nonce BLOB NOT NULL,
    plan TEXT NOT NULL,                       -- JSON
    issued_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    face_id TEXT,                             -- the capture that answered
    client TEXT,                              -- JSON: what the page said of its camera and recording
    result TEXT                               -- passed try_again failed; empty until judged
);
CREATE INDEX idx_face_challenges_user ON face_challenges(user_id, issued_at);
CREATE INDEX idx_face_challenges_device ON face_challenges(device, used_at);
CREATE UNIQUE INDEX idx_face_challenges_face ON face_challenges(face_id) WHERE face_id IS NOT NULL;
