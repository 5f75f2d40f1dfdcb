//! OpenZeppelin's own library of Merkle trees, run by Node: the truth about trees.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where `.ci/setup` puts it.
pub(crate) fn modules() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/npm/merkle/node_modules");
    assert!(modules.is_dir(), "{} is not there: run .ci/setup", modules.display());
    modules
}

/// What a script says as JSON that was given `input` as `input`, and the library as `Tree`.
fn node(script: &str, input: &Value) -> Value {
    let whole = format!(
        "const {{ StandardMerkleTree: Tree }} = require('@openzeppelin/merkle-tree');
        const input = JSON.parse(require('fs').readFileSync(0));
        console.log(JSON.stringify((() => {{ {script} }})()));"
    );
    let mut child = Command::new("node")
        .args(["-e", &whole])
        .env("NODE_PATH", modules())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is there, as .ci/setup asks for");
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "node fails: {script}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The dump of the tree that the library builds of each list of values.
pub(crate) fn dumps(encoding: &[&str], lists: &[Vec<Vec<String>>]) -> Vec<Value> {
    let input = serde_json::json!({"encoding": encoding, "lists": lists});
    let script = "return input.lists.map(values => Tree.of(values, input.encoding).dump());";
    node(script, &input).as_array().unwrap().clone()
}

/// The root of the tree that the library builds of these values.
pub(crate) fn root(encoding: &[&str], values: &[Vec<String>]) -> String {
    dumps(encoding, &[values.to_vec()])[0]["tree"][0].as_str().unwrap().to_owned()
}

/// Loads a dump, checks it and each of its proofs, and answers its root.
pub(crate) fn loaded(dump: &Value) -> String {
    let script = "const tree = Tree.load(input); tree.validate();
        for (const [at, value] of tree.entries())
            if (!Tree.verify(tree.root, input.leafEncoding, value, tree.getProof(at))) throw at;
        return tree.root;";
    node(script, dump).as_str().unwrap().to_owned()
}
