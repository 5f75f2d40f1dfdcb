//! JSON shapes of the node API.
