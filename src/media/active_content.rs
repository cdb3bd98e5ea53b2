//! Whether a drawing may do more than be shown, where a browser opens it as a document.
//!
//! A browser runs the scripts of an SVG document with the rights of the site that it is from. It does so where the
//! drawing is opened or embedded, and not where an image element shows it (SVG 2, section 2.7 "Conformance", "secure
//! static mode"). The rules here name what is harmless; whatever they do not know counts as active.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesStart, Event};

/// Elements of SVG, and of HTML within it, that run scripts, or open or load what may.
const ACTIVE: [&str; 16] = [
    "applet",
    "audio",
    "base",
    "embed",
    "foreignobject",
    "form",
    "frame",
    "handler",
    "iframe",
    "link",
    "listener",
    "meta",
    "object",
    "portal",
    "script",
    "video",
];

/// Whether a drawing may run a script, or whether that is not known: it is not plain XML in UTF-8.
pub(crate) fn is_active(drawing: &[u8]) -> bool {
    let text = drawing.strip_prefix(b"\xef\xbb\xbf").unwrap_or(drawing);
    !std::str::from_utf8(text).is_ok_and(is_harmless)
}

/// Whether every part of a document is harmless.
fn is_harmless(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    loop {
        let part_is_harmless = match reader.read_event() {
            Ok(Event::Eof) => return true,
            Ok(Event::Start(tag) | Event::Empty(tag)) => is_harmless_tag(&tag),
            Ok(Event::Decl(declaration)) => is_utf8(&declaration, text),
            // What is declared there can make markup of any text.
            Ok(Event::DocType(doctype)) => !doctype.contains(['[', '<', '\'']),
            // Of style sheets for XML, some hold scripts.
            Ok(Event::PI(_)) | Err(_) => false,
            Ok(Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::GeneralRef(_)) => true,
        };
        if !part_is_harmless {
            return false;
        }
    }
}

/// Whether the encoding that a document declares reads its bytes as UTF-8 does.
fn is_utf8(declaration: &BytesDecl<'_>, text: &str) -> bool {
    match declaration.encoding() {
        None => true,
        Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => true,
        Some(Ok(encoding)) => {
            let keeps_ascii = ["us-ascii", "iso-8859-1", "windows-1252"];
            text.is_ascii() && keeps_ascii.iter().any(|known| encoding.eq_ignore_ascii_case(known))
        }
        Some(Err(_)) => false,
    }
}

fn is_harmless_tag(tag: &BytesStart<'_>) -> bool {
    // A prefix can stand for any namespace, so that the name alone counts.
    let name = tag.local_name().as_ref().to_ascii_lowercase();
    let is_known = !ACTIVE.contains(&name.as_str());
    is_known
        && tag.attributes().all(|attribute| attribute.is_ok_and(|attribute| is_harmless_attribute(&name, &attribute)))
}

fn is_harmless_attribute(element: &str, attribute: &Attribute<'_>) -> bool {
    let name = attribute.key.local_name().as_ref().to_ascii_lowercase();
    let Some(value) = address(&attribute.value) else { return false };
    let runs = name.starts_with("on") || value.contains("javascript:") || value.contains("vbscript:");
    let is_allowed = match name.as_str() {
        "href" | "src" => is_harmless_link(element, &value),
        // An animation can change any attribute.
        "attributename" => !value.starts_with("on") && !value.contains("href"),
        // It would lead every fragment elsewhere.
        "base" => attribute.key.prefix().is_none(),
        _ => true,
    };
    !runs && is_allowed
}

/// Whether what an element names does not act. In the archive, the file beside a drawing may be another drawing of the
/// same host.
fn is_harmless_link(element: &str, address: &str) -> bool {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    match element {
        // Images do not act.
        "image" | "feimage" | "img" => true,
        // Elements of another file become a part of this one.
        "use" => address.starts_with('#'),
        _ => address.is_empty() || address.starts_with('#') || is_web,
    }
}

