"""Renders the posts of a folder as MkDocs does, and prints `{"python-markdown": {file: html}}`."""
import json
import pathlib
import sys

import markdown

EXTENSIONS = ["extra", "admonition", "md_in_html", "pymdownx.superfences", "pymdownx.details", "pymdownx.tabbed"]
posts = pathlib.Path(sys.argv[1]).glob("*.md")
rendered = {post.name: markdown.markdown(post.read_text("utf-8"), extensions=EXTENSIONS) for post in posts}
json.dump({"python-markdown": rendered}, sys.stdout)
