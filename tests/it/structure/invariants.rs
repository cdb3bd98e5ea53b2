//! The table of what each invariant rests on names tests that exist.

use std::path::Path;

#[test]
fn every_invariant_rests_on_tests_that_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let page = std::fs::read_to_string(tests.join("README.md")).expect("the page can be read");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with('|') && line.contains(". ")).collect();
    let invariants = rows.iter().filter(|row| row[2..].starts_with(|c: char| c.is_ascii_digit()));
    let mut count = 0;
    for row in invariants {
        let modules: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        assert!(!modules.is_empty(), "{row}");
        for module in modules {
            let path = tests.join("it").join(module.replace("::", "/"));
            assert!(path.is_dir() || path.with_extension("rs").is_file(), "{module} of {row}");
        }
        count += 1;
    }
    assert_eq!(count, 10, "invariants");
}
