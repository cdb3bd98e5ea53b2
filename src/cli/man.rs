//! `offprint man`: the manual pages, made from the command line and the shipped settings.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::arguments::Cli;
use super::exit::Exit;
use super::output::Output;
use super::words::count_of;
use crate::config::DEFAULTS;

/// The sections of the program's page after its options. Lines that start with a dot are roff's.
const SECTIONS: &str = include_str!("man/offprint.1.roff");

/// A manual page.
struct Page {
    file: String,
    text: Vec<u8>,
}

/// Prints the page of the program, or writes all pages into a folder.
pub(crate) fn man(out: Option<&Path>, output: &Output) -> anyhow::Result<Exit> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = out else {
        output.bytes(&program_page(&program)?.text);
        return Ok(Exit::Done);
    };
    let mut pages = vec![program_page(&program)?, settings_page()];
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        pages.push(command_page(command)?);
    }
    write(folder, &pages)?;
    output.note(&format!("{} written into {}", count_of(&pages, "page"), folder.display()));
    Ok(Exit::Done)
}

fn write(folder: &Path, pages: &[Page]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for Page { file, text } in pages {
        let file = folder.join(file);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn program_page(program: &Command) -> anyhow::Result<Page> {
    let man = Man::new(program.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_subcommands_section(&mut text)?;
    man.render_options_section(&mut text)?;
    text.extend_from_slice(SECTIONS.as_bytes());
    Ok(Page { file: "offprint.1".to_owned(), text })
}

fn command_page(command: &Command) -> anyhow::Result<Page> {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    text.extend_from_slice(b".SH SEE ALSO\n.BR offprint (1),\n.BR offprint.toml (5)\n");
    Ok(Page { file: man.get_filename(), text })
}

/// The page of the settings file: a section for each table, and a paragraph for each key.
fn settings_page() -> Page {
    let mut page = String::from(
        ".TH offprint.toml 5\n.SH NAME\noffprint.toml \\- the settings of offprint\n.SH DESCRIPTION\n\
         The file offprint.toml, or else config.toml, of the current folder. Paths in it are relative to its folder, \
         and a leading ~ is the home folder. What it leaves out has the default below.\n",
    );
    for line in DEFAULTS.lines() {
        // Writing to a String cannot fail.
        let _ = match Line::of(line) {
            Line::Table(name) => writeln!(page, ".SH {}", roff(name)),
            Line::Key { key, value, comment } => {
                writeln!(page, ".TP\n\\fB{}\\fR = {}\n{}", roff(key), roff(value), roff(comment))
            }
            Line::Comment(text) => writeln!(page, "{}", roff(text)),
            Line::Blank => writeln!(page, ".PP"),
        };
    }
    page.push_str(".SH SEE ALSO\n.BR offprint (1)\n");
    Page { file: "offprint.toml.5".to_owned(), text: page.into_bytes() }
}

/// A line of the shipped settings.
enum Line<'a> {
    Table(&'a str),
    Key { key: &'a str, value: &'a str, comment: &'a str },
    Comment(&'a str),
    Blank,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        if let Some(comment) = line.strip_prefix('#') {
            return Self::Comment(comment.trim());
        }
        if line.starts_with('[') {
            return Self::Table(line);
        }
        let Some((key, rest)) = line.split_once(" = ") else { return Self::Blank };
        let (value, comment) = rest.rsplit_once("  # ").or_else(|| rest.rsplit_once(" # ")).unwrap_or((rest, ""));
        Self::Key { key, value: value.trim(), comment }
    }
}

/// Text for roff: nothing in it is read as a request or an escape.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_paragraph_with_its_comment() {
        let page = String::from_utf8(settings_page().text).unwrap();
        for line in DEFAULTS.lines() {
            if let Line::Key { key, value, comment } = Line::of(line) {
                assert!(!comment.is_empty(), "{line}");
                let paragraph = format!("\\fB{}\\fR = {}\n{}\n", roff(key), roff(value), roff(comment));
                assert!(page.contains(&paragraph), "{paragraph}");
            }
        }
        for table in [".SH [[source]]", ".SH [fetch]", ".SH [report]"] {
            assert!(page.contains(table), "{table}");
        }
    }

    #[test]
    fn text_is_no_request() {
        assert_eq!(roff(".so /etc/passwd"), "\\&.so /etc/passwd");
        assert_eq!(roff("a\\fB-b"), "a\\efB\\-b");
    }
}
