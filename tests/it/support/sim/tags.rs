//! Where the `safe` and `finalized` tags of a node stand.

/// The rule of one tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// So many blocks below the head; nowhere while the chain is shorter. A greater depth than
    /// before makes the tag step back.
    Depth(u64),
    /// At the head.
    Latest,
    /// At this height, nowhere while the head is lower.
    Fixed(u64),
    /// The node knows the tag and answers `null`.
    Null,
    /// The node refuses the tag.
    Unsupported,
}

impl Tag {
    /// The height of the tag under this head.
    pub(crate) fn height(self, head: u64) -> Option<u64> {
        match self {
            Self::Depth(depth) => head.checked_sub(depth),
            Self::Latest => Some(head),
            Self::Fixed(height) => Some(height).filter(|height| *height <= head),
            Self::Null | Self::Unsupported => None,
        }
    }
}

/// Both tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tags {
    /// The rule of `safe`.
    pub(crate) safe: Tag,
    /// The rule of `finalized`.
    pub(crate) finalized: Tag,
}

impl Default for Tags {
    /// Close to the head, so that short histories have blocks on both sides.
    fn default() -> Self {
        Self { safe: Tag::Depth(8), finalized: Tag::Depth(16) }
    }
}
