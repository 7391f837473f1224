-- A live check that left one thing open may be followed by one shorter one.
ALTER TABLE face_challenges ADD COLUMN open TEXT;     -- JSON: what was left open; empty where nothing may be asked for again
ALTER TABLE face_challenges ADD COLUMN follows UUID;  -- the challenge that left it open
CREATE UNIQUE INDEX idx_face_challenges_follows ON face_challenges(follows) WHERE follows IS NOT NULL;
