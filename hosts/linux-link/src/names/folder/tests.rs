use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

/// A folder for entries, inside one that belongs to the test.
pub(in crate::names) fn site_in(parent: &Path) -> Site {
    Site { parent: parent.to_owned(), child: "minitalk".to_owned(), owner: Owner::Own }
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_new_folder_is_nobody_elses_business() {
    let parent = tempfile::tempdir().unwrap();
    let site = site_in(parent.path());
    let folder = Folder::create_at(&site).unwrap();
    assert_eq!(mode_of(&path(&site)), 0o700);
    Folder::create_at(&site).expect("a second time");
    folder.create_new("x").unwrap();
    assert_eq!(mode_of(&folder.path_of("x")), 0o600);
    assert!(folder.create_new("x").is_err(), "it is there");
}

#[test]
fn a_folder_that_others_can_open_is_closed() {
    let parent = tempfile::tempdir().unwrap();
    let site = site_in(parent.path());
    fs::create_dir(path(&site)).unwrap();
    fs::set_permissions(path(&site), Permissions::from_mode(0o755)).unwrap();
    Folder::create_at(&site).unwrap();
    assert_eq!(mode_of(&path(&site)), 0o700);
}

#[test]
fn a_link_or_a_file_is_not_a_folder() {
    let parent = tempfile::tempdir().unwrap();
    let site = site_in(parent.path());
    symlink(parent.path(), path(&site)).unwrap();
    for open in [|site: &Site| Folder::create_at(site).map(Some), Folder::open_at] {
        assert!(matches!(open(&site), Err(FolderError::NotAFolder { .. })));
    }
    fs::remove_file(path(&site)).unwrap();
    fs::write(path(&site), "").unwrap();
    assert!(matches!(Folder::create_at(&site), Err(FolderError::NotAFolder { .. })));
}

#[test]
fn a_parent_in_which_everybody_may_rename_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), Permissions::from_mode(0o777)).unwrap();
    let made = Folder::create_at(&site_in(parent.path()));
    assert!(matches!(made, Err(FolderError::ParentOpen { .. })));
    fs::set_permissions(parent.path(), Permissions::from_mode(0o1777)).unwrap();
    Folder::create_at(&site_in(parent.path())).expect("as /tmp is");
}

#[test]
fn without_a_folder_nobody_has_a_name() {
    let parent = tempfile::tempdir().unwrap();
    assert!(Folder::open_at(&site_in(parent.path())).unwrap().is_none());
    assert!(Folder::open_at(&site_in(&parent.path().join("none"))).unwrap().is_none());
}

#[test]
fn what_is_done_in_a_folder_is_done_there_wherever_it_is() {
    let parent = tempfile::tempdir().unwrap();
    let site = site_in(parent.path());
    let folder = Folder::create_at(&site).unwrap();
    fs::rename(path(&site), parent.path().join("moved")).unwrap();
    fs::create_dir(path(&site)).unwrap();
    folder.create_new("x").unwrap();
    assert!(parent.path().join("moved/x").exists());
    assert!(!path(&site).join("x").exists());
}

#[test]
fn what_is_not_an_ordinary_file_is_not_read() {
    let parent = tempfile::tempdir().unwrap();
    let folder = Folder::create_at(&site_in(parent.path())).unwrap();
    symlink("/etc/passwd", folder.path_of("link")).unwrap();
    fs::create_dir(folder.path_of("folder")).unwrap();
    nix::unistd::mkfifo(&folder.path_of("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for file in ["link", "folder", "fifo"] {
        assert!(folder.open(file, OFlags::RDONLY).is_err(), "{file}");
    }
    assert!(folder.open("none", OFlags::RDONLY).unwrap().is_none());
}

#[test]
fn a_file_is_known_again_by_what_it_is() {
    let parent = tempfile::tempdir().unwrap();
    let folder = Folder::create_at(&site_in(parent.path())).unwrap();
    let file = folder.create_new("x").unwrap();
    assert!(folder.is_still("x", &file));
    folder.create_new("y").unwrap();
    assert!(folder.rename_to_free("x", "y").is_err());
    folder.replace("y", "x").unwrap();
    assert!(!folder.is_still("x", &file));
    assert!(!folder.is_still("y", &file));
}
