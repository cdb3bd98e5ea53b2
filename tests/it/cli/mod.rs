//! The command line: what it prints, where, and how it ends.

mod documented;
mod hostile_names;
mod sessions;
mod snapshot;

use offprint::testing::config::DEFAULTS;

use crate::sandbox::{Ran, Sandbox};

const COMMANDS: [&str; 16] = [
    "init",
    "run",
    "mirror",
    "demo",
    "extract",
    "status",
    "check",
    "verify",
    "gc",
    "import",
    "forget",
    "search",
    "serve",
    "restore",
    "completions",
    "man",
];

#[test]
fn help_names_every_command_and_exit_status() {
    let help = Sandbox::new().run(&["--help"]).expect(0).stdout;
    for command in COMMANDS {
        assert!(help.contains(&format!("  {command} ")), "{command}");
    }
    for status in ["0 done", "1 could not run", "2 wrong", "3 done, but", "4 damage", "75 another", "130 interrupted"] {
        assert!(help.contains(status), "{status}");
    }
}

/// The calls of the program in a text: in lines of code blocks, and between backticks.
fn commands_in(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().flat_map(|line| line.split('`')).map(|part| part.split(" # ").next().unwrap_or(part));
    let calls = lines.filter_map(|part| {
        let at = part.find("offprint ").filter(|at| part[..*at].trim().is_empty() || part[..*at].ends_with("&& "))?;
        Some(&part[at + "offprint ".len()..])
    });
    let words = |call: &str| {
        let words = call.split_whitespace().take_while(|word| !["|", ">", "&&"].contains(word));
        words.map(|word| word.trim_end_matches([',', '.', ';', ':']).to_owned()).collect::<Vec<_>>()
    };
    // Prose may go on after the program's name.
    calls
        .map(words)
        .filter(|words| words.first().is_some_and(|word| word.starts_with('-') || word.is_ascii()))
        .collect()
}

#[test]
fn the_readme_names_commands_that_exist_and_every_exit_status() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let commands = commands_in(&readme);
    assert!(commands.len() >= 8, "{commands:?}");
    for words in commands {
        let command = words.iter().find(|word| !word.starts_with('-'));
        assert!(command.is_some_and(|command| COMMANDS.contains(&command.as_str())), "{words:?}");
        let options =
            words.iter().filter(|word| word.starts_with("--")).map(|option| option.split('=').next().unwrap());
        let command = command.unwrap();
        let help = Sandbox::new().run(&[command, "--help"]).expect(0).stdout;
        for option in options {
            assert!(help.contains(option), "offprint {command} has no {option}");
        }
    }
    for status in ["| 0 |", "| 1 |", "| 2 |", "| 3 |", "| 4 |", "| 75 |", "| 130 |"] {
        assert!(readme.contains(status), "{status}");
    }
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(readme.contains(command), "{command}");
    }
}

#[test]
fn wrong_settings_and_arguments_end_with_2_and_name_the_way_out() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "store = \"store\"\n[fetch]\nper_hots = 3\n");
    let ran = sandbox.run(&["run"]).expect(2);
    assert_eq!(ran.stderr, "offprint: config.toml:3: there is no setting `fetch.per_hots`; did you mean `per_host`?\n");
    assert!(!sandbox.path("store").exists());
    sandbox.run(&["runn"]).expect(2);
    sandbox.run(&["mirror"]).expect(2);
    sandbox.write(
        "config.toml",
        "[[source]]\nname = \"news\"\nkind = \"sitemap\"\nurl = \"https://example.org/sitemap.xml\"\ndepth = 2\n",
    );
    let ran = sandbox.run(&["run"]).expect(2);
    assert!(
        ran.stderr
            .contains("config.toml:5: `source[0].depth`: a sitemap has no depth: remove it, or write kind = \"page\""),
        "{ran:?}"
    );
    sandbox.write("config.toml", "");
    let ran = sandbox.run(&["mirror", "https://"]).expect(2);
    assert!(ran.stderr.contains("`url`: \"https://\" is no URL: write one such as"), "{ran:?}");
}

