-- The pages that entries of feeds lead to, where their full text is wanted.
ALTER TABLE feed_entry ADD COLUMN page_version  BLOB;     -- the digest of the entry as it was when its page was asked for
ALTER TABLE feed_entry ADD COLUMN page_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feed_entry ADD COLUMN page_due      INTEGER;  -- asked for again from then on, although the entry stays as it is

-- From when on pages of its entries are due that could not be read.
ALTER TABLE feed ADD COLUMN pages_due INTEGER;
