//! Binaries in a folder that the server's user cannot enter, such as a clone in root's home, are
//! copied once to where it can.
//!
//! A copy is named by version and content and gets its name only when it is whole, so that a
//! killed copy is never used and other binaries of the same version get a copy of their own.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::PostgresError;
use super::binaries::Binaries;
use super::error::io;
use super::place::{Place, ROOT_DIR};

/// What an installation that can be moved consists of: Postgres finds its libraries and its share
/// relative to the program.
const PARTS: [&str; 3] = ["bin", "lib", "share"];

/// Most bytes that are copied: an installation has about 60 MB, with all extensions some hundred.
const COPY_BYTES_MAX: u64 = 1 << 30;

/// Most files that are copied: an installation has about 1,000.
const COPY_FILES_MAX: usize = 50_000;

/// The binaries, or a copy of them, where the server's user can run them.
pub(super) fn reachable(binaries: Binaries, place: &Place) -> Result<Binaries, PostgresError> {
    let Some(folder) = barred_at(&binaries.dir, place) else { return Ok(binaries) };
    let Some(root) = movable_root(&binaries.dir) else {
        return Err(PostgresError::NoEntry {
            user: place.user.as_ref().map(|user| user.name.clone()).unwrap_or_default(),
            folder,
            target: binaries.dir,
            setting: "database.embedded_binaries",
        });
    };
    let files = list(&root)?;
    let name = format!("{}-{}", binaries.version, fingerprint(&root, &files)?);
    let above = Path::new(ROOT_DIR).join("binaries");
    let copy = above.join(&name);
    if !copy.exists() {
        create_open(Path::new(ROOT_DIR))?;
        create_open(&above)?;
        remove_partial(&above);
        let partial = above.join(format!(".{name}.{}", std::process::id()));
        copy_all(&root, &files, &partial)?;
        // Where somebody else was faster, the name is taken by the same content.
        if let Err(error) = fs::rename(&partial, &copy)
            && !copy.exists()
        {
            return Err(io("rename", &partial)(error));
        }
        tracing::info!(from = %root.display(), to = %copy.display(), "copied the Postgres binaries");
    }
    Ok(Binaries { dir: copy.join("bin"), version: binaries.version })
}

/// Whether `reachable` can do something with the binaries in `dir`.
pub(super) fn reachable_or_movable(dir: &Path, place: &Place) -> bool {
    barred_at(dir, place).is_none() || movable_root(dir).is_some()
}

fn barred_at(dir: &Path, place: &Place) -> Option<PathBuf> {
    place.user.as_ref().and_then(|user| user.barred_at(dir))
}

fn movable_root(dir: &Path) -> Option<PathBuf> {
    let root = dir.parent()?;
    (dir.file_name()? == "bin" && PARTS.iter().all(|part| root.join(part).is_dir()))
        .then(|| root.to_owned())
}

/// Everything below the parts, folders before what is in them, relative to `root`.
fn list(root: &Path) -> Result<Vec<PathBuf>, PostgresError> {
    let mut files: Vec<PathBuf> = PARTS.iter().map(PathBuf::from).collect();
    let mut bytes = 0;
    let mut next = 0;
    while let Some(relative) = files.get(next).cloned() {
        next += 1;
        let path = root.join(&relative);
        let found = fs::symlink_metadata(&path).map_err(io("read", &path))?;
        bytes += found.size();
        if found.is_dir() {
            for entry in fs::read_dir(&path).map_err(io("read", &path))? {
                files.push(relative.join(entry.map_err(io("read", &path))?.file_name()));
            }
        }
        if files.len() > COPY_FILES_MAX || bytes > COPY_BYTES_MAX {
            let source = std::io::Error::other("it is too large for a Postgres installation");
            return Err(io("copy", root)(source));
        }
    }
    Ok(files)
}

/// Eight hexadecimal digits over names and sizes: enough to tell installations apart.
fn fingerprint(root: &Path, files: &[PathBuf]) -> Result<String, PostgresError> {
    let mut sorted: Vec<&PathBuf> = files.iter().collect();
    sorted.sort();
    let mut hash = Sha256::new();
    for relative in sorted {
        let path = root.join(relative);
        let found = fs::symlink_metadata(&path).map_err(io("read", &path))?;
        let size = if found.is_dir() { 0 } else { found.size() };
        hash.update(format!("{}\0{size}\0", relative.display()));
    }
    Ok(alloy::primitives::hex::encode(&hash.finalize()[..4]))
}

fn copy_all(root: &Path, files: &[PathBuf], target: &Path) -> Result<(), PostgresError> {
    create_open(target)?;
    for relative in files {
        let (from, to) = (root.join(relative), target.join(relative));
        let found = fs::symlink_metadata(&from).map_err(io("read", &from))?;
        if found.is_dir() {
            create_open(&to)?;
        } else if found.is_symlink() {
            let pointed = fs::read_link(&from).map_err(io("read", &from))?;
            symlink(pointed, &to).map_err(io("create", &to))?;
        } else {
            fs::copy(&from, &to).map_err(io("copy", &from))?;
            let mode = if found.mode() & 0o111 == 0 { 0o644 } else { 0o755 };
            fs::set_permissions(&to, Permissions::from_mode(mode))
                .map_err(io("set the mode of", &to))?;
        }
    }
    Ok(())
}

/// Removes what killed processes left of their copies.
fn remove_partial(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((_, pid)) = name.strip_prefix('.').and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            // What cannot be removed only takes room.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A folder that everybody may read, whatever the mask of this process says.
fn create_open(dir: &Path) -> Result<(), PostgresError> {
    DirBuilder::new().recursive(true).mode(0o755).create(dir).map_err(io("create", dir))?;
    fs::set_permissions(dir, Permissions::from_mode(0o755)).map_err(io("set the mode of", dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_the_parts_of_an_installation_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        for part in ["bin", "lib", "share", "secrets"] {
            fs::create_dir(root.path().join(part)).unwrap();
            fs::write(root.path().join(part).join("file"), part).unwrap();
        }
        symlink("file", root.path().join("lib/link")).unwrap();
        fs::set_permissions(root.path().join("bin/file"), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(movable_root(&root.path().join("bin")).as_deref(), Some(root.path()));
        assert_eq!(movable_root(&root.path().join("lib")), None);

        let files = list(root.path()).unwrap();
        let target = root.path().join("copy");
        copy_all(root.path(), &files, &target).unwrap();
        assert_eq!(fs::read_to_string(target.join("lib/link")).unwrap(), "lib");
        assert_eq!(fs::metadata(target.join("bin/file")).unwrap().mode() & 0o777, 0o755);
        assert!(!target.join("secrets").exists());
        assert_eq!(
            fingerprint(root.path(), &files).unwrap(),
            fingerprint(&target, &files).unwrap()
        );
        fs::write(target.join("share/file"), "other size").unwrap();
        assert_ne!(
            fingerprint(root.path(), &files).unwrap(),
            fingerprint(&target, &files).unwrap()
        );
    }
}
