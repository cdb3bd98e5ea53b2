-- How far a URL without a good capture was reported as missing: 0 not at all, 1 as not asked for yet, 2 as failed. What
-- had failed before there was this column had been reported.
ALTER TABLE url ADD COLUMN reported INTEGER NOT NULL DEFAULT 0;
UPDATE url SET reported = 2 WHERE digest IS NULL AND attempts > 0;
