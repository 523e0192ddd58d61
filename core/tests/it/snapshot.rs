//! Tables that are stored next to the tests.

use std::fs;
use std::path::Path;

/// Compares `text` with the snapshot `name`; writes it instead if `UPDATE_SNAPSHOTS` is set.
pub(crate) fn assert_same(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(&path, text).expect("the snapshot can be written");
        return;
    }
    let kept = fs::read_to_string(&path).expect("the snapshot exists");
    assert_eq!(
        kept, text,
        "if this is meant: UPDATE_SNAPSHOTS=1 cargo test -p minitalk-core --test it"
    );
}
