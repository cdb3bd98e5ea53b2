//! Oddities of real posts, pages and feeds, one test each. The snippets are our own; the oddity is what is real.

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, Extraction, extract};
use offprint::testing::model::{Edit, Format, Reference, ReferenceKind};
use offprint::testing::rewrite::{Article, Target, plan, splice};
use url::Url;

fn found_as(bytes: &[u8], format: Format) -> Extraction {
    let options =
        ExtractOptions { base_url: Url::parse("https://site.example/posts/1").ok(), ..ExtractOptions::default() };
    extract(bytes, format, &options)
}

fn found(html: &str) -> Vec<Reference> {
    found_as(html.as_bytes(), Format::Html).references
}

fn url_of(reference: &Reference) -> &str {
    reference.url.as_ref().map_or("", Url::as_str)
}

/// The references of some HTML are these: raw text and URL.
fn check(html: &str, expected: &[(&str, &str)]) {
    let found = found(html);
    let found: Vec<_> = found.iter().map(|reference| (reference.raw.as_str(), url_of(reference))).collect();
    assert_eq!(found, expected, "{html}");
}

/// The references of some HTML are these URLs, spelt as they are.
fn check_plain(html: &str, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|url| (*url, *url)).collect();
    check(html, &expected);
}

/// The edits of a page whose references all get links.
fn edits(page: &[u8], mut link: impl FnMut(&Reference) -> String) -> Vec<Edit> {
    let (found, options) = (found_as(page, Format::Html), ExtractOptions::default());
    let targets: Vec<_> = found.references.iter().map(|found| Target::new(found, Some(link(found).into()))).collect();
    let article = Article { bytes: page, format: Format::Html, encoding: found.encoding, options: &options };
    plan(&article, Lazy::Reveal, &targets)
}

/// What becomes of an article whose references get the links `1`, `2`, … in order.
fn mirrored(article: &str) -> String {
    let mut number = 0;
    let edits = edits(article.as_bytes(), |reference| {
        number += usize::from(reference.kind != ReferenceKind::Base);
        number.to_string()
    });
    String::from_utf8(splice(article.as_bytes(), &edits)).expect("splicing keeps UTF-8")
}

#[test]
fn oddity_01_one_url_is_decoded_in_the_front_matter_and_not_in_the_body() {
    let post = "---\nheadimg: 'https://i.example/a.jpg?x=1&y=2'\n---\n\n\
                <img src=\"https://i.example/a.jpg?x=1&y=2\"><img src=\"https://i.example/a.jpg?x=1&amp;y=2\">";
    let references = found_as(post.as_bytes(), Format::Html).references;
    assert_eq!(references.len(), 3);
    assert!(references.iter().all(|reference| url_of(reference) == "https://i.example/a.jpg?x=1&y=2"));
    assert!(references.iter().any(|reference| reference.raw.contains("&amp;")));
}

#[test]
fn oddity_03_braces_are_entities_in_attributes_but_not_in_style_sheets() {
    check(
        "<img src=\"https://i.example/&#123;a&#125;.jpg\">",
        &[("https://i.example/&#123;a&#125;.jpg", "https://i.example/%7Ba%7D.jpg")],
    );
    check_plain(
        "<style>p &#123; background: url(https://i.example/a.jpg) &#125;</style>",
        &["https://i.example/a.jpg"],
    );
}

#[test]
fn oddity_07_commas_in_a_path_do_not_split_src_and_srcset_names_another_file() {
    check_plain(
        "<img src=\"https://i.example/a.jpg@s_2,w_820,h_462\" srcset=\"https://i.example/a.jpg 2x\">",
        &["https://i.example/a.jpg@s_2,w_820,h_462", "https://i.example/a.jpg"],
    );
}

#[test]
fn oddity_08_images_without_an_extension_or_with_a_false_one_are_found() {
    for url in [
        "https://i.example/v2_0123_img_000",
        "https://i.example/k~tplv-abc-watermark.image",
        "https://i.example/mmbiz_png/xyz/640?wx_fmt=png&wx_lazy=1",
        "https://i.example/render.php?id=3",
    ] {
        check_plain(&format!("<img src='{url}'>"), &[url]);
    }
}

#[test]
fn oddity_09_a_url_in_a_query_is_no_url_of_its_own() {
    let url = "https://cors.example/?http://other.example/a.jpg";
    check_plain(&format!("<img src='{url}'>"), &[url]);
}

#[test]
fn oddity_10_nested_encodings_are_kept_as_they_are() {
    for url in [
        "https://i.example/a.jpg?x-oss-process=image%2Fresize%2Cw_1500",
        "https://i.example/b?imageView2/2/w/1120/q/40/interlace/1",
        "https://i.example/al4.-full.jpg",
        "https://i.example/%E4%B8%8B%E5%8D%88.png",
    ] {
        check_plain(&format!("<img src='{url}'>"), &[url]);
    }
}

