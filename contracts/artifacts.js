// Takes from forge's output what the repository keeps: artefacts to deploy, ABIs for `sol!`.
// Called by build.sh as: node artifacts.js <forge out> <repository to write to>
const fs = require("node:fs");
const path = require("node:path");

const [out, repository] = process.argv.slice(2);
const built = (source, name) =>
  JSON.parse(fs.readFileSync(path.join(out, `${source}.sol`, `${name}.json`), "utf8"));
const write = (file, value) => {
  const target = path.join(repository, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, JSON.stringify(value, null, 2) + "\n");
};

const contracts = [
  "HeraldCoin",
  "HeraldCollectible",
  "HeraldConsecutive",
  "HeraldItems",
  "LogForge",
  "OddCollectible",
];
for (const name of contracts) {
  const { abi, bytecode } = built(name, name);
  write(`contracts/artifacts/${name}.json`, { abi, bytecode: bytecode.object });
  write(`abi/${name}.json`, abi);
}
// The standard with its metadata extension: what one may ask any collection.
write("abi/ERC721.json", built("IERC721Metadata", "IERC721Metadata").abi);
write("abi/ERC165.json", built("IERC165", "IERC165").abi);