#[test]
fn settings_that_cannot_work_end_with_2_before_an_archive_is_made() {
    for settings in [
        "[fetch]\nca_file = \"no.pem\"\n",
        "[fetch]\nproxy = \"nowhere\"\n",
        "[fetch]\nuser_agent = \"a\\u0001b\"\n",
        "[[fetch.host]]\nhost = \"a\"\nheaders = [\"none\"]\n",
        "[[fetch.host]]\nhost = \"ftp://a\"\n",
        "[fetch.resolve]\n\"a:x\" = \"127.0.0.1:80\"\n",
        "[[source]]\nname = \"a\"\npath = \"posts\"\ninclude = [\"{a\"]\n",
        "[[source]]\nname = \"a\"\npath = \"posts\"\nlinks = \"media\"\n",
        "[report]\nwebhook = \"not a url\"\n",
        "store = \"~nobody/archive\"\n",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("posts/a.md", "text");
        sandbox.write("config.toml", settings);
        let ran = sandbox.run(&["run"]).expect(2);
        assert!(ran.stderr.starts_with("offprint: ") && ran.stderr.lines().count() == 1, "{ran:?}");
        assert!(!sandbox.path("store/catalog.db").exists(), "{settings}");
    }
}

#[test]
fn a_tilde_is_the_home_folder_in_settings_and_variables() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text");
    sandbox.write("config.toml", "store = \"~/archive\"\n");
    let home = sandbox.path("home").display().to_string();
    Ran::of(&sandbox.command(&["run"]).env("HOME", &home).output().unwrap()).expect(0);
    assert!(sandbox.path("home/archive/catalog.db").exists() && !sandbox.path("~").exists());
    let mut command = sandbox.command(&["run"]);
    Ran::of(&command.env("HOME", &home).env("OFFPRINT_STORE", "~/other").output().unwrap()).expect(0);
    assert!(sandbox.path("home/other/catalog.db").exists());
}

#[test]
fn what_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    let one_line = |arguments: &[&str], status: i32, said: &str| {
        let ran = sandbox.run(arguments).expect(status);
        assert!(ran.stderr.contains(said) && ran.stderr.lines().count() == 1, "{ran:?}");
        assert_eq!(ran.stdout, "");
    };
    one_line(&["--config", "no.toml", "run"], 2, "cannot read no.toml");
    one_line(&["mirror", "no/such/folder"], 1, "cannot read no/such/folder");
    one_line(&["status"], 1, "there is no archive at");
    one_line(&["extract", "no.md"], 1, "cannot read no.md");
    std::fs::remove_dir(sandbox.path("posts")).unwrap();
    one_line(&["run"], 1, "the source \"posts\" has no folder");
    sandbox.write("posts/a.md", "text");
    sandbox.run(&["run"]).expect(0);
    one_line(&["restore", "posts/b.md"], 1, "the archive has no article posts/b.md");
    one_line(&["restore", "posts/a.md", "posts/b.md"], 2, "name a folder with --to");
    sandbox.write("file", "text");
    one_line(&["--store", "file", "run"], 1, "file");
}

#[test]
fn quiet_prints_nothing_and_json_nothing_but_json() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "# A\n\ntext\n");
    let ran = sandbox.run(&["-q", "run"]).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    for command in ["run", "status", "check"] {
        let ran = sandbox.run(&["--json", command]).expect(0);
        let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(value.is_object(), "{command}");
    }
}

#[test]
fn a_second_run_at_the_same_time_ends_with_75() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text");
    sandbox.run(&["run"]).expect(0);
    let held =
        offprint::testing::archive::open(&sandbox.path("store"), offprint::testing::archive::Mode::Create).unwrap();
    let ran = sandbox.run(&["run"]).expect(75);
    assert!(ran.stderr.contains("another run holds the archive"), "{ran:?}");
    sandbox.run(&["status"]).expect(0);
    drop(held);
    sandbox.run(&["run"]).expect(0);
}

