# Renders the posts of a folder as Jekyll does, and prints `{"kramdown": {file: html}}`.
require "json"
require "kramdown"
require "kramdown-parser-gfm"
rendered = Dir[File.join(ARGV[0], "*.md")].to_h do |file|
  post = File.read(file, encoding: "UTF-8")
  [File.basename(file), Kramdown::Document.new(post, input: "GFM", hard_wrap: false).to_html]
end
puts JSON.dump({ "kramdown" => rendered })
