//! Markup that is read by rules of its own: XHTML by XML's, and MDX with JSX.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

fn check(text: &str, format: Format, expected: &[&str]) {
    let references = extract(text.as_bytes(), format, &ExtractOptions::default()).references;
    let found: Vec<_> = references.into_iter().map(|reference| reference.raw).collect();
    assert_eq!(found, expected, "{text}");
}

fn xhtml(head: &str, body: &str, expected: &[&str]) {
    let page = format!(
        "<?xml version=\"1.0\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><head>{head}</head><body>{body}</body></html>\n"
    );
    check(&page, Format::Xhtml, expected);
}

#[test]
fn in_xhtml_any_element_can_be_closed_in_its_start_tag() {
    let image = "<p><img src=\"1.jpg\" alt=\"\"/></p>";
    for head in [
        "<title/>",
        "<title>t</title><script src=\"a.js\"/>",
        "<style type=\"text/css\"/>",
        "<script type=\"text/javascript\" src=\"a.js\" />",
        "<noscript/>",
        "<template/>",
    ] {
        xhtml(head, image, &["1.jpg"]);
    }
    for body in ["<textarea/>", "<iframe src=\"a.html\"/>", "<a id=\"x\"/>", "<xmp/>", "<video/>", "<svg/>", "<div/>"] {
        xhtml("<title>t</title>", &format!("{body}{image}"), &["1.jpg"]);
    }
}

#[test]
fn in_xhtml_names_have_prefixes() {
    for page in [
        "<h:html xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:body><h:img src=\"1.jpg\"/></h:body></h:html>",
        "<x:title/><x:img src=\"1.jpg\"/>",
        "<svg:svg xmlns:svg=\"http://www.w3.org/2000/svg\"><svg:image xlink:href=\"1.jpg\"/></svg:svg>",
        "<h:script src=\"a.js\"/><h:p><h:img src=\"1.jpg\"/></h:p>",
        "<h:style>a{b:url(1.jpg)}</h:style>",
        "<svg xmlns:l=\"http://www.w3.org/1999/xlink\"><image l:href=\"1.jpg\"/></svg>",
    ] {
        check(page, Format::Xhtml, &["1.jpg"]);
    }
}

#[test]
fn in_xhtml_character_data_is_text_and_style_is_css() {
    xhtml("<title>t</title>", "<p><![CDATA[<img src=\"a.jpg\"/>]]></p><img src=\"1.jpg\"/>", &["1.jpg"]);
    xhtml("<style><![CDATA[ a { b: url(1.jpg) } ]]></style>", "", &["1.jpg"]);
    xhtml("<style>a{b:url(1.jpg)}</style>", "<img src=\"2.jpg\"/>", &["1.jpg", "2.jpg"]);
    xhtml("<script>//<![CDATA[\nx = '<img src=\"a.jpg\"/>'\n//]]></script>", "<img src=\"1.jpg\"/>", &["1.jpg"]);
    xhtml("", "<!-- <img src=\"a.jpg\"/> --><img src=\"1.jpg\"/>", &["1.jpg"]);
    let page = "<html><head><title>A &amp; B</title></head><body/></html>";
    let found = extract(page.as_bytes(), Format::Xhtml, &ExtractOptions::default());
    assert_eq!(found.title.as_deref(), Some("A & B"));
}

#[test]
fn html_stays_html() {
    check("<title/><img src=\"a.jpg\">", Format::Html, &[]);
    check("<script/><img src=\"a.jpg\"></script><h:img src=\"b.jpg\">", Format::Html, &[]);
}

fn mdx(text: &str, expected: &[&str]) {
    check(text, Format::Mdx, expected);
}

#[test]
fn in_mdx_strings_stand_in_braces() {
    for tag in [
        "<img src={\"1.png\"} alt=\"a\" />",
        "<img src={'1.png'} />",
        "<img src={`1.png`} />",
        "<img src={ \"1.png\" }/>",
        "<img alt={x} src={\"1.png\"} />",
        "<img style={{width: 200}} src=\"1.png\" />",
        "<img onClick={() => { go('>') }} src=\"1.png\" />",
        "<img {...props} src=\"1.png\" />",
        "<img\n  className=\"x\"\n  style={{ a: \"b\" }}\n  src=\"1.png\"\n/>",
        "<video poster={\"1.png\"} />",
        "<img srcSet={\"1.png\"} />",
        "<Frame caption={<b>x</b>}>\n  <img src={\"1.png\"} />\n</Frame>",
        "text <img src={'1.png'} /> text",
        "- item\n\n      <img src={'1.png'} />",
    ] {
        mdx(tag, &["1.png"]);
    }
    for tag in ["<img src={hero} />", "<img src={`${base}/1.png`} />", "import hero from '@site/img/1.png'"] {
        mdx(tag, &[]);
    }
    // What a bundler puts in place of a file beside the article.
    for tag in [
        "<img src={require('./1.png').default} />",
        "<img src={useBaseUrl('./1.png')} />",
        "import hero from './1.png'\n\n<img src={hero} />",
        "export const hero = { src: './1.png' }",
    ] {
        mdx(tag, &["./1.png"]);
    }
}

#[test]
fn in_mdx_properties_of_components_name_images() {
    for tag in [
        "<LinkCard img=\"https://c.example/1.png\" title=\"t\" />",
        "<LinkCard anything=\"https://c.example/1.png\" />",
        "<Card image={\"https://c.example/1.png\"}>text</Card>",
        "<Hero cover='https://c.example/1.png' style={{a: 1}} />",
        "<Theme.Image src=\"https://c.example/1.png\" />",
        "<Gallery images={[\"https://c.example/1.png\"]} />",
        "<Gallery items={[{src: 'https://c.example/1.png', alt: \"x\"}]} />",
        "<div style={{backgroundImage: 'url(https://c.example/1.png)'}}>x</div>",
        "<Card\n  icon=\"https://c.example/1.png\"\n/>",
        "<Tabs><Tab>\n\n![a](https://c.example/1.png)\n\n</Tab></Tabs>",
    ] {
        mdx(tag, &["https://c.example/1.png"]);
    }
    mdx("export const meta = {\n  image: 'https://c.example/1.png',\n}\n\ntext", &["https://c.example/1.png"]);
    mdx("<Photo src=\"https://c.example/photo?id=1\" />", &["https://c.example/photo?id=1"]);
    mdx("<Image src=\"/img/1.png\" />\n\n<Card thumbnail=\"2.png\" />", &["/img/1.png", "2.png"]);
    for tag in [
        "<Card href=\"https://c.example/page\" title=\"a.png\" />",
        "<Card src=\"/page\" />",
        "`<Card img=\"https://c.example/1.png\" />`",
        "```jsx\n<Card img={\"https://c.example/1.png\"} />\n```",
        "{/* <Card img=\"https://c.example/1.png\" /> */}",
        "<Card code={\"a\"} />",
    ] {
        mdx(tag, &[]);
    }
    check("<Card img=\"https://c.example/1.png\" />", Format::Markdown, &[]);
}

#[test]
fn mdx_has_no_indented_code() {
    mdx("text\n\n    ![a](1.png)\n", &["1.png"]);
    mdx("<Frame>\n    ![a](1.png)\n</Frame>\n\n\t![b](2.png)", &["1.png", "2.png"]);
    mdx("<Frame>\n\n        ![a](1.png)\n\n</Frame>", &["1.png"]);
    mdx("```\n    ![a](1.png)\n```\n~~~\n![b](2.png)\n~~~", &[]);
}