#[test]
fn extract_lists_spans_of_the_file_as_it_is_on_disk() {
    let sandbox = Sandbox::new();
    let text = "\u{feff}---\ncover: /c.png\n---\n\n<p>写真</p><img src='a.jpg?x=1&amp;y=2'>\n";
    sandbox.write("a.md", text);
    let listing = sandbox.json(&["extract", "a.md", "--base-url", "https://example.org/p/"]);
    let references = listing["references"].as_array().unwrap();
    for reference in references {
        let at = |key: &str| usize::try_from(reference[key].as_u64().unwrap()).unwrap();
        assert_eq!(&text.as_bytes()[at("start")..at("end")], reference["raw"].as_str().unwrap().as_bytes());
    }
    let urls: Vec<_> = references.iter().map(|reference| reference["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["https://example.org/c.png", "https://example.org/p/a.jpg?x=1&y=2"]);
    assert_eq!(references[0]["kind"], "front_matter");
    let listing = sandbox.json(&["extract", "a.md"]);
    assert_eq!(listing["references"][1]["url"], serde_json::Value::Null);
    assert!(sandbox.run(&["extract", "a.md"]).expect(0).stdout.contains("(no_base) a.jpg"));
}

#[test]
fn completions_and_the_manual_page_come_from_the_same_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.run(&["completions", shell]).expect(0).stdout.contains("restore"), "{shell}");
    }
    let page = sandbox.run(&["man"]).expect(0).stdout;
    assert!(page.contains(".TH offprint") && page.contains("bit for bit"), "{page}");
}

#[test]
fn every_command_has_a_manual_page_and_every_page_that_is_named_exists() {
    let sandbox = Sandbox::new();
    sandbox.run(&["man", "--out", "man/man1"]).expect(0);
    let program = sandbox.text("man/man1/offprint.1");
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"] {
        assert!(
            program.contains(&format!(".SH {section}\n")) || program.contains(&format!(".SH \"{section}\"")),
            "{section}"
        );
    }
    for command in COMMANDS {
        assert!(program.contains(&format!("offprint\\-{command}(1)")), "{command} is in the list of commands");
        assert!(program.contains(&format!("offprint-{command} (1)")), "{command} is under SEE ALSO");
        let page = sandbox.text(&format!("man/man1/offprint-{command}.1"));
        assert!(page.contains(&format!("offprint {command}")) && page.contains(".SH DESCRIPTION"), "{page}");
    }
    assert!(sandbox.text("man/man1/offprint.toml.5").contains("\\fBmax_bytes\\fR"));
    assert_eq!(std::fs::read_dir(sandbox.path("man/man1")).unwrap().count(), COMMANDS.len() + 2);
}

#[test]
fn the_settings_are_in_offprint_toml_before_config_toml() {
    let sandbox = Sandbox::new();
    sandbox.write("a/x.md", "text");
    sandbox.write("offprint.toml", "store = \"own\"\n[[source]]\npath = \"a\"\n");
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.path("own/catalog.db").exists() && !sandbox.path("store").exists());
    sandbox.write("other.toml", "store = \"other\"\n[[source]]\npath = \"a\"\n");
    let with = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.envs(variables.iter().copied());
        Ran::of(&command.output().unwrap()).expect(0);
    };
    with(&[("OFFPRINT_CONFIG", "other.toml"), ("OFFPRINT_STORE", "")], &["run"]);
    assert!(sandbox.path("other/catalog.db").exists());
    with(&[("OFFPRINT_STORE", "third")], &["run"]);
    assert!(sandbox.path("third/catalog.db").exists());
    with(&[("OFFPRINT_STORE", "third")], &["--store", "fourth", "run"]);
    assert!(sandbox.path("fourth/catalog.db").exists());
}

