-- Active liveness challenges. A row is made when one is issued, used up by at most one answer, and judged by a job.
CREATE TABLE face_challenges (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    device BYTEA NOT NULL,                     -- keyed hash of address and browser: what failures are counted by
    browser BYTEA NOT NULL,                    -- keyed hash of the browser: who may answer
    nonce BYTEA NOT NULL,
    plan TEXT NOT NULL,                       -- JSON
    issued_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    face_id UUID,                             -- the capture that answered
    client TEXT,                              -- JSON: what the page said of its camera and recording
    result VARCHAR(20)                               -- passed try_again failed; empty until judged
);
CREATE INDEX idx_face_challenges_user ON face_challenges(user_id, issued_at);
CREATE INDEX idx_face_challenges_device ON face_challenges(device, used_at);
CREATE UNIQUE INDEX idx_face_challenges_face ON face_challenges(face_id) WHERE face_id IS NOT NULL;