#[test]
fn oddity_12_a_malformed_tag_is_read_as_a_browser_reads_it() {
    check_plain(
        "<img src=\"https://i.example/a.jpg\" alt 黄蜂女\"伊万…疫苗\" referrerpolicy=\"no-referrer\"><img src=\"https://i.example/b.jpg\">",
        &["https://i.example/a.jpg", "https://i.example/b.jpg"],
    );
}

#[test]
fn oddity_13_bare_and_made_up_attributes_name_no_image() {
    check_plain(
        "<a href=\"/u/1\" data-logo=\"https://i.example/logo.png\"><img src=\"https://i.example/a.jpg\" alt title w=800 h=\"600\"></a>",
        &["https://i.example/a.jpg"],
    );
}

#[test]
fn oddity_14_a_thumbnail_and_the_full_image_it_links_to_are_one_image() {
    for (full, small) in [("/full/a.jpg", "/thumb/a.jpg"), ("/i/b.jpg", "/i/s_b.jpg")] {
        let references = found(&format!("<a href={full}><img src={small}></a>"));
        assert_eq!(
            references.iter().map(|found| found.kind).collect::<Vec<_>>(),
            [ReferenceKind::FullSize, ReferenceKind::Image]
        );
        assert_eq!(references[0].image_group, references[1].image_group);
        assert_eq!(references[0].raw, full);
    }
}

#[test]
fn oddity_15_names_with_quotes_double_spaces_and_long_text_are_one_url() {
    let long = "长".repeat(120);
    check(
        &format!("<img src=\"/it's  {long}.jpg\">"),
        &[(&format!("/it's  {long}.jpg"), &format!("https://site.example/it's%20%20{}.jpg", "%E9%95%BF".repeat(120)))],
    );
}

#[test]
fn oddity_16_a_url_that_starts_another_is_not_replaced_in_it() {
    assert_eq!(
        mirrored("<img src='/a?w=1&height=573'><img src='/a?w=1&height=573&pixel_ratio=1.5'><p>/a?w=1&height=573"),
        "<img src='1'><img src='2'><p>/a?w=1&height=573"
    );
}

#[test]
fn oddity_17_srcset_needs_no_space_after_a_comma() {
    check_plain(
        "<img srcset='https://i.example/a.jpg 630w,https://i.example/b.jpg 1260w'>",
        &["https://i.example/a.jpg", "https://i.example/b.jpg"],
    );
}

#[test]
fn oddity_18_candidates_have_commas_and_parentheses_in_them() {
    check_plain(
        "<img srcset='https://i.example/w_120,c_limit/a.jpg 120w, https://i.example/filters:focal(1046x614:1047x615)/b.jpg 240w'>",
        &["https://i.example/w_120,c_limit/a.jpg", "https://i.example/filters:focal(1046x614:1047x615)/b.jpg"],
    );
}

#[test]
fn oddity_19_candidates_within_src_are_one_address_as_for_a_browser() {
    check(
        "<img src='https://i.example/a.jpg 1x, https://i.example/b.jpg 2x'>",
        &[(
            "https://i.example/a.jpg 1x, https://i.example/b.jpg 2x",
            "https://i.example/a.jpg%201x,%20https://i.example/b.jpg%202x",
        )],
    );
}

#[test]
fn oddity_20_a_numeric_ampersand_separates() {
    check(
        "<img src='https://i.example/a?b=1&#038;c=2'>",
        &[("https://i.example/a?b=1&#038;c=2", "https://i.example/a?b=1&c=2")],
    );
}

#[test]
fn oddity_21_lazy_images_are_found_and_shown_whichever_attribute_holds_them() {
    for attribute in ["data-src", "data-lazy", "data-lazy-src", "data-original"] {
        assert_eq!(
            mirrored(&format!("<img src='/spin.gif' {attribute}='/a.jpg'><noscript><img src='/a.jpg'></noscript>")),
            format!("<img src='2' {attribute}='2'><noscript><img src='3'></noscript>")
        );
        let copies = found(&format!("<img {attribute}='/a.jpg'><noscript><img src='/a.jpg'></noscript>"));
        assert_eq!(copies[0].image_group, copies[1].image_group, "{attribute}");
    }
    assert_eq!(
        mirrored("<img src='data:image/gif;base64,R0lGOD' data-srcset='/a.jpg 1x, /b.jpg 2x'>"),
        "<img src='2' data-srcset='1 1x, 2 2x'>"
    );
}

#[test]
fn oddity_21_a_placeholder_in_srcset_does_not_hide_the_real_image_in_src() {
    assert_eq!(mirrored("<img src='/real.jpg' srcset='data:image/gif;base64,R0lGOD'>"), "<img src='1' srcset='1'>");
    assert_eq!(
        mirrored("<img src='/real.jpg' srcset='/loading.gif' data-srcset='/real.jpg'>"),
        "<img src='1' srcset='3' data-srcset='3'>"
    );
}

