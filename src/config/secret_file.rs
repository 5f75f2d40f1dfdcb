//! Secrets that stand in files of their own (`database.url_file`, an endpoint's `url_file`), as
//! container platforms mount them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Largest secret file: a URL with credentials is far shorter, and nothing else belongs in it.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// The text of a secret file without the white space around it; the error is what was found.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let text = read_capped(path, SECRET_BYTES_MAX)?;
    match text.trim() {
        "" => Err("an empty file".into()),
        trimmed => Ok(trimmed.to_owned()),
    }
}

/// The text of a file of at most `bytes_max` bytes; the error is what was found.
pub(super) fn read_capped(path: &Path, bytes_max: u64) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("a file of more than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "a file that is no UTF-8 text".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_file_is_trimmed_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let check = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path)
        };
        assert_eq!(check(b"  https://x/key\n"), Ok("https://x/key".into()));
        assert_eq!(check(b" \n"), Err("an empty file".into()));
        assert_eq!(check(&[0xff, 0xfe]), Err("a file that is no UTF-8 text".into()));
        let long = vec![b'x'; SECRET_BYTES_MAX as usize + 1];
        assert_eq!(check(&long), Err("a file of more than 16384 bytes".into()));
        assert!(read(&dir.path().join("absent")).unwrap_err().starts_with("cannot be opened"));
        assert!(read(dir.path()).unwrap_err().starts_with("cannot be read"));
    }
}