/// A value as the URL Standard reads an address: without white space and control characters, in lowercase letters; `None`
/// where it refers to what a document type declares.
fn address(value: &str) -> Option<String> {
    let value = unescape(value).ok()?;
    Some(value.chars().filter(|c| *c > ' ').collect::<String>().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> String {
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>"#)
    }

    #[test]
    fn a_drawing_that_only_draws_is_harmless() {
        for inside in [
            "",
            "<rect width='9' height='9' style='fill:url(#a)'/><g id='on'><text x='1'>t &amp; u</text></g>",
            "<style>@font-face{src:url(data:font/woff2;base64,AA)} a{fill:red}</style>",
            "<image xlink:href='data:image/png;base64,AA'/><image href='https://a.example/b.svg'/>",
            "<use href='#a'/><use xlink:href=' #b'/><a href='https://a.example/'><path d='M0 0'/></a><a xlink:href=''/>",
            "<animate id='one' attributeName='x' values='0;9' begin='one.end'/><!-- <script> --><![CDATA[<script>]]>",
            "<sodipodi:namedview xmlns:sodipodi='s' id='base'/><metadata><rdf:RDF xmlns:rdf='r'/></metadata>",
        ] {
            assert!(!is_active(svg(inside).as_bytes()), "{inside}");
        }
        for before in [
            "\u{feff}",
            "<?xml version='1.0'?>",
            "<?xml version='1.0' encoding='UTF-8' standalone='no'?>\n<!-- made by hand -->",
            "<?xml version='1.0' encoding='iso-8859-1'?>",
            "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">",
        ] {
            assert!(!is_active(format!("{before}{}", svg("<path/>")).as_bytes()), "{before}");
        }
    }

    #[test]
    fn whatever_may_run_a_script_is_active() {
        for inside in [
            "<script>1</script>",
            "<script href='a.js'/>",
            "<s:script xmlns:s='http://www.w3.org/2000/svg'/>",
            "<SCRIPT xmlns='http://www.w3.org/1999/xhtml'/>",
            "<path onload='1'/>",
            "<path OnClick='1'/>",
            "<path ev:onload='1' xmlns:ev='e'/>",
            "<a href='javascript:1'><path/></a>",
            "<a xlink:href=' java&#10;script&#x3a;1'><path/></a>",
            "<a href='&unknown;'><path/></a>",
            "<a href='data:text/html,1'/>",
            "<use href='data:image/svg+xml,1#a'/>",
            "<use href='other.svg#a'/>",
            "<use xlink:href='../ab/cd.svg#a'/>",
            "<set attributeName='onload' to='1'/>",
            "<animate attributeName='href' values='javascript:1'/>",
            "<animate attributeName='xlink:href' values='b.svg#a'/>",
            "<animateTransform attributeName='href' values='b.svg#a'/>",
            "<animateMotion attributeName='onclick' values='1'/>",
            "<a href='../ab/cd.svg'><path/></a>",
            "<a href='/store/blobs/sha256/ab/cd.svg'><path/></a>",
            "<a xlink:href='//a.example/cd.svg'><path/></a>",
            "<a href='cd.svg'><path/></a>",
            "<a href='blob:https://a.example/1'/>",
            "<g xml:base='b.svg'><use href='#a'/></g>",
            "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>t</p></foreignObject>",
            "<iframe xmlns='http://www.w3.org/1999/xhtml' src='a.svg'/>",
            "<x:handler type='text/ecmascript' xmlns:x='e'>1</x:handler>",
            "<?xml-stylesheet type='text/xsl' href='#a'?>",
            "<path d='1' d='2'/>",
            "<path d=1/>",
            "<path d='<'",
        ] {
            assert!(is_active(svg(inside).as_bytes()), "{inside}");
        }
    }

    #[test]
    fn what_another_reader_may_read_differently_is_active() {
        for before in [
            "<?xml version='1.0' encoding='utf-16'?>",
            "<?xml version='1.0' encoding='iso-2022-jp'?>",
            "<?xml-stylesheet href='a.xsl' type='text/xsl'?>",
            "<!DOCTYPE svg [<!ENTITY a '<script/>'>]>",
            "<!DOCTYPE svg SYSTEM 'a'>",
        ] {
            assert!(is_active(format!("{before}{}", svg("<path/>")).as_bytes()), "{before}");
        }
        let latin = "<?xml version='1.0' encoding='iso-8859-1'?>";
        assert!(is_active(format!("{latin}{}", svg("<text>é</text>")).as_bytes()));
        assert!(is_active(b"<svg xmlns='http://www.w3.org/2000/svg'><text>\xe9</text></svg>"));
        assert!(is_active(&svg("").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()));
    }
}
