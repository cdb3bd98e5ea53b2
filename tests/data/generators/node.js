// Renders the posts of a folder as sites made with Node.js do, and prints `{"markdown-it": {file: html}, "hexo": …}`.
const fs = require("fs");
const path = require("path");
const container = require("markdown-it-container");
const { marked } = require("marked");
const markdownIt = require("markdown-it")({ html: true })
  .use(require("markdown-it-attrs"))
  .use(require("markdown-it-footnote"))
  .use(require("markdown-it-deflist"))
  .use(require("markdown-it-imsize"))
  .use(container, "tip")
  .use(container, "note")
  .use(container, "warning");
const folder = process.argv[2];
const rendered = { "markdown-it": {}, hexo: {} };
for (const file of fs.readdirSync(folder)) {
  const post = fs.readFileSync(path.join(folder, file), "utf8");
  rendered["markdown-it"][file] = markdownIt.render(post);
  rendered.hexo[file] = marked.parse(post);
}
process.stdout.write(JSON.stringify(rendered));
