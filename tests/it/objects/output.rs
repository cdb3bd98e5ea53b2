//! Folders outside the archive that articles are written to.

use std::fs;
use std::path::Path;

use offprint::testing::archive::OutputFolder;
use offprint::testing::model::{Fingerprint, RelativePath};
use offprint::testing::staging::Staging;
use tempfile::TempDir;

/// A folder of articles, and a staging folder for it.
fn output() -> (TempDir, OutputFolder) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tmp")).unwrap();
    let output = OutputFolder::new(folder.path().join("site/posts"), &Staging::new(folder.path().join("tmp")));
    (folder, output)
}

fn path(text: &str) -> RelativePath {
    text.parse().unwrap()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test]
async fn files_appear_whole_with_folders_above_them() {
    let (folder, output) = output();
    let article = path("2026/a.md");
    assert_eq!(output.read(&article).await.unwrap(), None);
    assert_eq!(output.fingerprint(&article).await.unwrap(), None);
    let first = output.write(&article, b"first".to_vec()).await.unwrap();
    assert_eq!(first, Fingerprint::of(&fs::metadata(output.file(&article)).unwrap()));
    let second = output.write(&article, b"second".to_vec()).await.unwrap();
    assert_ne!(first.inode, second.inode, "it is another file, put in the place of the first");
    assert_eq!(output.read(&article).await.unwrap().unwrap(), b"second");
    assert_eq!(output.fingerprint(&article).await.unwrap(), Some(second));
    fs::create_dir(output.file(&path("2026/folder.md"))).unwrap();
    let paths = ["2026/b.md", "2026/a.md", "none/a.md", "2026/folder.md", "2026/a.md/below", "2026/a.md"].map(path);
    assert_eq!(output.fingerprints(paths.to_vec()).await, [None, Some(second), None, None, None, Some(second)]);
    assert!(is_empty(&folder.path().join("tmp")));
}

#[tokio::test]
async fn a_file_in_the_way_of_a_folder_is_named() {
    let (_folder, output) = output();
    output.write(&path("file"), Vec::new()).await.unwrap();
    let error = output.write(&path("file/x"), Vec::new()).await.unwrap_err().to_string();
    assert!(error.contains("file: it is not a folder"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_keeps_the_permissions_of_the_one_before() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, output) = output();
    let article = path("a.md");
    output.write(&article, b"first".to_vec()).await.unwrap();
    for mode in [0o444, 0o600, 0o664, 0o755] {
        fs::set_permissions(output.file(&article), fs::Permissions::from_mode(mode)).unwrap();
        output.write(&article, b"second".to_vec()).await.unwrap();
        assert_eq!(fs::metadata(output.file(&article)).unwrap().permissions().mode() & 0o7777, mode);
    }
}

#[cfg(unix)]
#[tokio::test]
#[ignore = "needs root"]
async fn as_root_a_file_keeps_the_owner_of_the_one_before() {
    use std::os::unix::fs::{MetadataExt, chown};
    let (_folder, output) = output();
    let article = path("a.md");
    output.write(&article, b"first".to_vec()).await.unwrap();
    chown(output.file(&article), Some(12_345), Some(23_456)).unwrap();
    output.write(&article, b"second".to_vec()).await.unwrap();
    let found = fs::metadata(output.file(&article)).unwrap();
    assert_eq!((found.uid(), found.gid()), (12_345, 23_456));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_keeps_the_extended_attributes_of_the_one_before() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let (_folder, output) = output();
    let article = path("a.md");
    output.write(&article, b"first".to_vec()).await.unwrap();
    setxattr(output.file(&article), "user.offprint.test", b"kept", XattrFlags::empty()).unwrap();
    output.write(&article, b"second".to_vec()).await.unwrap();
    let mut value = [0; 16];
    let length = getxattr(output.file(&article), "user.offprint.test", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"kept");
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_the_user_made_are_followed() {
    let (folder, output) = output();
    fs::create_dir_all(folder.path().join("site/posts")).unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere", folder.path().join("site/posts/linked")).unwrap();
    output.write(&path("linked/a.md"), b"text".to_vec()).await.unwrap();
    assert_eq!(fs::read(folder.path().join("elsewhere/a.md")).unwrap(), b"text");
}
