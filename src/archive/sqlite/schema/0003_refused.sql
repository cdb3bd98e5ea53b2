-- References of an article whose image is kept and whose mirror does not show it: a link there would change how the
-- article around it is read.
ALTER TABLE article ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
