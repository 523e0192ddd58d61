//! What `docs/reliability.md` says about the tests.

use std::fs;
use std::path::Path;

#[test]
fn each_fault_in_the_documentation_names_a_test_that_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| {
        let path = here.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let page = read("../docs/reliability.md");
    // Every table whose last column has that heading.
    let tables = page.split("| test |\n").skip(1);
    let rows =
        tables.flat_map(|table| table.lines().skip(1).take_while(|line| line.starts_with('|')));
    let mut count = 0;
    for row in rows {
        let cell = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let parts: Vec<&str> = cell.trim().trim_matches('`').split("::").collect();
        let [crate_name, module, test] = parts[..] else { panic!("no test: {row}") };
        let source = read(&format!("tests/{crate_name}/{module}.rs"));
        assert!(source.contains(&format!("#[test]\nfn {test}() {{")), "no {cell}");
        count += 1;
    }
    assert!(count > 50, "only {count} rows");
}