#[test]
fn oddity_22_inline_images_are_left_in_place() {
    check("<img src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'%3E\">", &[]);
    check("<img\n\n\nsrc='\n  data:image/png;base64,iVBOR'\n>", &[]);
    check("<video poster='DATA:image/png;base64,iVBOR'></video>", &[]);
    check("<p style=\"background:url('data:image/svg+xml;utf8,<svg/>')\">", &[]);
}

#[test]
fn oddity_23_pieces_of_markup_in_scripts_and_templates_are_no_images() {
    for decoy in [
        "<script>var a = \"<img src='https:\\/\\/i.example\\/a.jpg'>\";</script>",
        "<script>document.write('<im' + 'g src=/a.jpg>'); document.write(\"<img src='/b.jpg'>\")</script>",
        "<img src=\"{{url}}\">",
        "<img src=\"#{img_src}\">",
        "<img src=\"${item.image}\">",
        "<img src=\"\">",
        "<img src=\"#\">",
        "<img src>",
        "<img src=\"about:blank\">",
        "<img src=\"javascript:void(0)\">",
        "<template><img src=/a.jpg></template>",
        "<textarea><img src=/a.jpg></textarea>",
    ] {
        check(decoy, &[]);
    }
}

#[test]
fn oddity_24_base_decides_where_relative_addresses_lead_and_is_made_neutral() {
    let html = "<base href=\"/\"><base href=\"/other/\"><img src=a.jpg>";
    let references = found(html);
    assert_eq!(
        references.iter().map(|found| found.kind).collect::<Vec<_>>(),
        [ReferenceKind::Base, ReferenceKind::Image]
    );
    assert_eq!(url_of(&references[1]), "https://site.example/a.jpg");
    assert_eq!(mirrored(html), "<base href=\"#\"><base href=\"/other/\"><img src=1>");
}

#[test]
fn oddity_24_old_and_rare_places_of_images_are_found() {
    check(
        "<body background=/a.gif><table><td background='/b.gif\n'></table>\
         <link rel=preload as=image imagesrcset='/c.jpg 1x'><svg><image xlink:href=/d.png /></svg>\
         <input type=image src=/e.png>",
        &["a.gif", "b.gif", "c.jpg", "d.png", "e.png"]
            .map(|name| (format!("/{name}"), format!("https://site.example/{name}")))
            .each_ref()
            .map(|(raw, url)| (raw.as_str(), url.as_str())),
    );
}

#[test]
fn oddity_25_raw_characters_are_encoded_as_utf_8_in_the_path() {
    check("<img src='/a—ü.jpg'>", &[("/a—ü.jpg", "https://site.example/a%E2%80%94%C3%BC.jpg")]);
}

#[test]
fn oddity_25_files_in_any_encoding_are_read_and_keep_their_bytes() {
    let page = "<meta charset=euc-kr><p>한국어<img src='/그림.jpg'>끝";
    let korean = encoding_rs::EUC_KR.encode(page).0;
    let utf16: Vec<u8> = "\u{feff}<p>下<img src='/그림.jpg'>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{}", "<img src='/그림.jpg'>").into_bytes();
    let zeros = "<p>a\0b<img src='/그림.jpg'>\0".as_bytes();
    for bytes in [&korean, utf16.as_slice(), &marked, zeros] {
        let found = found_as(bytes, Format::Html);
        assert_eq!(found.references.len(), 1, "{}", bytes.escape_ascii());
        assert_eq!(url_of(&found.references[0]), "https://site.example/%EA%B7%B8%EB%A6%BC.jpg");
        let span = found.references[0].span;
        let mirror = splice(bytes, &edits(bytes, |_| "x".into()));
        assert_eq!(mirror[..span.start], bytes[..span.start]);
        assert!(mirror.ends_with(&bytes[span.end..]));
    }
}

#[test]
fn oddity_25_a_zero_byte_in_an_address_is_a_replacement_character() {
    check("<img src='/a\0b.jpg'>", &[("/a\0b.jpg", "https://site.example/a%EF%BF%BDb.jpg")]);
}

#[test]
fn peers_replace_text_where_only_spans_may_change() {
    assert_eq!(
        mirrored("<img src=/a.jpg><img src=/a.jpg?x><pre>/a.jpg</pre><code>&lt;img src=/a.jpg></code><p>/a.jpg?x"),
        "<img src=1><img src=2><pre>/a.jpg</pre><code>&lt;img src=/a.jpg></code><p>/a.jpg?x"
    );
}

#[test]
fn peers_skip_images_without_a_known_extension() {
    check_plain(
        "<img src='https://i.example/image'><img src='https://i.example/a.php?f=1'>",
        &["https://i.example/image", "https://i.example/a.php?f=1"],
    );
}