#[test]
fn a_leading_tilde_is_the_home_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/x.md", "text");
    sandbox.write("offprint.toml", "store = \"~/archive\"\n");
    let mut command = sandbox.command(&["run"]);
    command.env("HOME", sandbox.path("home"));
    std::fs::create_dir(sandbox.path("home")).unwrap();
    Ran::of(&command.output().unwrap()).expect(0);
    assert!(sandbox.path("home/archive/catalog.db").exists() && !sandbox.path("~").exists());
}

#[test]
fn the_settings_of_a_site_generator_are_not_taken_for_ours() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", "baseURL = 'https://example.org/'\ntitle = 'Site'\n[params]\n");
    sandbox.write("posts/a.md", "![a](https://example.org/a.jpg)");
    let ran = sandbox.run(&["run"]).expect(2);
    assert!(ran.stderr.contains("it sets `baseURL`") && ran.stderr.contains("offprint.toml"), "{ran:?}");
    sandbox.run(&["extract", "posts/a.md"]).expect(0);
    sandbox.write("offprint.toml", "");
    sandbox.run(&["run", "--dry-run"]).expect(0);
}

#[test]
fn without_settings_a_run_says_what_to_do() {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path("config.toml")).unwrap();
    std::fs::remove_dir(sandbox.path("posts")).unwrap();
    let ran = sandbox.run(&["run"]).expect(2);
    assert!(
        ran.stderr.contains("no offprint.toml or config.toml here") && ran.stderr.contains("offprint mirror"),
        "{ran:?}"
    );
    assert!(!sandbox.path("store").exists());
}

#[test]
fn quiet_silences_every_command_that_finds_no_damage() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text");
    for arguments in
        [&["run"][..], &["status"], &["check"], &["verify"], &["gc"], &["run", "--dry-run"], &["extract", "posts/a.md"]]
    {
        let ran = sandbox.run(&[&["-q"], arguments].concat()).expect(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "![a](https://example.org/a.jpg)");
    sandbox.run(&["mirror", "posts", "--dry-run"]).expect(0);
    for arguments in
        [&["extract", "posts/a.md"][..], &["--json", "extract", "posts/a.md"], &["man"], &["completions", "bash"]]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = Ran::of(&sandbox.command(arguments).stdout(full).output().unwrap()).expect(1);
        assert!(ran.stderr.contains("cannot write to standard output"), "{ran:?}");
    }
}

#[test]
fn the_log_is_on_standard_error_and_only_on_request() {
    let sandbox = Sandbox::new();
    sandbox.settings("breaker_failures = 99\n");
    sandbox.write("posts/a.md", "text");
    let quiet = sandbox.run(&["run"]).expect(0);
    assert_eq!(quiet.stderr, "");
    let origin = "http://127.0.0.1:1/a.png";
    sandbox.write("posts/b.md", format!("![a]({origin}?x=1)"));
    let steps = sandbox.run(&["-v", "run"]).stderr;
    assert!(
        steps.contains("run{run=") && steps.contains("source{name=posts}") && steps.contains("host{host="),
        "{steps}"
    );
    assert!(!steps.contains("exchange{"), "{steps}");
    sandbox.write("posts/c.md", format!("![a]({origin}?x=2)"));
    let requests = sandbox.run(&["-vv", "run"]).stderr;
    assert!(requests.contains("job{url=http://127.0.0.1:1/a.png?x=2}:exchange{url="), "{requests}");
    let mut command = sandbox.command(&["run"]);
    command.env("OFFPRINT_LOG", "offprint=loud");
    let ran = Ran::of(&command.output().unwrap()).expect(2);
    assert!(ran.stderr.contains("OFFPRINT_LOG=offprint=loud"), "{ran:?}");
}

#[test]
fn the_shipped_settings_can_be_used_as_they_are() {
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", DEFAULTS);
    sandbox.write("posts/a.md", "text");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("store/articles/posts/a.md"), "text");
}
