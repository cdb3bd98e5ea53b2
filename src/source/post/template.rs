//! Templates of posts.

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::{blocks, filters};
use crate::model::Digest;

/// The forms that come with the program, by their names.
const FORMS: [(&str, &str, &str); 3] = [
    ("hexo", "md", include_str!("forms/hexo.md.jinja")),
    ("hugo", "html", include_str!("forms/hugo.html.jinja")),
    ("html", "html", include_str!("forms/page.html.jinja")),
];
/// Extensions of template files that do not say what the template makes.
const TEMPLATES: [&str; 4] = ["jinja", "jinja2", "j2", "tmpl"];

/// How posts are written.
pub(in crate::source) struct Form {
    environment: Environment<'static>,
    /// What the names of their files end in.
    pub(in crate::source) extension: String,
    /// The digest of the template.
    pub(in crate::source) digest: Digest,
}

/// A template that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(in crate::source) struct FormError(String);

impl Form {
    /// The form of this name, or that of a template's file.
    ///
    /// # Errors
    /// A file that cannot be read or is no template.
    pub(in crate::source) fn new(template: &Path) -> Result<Self, FormError> {
        if let Some((_, extension, text)) = FORMS.iter().find(|(name, _, _)| Path::new(name) == template) {
            return Self::of(text, extension);
        }
        let unreadable = |cause| FormError(format!("cannot read the template {}: {cause}", template.display()));
        let text = std::fs::read_to_string(template).map_err(unreadable)?;
        Self::of(&text, &extension(template))
    }

    fn of(text: &str, extension: &str) -> Result<Self, FormError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        environment.set_syntax(syntax.expect("the usual delimiters are different from each other"));
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("quoted", |text: String| filters::quoted(&text));
        environment.add_filter("plain", |text: String| filters::plain(&text));
        environment.add_filter("toml", |text: String| filters::toml(&text));
        environment.add_filter("html", |text: String| filters::html(&text));
        environment.add_filter("neutralised", |text: String| filters::neutralised(&text));
        environment.add_filter("unbroken", |text: String| blocks::unbroken(&text));
        environment.add_filter("bare", |text: String| filters::bare(&text));
        environment.add_template_owned("post", text.to_owned()).map_err(|error| wrong(&error))?;
        let digest = Digest::of(format!("{extension}\n{text}").as_bytes());
        Ok(Self { environment, extension: extension.to_owned(), digest })
    }

    /// A post with these values.
    pub(super) fn render(&self, values: Value) -> Result<String, FormError> {
        let template = self.environment.get_template("post").map_err(|error| wrong(&error))?;
        template.render(values).map_err(|error| wrong(&error))
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("extension", &self.extension).finish_non_exhaustive()
    }
}

fn wrong(error: &minijinja::Error) -> FormError {
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    FormError(format!("the template does not work{line}: {error}"))
}

/// The extension of posts that a template file makes: the one before the extension of templates.
pub(in crate::source) fn extension(template: &Path) -> String {
    let of = |path: &Path| path.extension().and_then(|extension| extension.to_str()).map(str::to_owned);
    let own = of(template).unwrap_or_default();
    let inner = if TEMPLATES.contains(&own.as_str()) { of(&template.with_extension("")) } else { Some(own) };
    inner.filter(|extension| !extension.is_empty()).unwrap_or_else(|| "md".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_come_with_the_program_are_templates() {
        for (name, extension, _) in FORMS {
            assert_eq!(Form::new(Path::new(name)).unwrap().extension, extension);
        }
    }

    #[test]
    fn a_template_of_the_user_says_what_it_makes_by_its_name() {
        for (file, made) in [("post.md", "md"), ("a/post.html.j2", "html"), ("post.jinja", "md"), ("post", "md")] {
            assert_eq!(extension(Path::new(file)), made, "{file}");
        }
        let error = Form::of("{{ title }", "md").unwrap_err().to_string();
        assert!(error.contains("in line 1"), "{error}");
        let unknown = Form::of("{{ ttle }}", "md").unwrap().render(Value::from(())).unwrap_err();
        assert!(unknown.to_string().contains("undefined"), "{unknown}");
    }
}
