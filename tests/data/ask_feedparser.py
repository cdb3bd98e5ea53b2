# What feedparser finds in every file below a folder, as JSON: title, date, author and content of each entry.
import calendar
import json
import os
import sys

import feedparser


def seconds(entry):
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    return calendar.timegm(parsed) if parsed else None


def told(entry):
    contents = [part.get("value") for part in entry.get("content", [])] or [entry.get("summary", "")]
    return {
        "title": entry.get("title"),
        "date": seconds(entry),
        "author": entry.get("author"),
        "content": contents[0],
    }


found = {}
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            feed = feedparser.parse(file.read(), sanitize_html=False, resolve_relative_uris=False)
        if feed.get("version"):
            found[os.path.relpath(path, sys.argv[1])] = [told(entry) for entry in feed.entries]
json.dump(found, sys.stdout)
