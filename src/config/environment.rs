//! The process's environment, read here and nowhere else.

/// Every environment variable whose name is text. A value that is not becomes text with
/// replacement characters, which the key it sets then refuses.
pub fn variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        })
        .collect()
}
