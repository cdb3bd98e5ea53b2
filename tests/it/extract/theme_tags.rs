//! What stands between the tags of themes, and tags in front matter.

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;

fn check(post: &str, expected: &[&str]) {
    let references = extract(post.as_bytes(), Format::Markdown, &ExtractOptions::default()).references;
    let found: Vec<_> = references.into_iter().map(|reference| reference.raw).collect();
    assert_eq!(found, expected, "{post}");
}

const ONE: &str = "https://c.example/1.jpg";
const TWO: &str = "https://c.example/2.jpg";

#[test]
fn a_list_or_yaml_between_tags_names_images() {
    for post in [
        "{% carousel gallery %}\nONE\nTWO\n{% endcarousel %}\n",
        "{% gallery %}\n- ONE\n- TWO\n{% endgallery %}\n",
        "{% flink %}\n- class_name: a\n  link_list:\n    - name: b\n      link: https://c.example/page\n      avatar: ONE\n    - name: c\n      link: https://d.example/\n      avatar: \"TWO\"\n{% endflink %}\n",
        "{%- gallery -%}\n* ONE\n* TWO\n{%- endgallery -%}\n",
        "{{< gallery >}}\nONE\nTWO\n{{< /gallery >}}\n",
        "{{% slides %}}\n- image: ONE\n- image: 'TWO'\n{{% /slides %}}\n",
        "{% album 3 %}\nONE | a caption\nTWO | another\n{% endalbum %}\n",
        "{% sites %}\n- title: A\n  screenshot: ONE\n\n- title: B\n  screenshot: TWO\n{% endsites %}\n",
        "{% swiper width:max %}\nONE A caption\nTWO\n{% endswiper %}\n",
        "{% outer %}\n{% gallery %}\nONE\nTWO\n{% endgallery %}\n{% endouter %}\n",
        "- x\n\n  {{< gallery >}}\n  ONE\n  TWO\n  {{< /gallery >}}\n",
        "> {% gallery %} ONE {% endgallery %}\n\n{% gallery %} TWO {% endgallery %}\n",
    ] {
        check(&post.replace("ONE", ONE).replace("TWO", TWO), &[ONE, TWO]);
    }
    check(&format!("{{% gallery %}}\n![a]({ONE})\n{{% endgallery %}}\n"), &[ONE]);
}

#[test]
fn text_between_tags_and_code_name_none() {
    for post in [
        "{% note %}\nSee ONE for more.\n{% endnote %}\n",
        "{% note %}\nSome text\nONE\n{% endnote %}\n",
        "{% flink %}\n- name: a\n  link: ONE\n{% endflink %}\n",
        "{% raw %}\nONE\n{% endraw %}\n",
        "{% codeblock %}\nONE\n{% endcodeblock %}\n",
        "```\n{% gallery %}\nONE\n{% endgallery %}\n```\n",
        "{% if a %}\nONE\n{% endif %}\n",
        "{% gallery %}\nONE\n",
        "ONE\n{% endgallery %}\n",
        "{% gallery %}\nhttps://c.example/page\n{% endgallery %}\n",
        "<!-- {% gallery %}\nONE\n{% endgallery %} -->\n",
        "{% gallery %}\nhttps://c.example/{width}.jpg\n{% endgallery %}\n",
    ] {
        check(&post.replace("ONE", ONE), &[]);
    }
}

#[test]
fn keys_of_front_matter_say_in_many_ways_that_they_hold_an_image() {
    for key in [
        "image_src",
        "imageSrc",
        "image-src",
        "imageUrl",
        "image_url",
        "cover_image",
        "coverImage",
        "coverSrc",
        "featuredImage",
        "featured_image_src",
        "og_image",
        "ogImageSrc",
        "og_image_url",
        "thumbnailSrc",
        "heroImageUrl",
        "posterUrl",
        "picture_url",
        "image_uri",
        "imagePath",
        "logo_src",
    ] {
        check(&format!("---\n{key}: https://c.example/1?w=3\n---\n"), &["https://c.example/1?w=3"]);
        check(&format!("+++\n{key} = \"https://c.example/1\"\n+++\n"), &["https://c.example/1"]);
        check(&format!("{{\"seo\": {{\"{key}\": \"https://c.example/1\"}}}}\n"), &["https://c.example/1"]);
        check(&format!("---\n{key}: img/1.jpg\n---\n"), &["img/1.jpg"]);
        check(&format!("---\n{key}: true\n---\n"), &[]);
    }
    for line in [
        "preview_url: https://demo.example/",
        "galleryUrl: https://c.example/gallery",
        "image_source: https://c.example/photos/5",
        "imageAuthorUrl: https://c.example/jane",
        "img_path: /assets/img/",
        "cover_link: https://c.example/page",
        "src: https://c.example/page",
        "source_path: posts/1.md",
        "logoType: https://c.example/x",
        "thumbnailFile: none",
    ] {
        check(&format!("---\n{line}\n---\n"), &[]);
    }
}

#[test]
fn front_matter_can_hold_dialects_and_tags() {
    for (line, expected) in [
        ("image: \"![a](https://c.example/1.jpg =10x)\"", ONE),
        ("image: \"![a](https://c.example/a b.jpg)\"", "https://c.example/a b.jpg"),
        ("image: \"![a](https://c.example/1.jpg){width=3}\"", ONE),
        ("desc: \"{{< figure src='https://c.example/1.jpg' >}}\"", ONE),
        ("desc: '{% include figure.html url=\"https://c.example/1.jpg\" %}'", ONE),
        ("desc: 'a {{% img src=\"https://c.example/1.jpg\" %}} b'", ONE),
        ("desc: '{% asset_img https://c.example/1.jpg %}'", ONE),
        ("x:\n  - '{{< figure src=\"https://c.example/1.jpg\" >}}'", ONE),
        ("html: '<div style=\"background:url(https://c.example/1.jpg)\"></div>'", ONE),
        ("style: 'background:url(https://c.example/1.jpg)'", ONE),
    ] {
        check(&format!("---\n{line}\n---\n"), &[expected]);
    }
    for line in [
        "font: url(https://c.example/f.woff2)",
        "desc: '{{ site.url }}/1.jpg'",
        "desc: '{% if a %}https://c.example/1.jpg{% endif %}'",
        "desc: '`![a](https://c.example/1.jpg)`'",
        "desc: '\\![[1.png]]'",
    ] {
        check(&format!("---\n{line}\n---\n"), &[]);
    }
}
