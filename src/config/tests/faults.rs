//! Every fault of a configuration: that it is told, at which key, in which words.

use super::{faults_of, good, load_with};

/// Each row: a configuration, and the start of the one fault it has.
const FAULTS: &[(&str, &str)] = &[
    ("htpp = 1", "htpp: unknown key, did you mean `http`?; allowed: chains, database, "),
    ("roles = []", "roles: found []; allowed: a list of index, api, each at most once (herald"),
    ("roles = ['api', 'all']", "roles: found [\"api\", \"all\"]; allowed: a list of index, api, "),
    ("roles = ['api', 'api']", "roles: found [\"api\", \"api\"]; allowed: a list of index, api, "),
    ("roles = 'api'", "roles: found \"api\"; allowed: a list of index, api, each at most once ("),
    ("[http]\nport = 1", "http.port: unknown key; allowed: cors_origins, listen, r"),
    ("[http]\nlisten = 'localhost'", "http.listen: found \"localhost\"; allowed: an address and "),
    ("[http]\nrequest_timeout_ms = 5", "http.request_timeout_ms: found 5; allowed: a whole numb"),
    ("[http]\nrequest_timeout_ms = '500'", "http.request_timeout_ms: found \"500\"; allowed: "),
    ("[http]\ncors_origins = '*'", "http.cors_origins: found a text, which is not shown; allowed"),
    (
        "[http]\ncors_origins = ['*', 'https://x']",
        "http.cors_origins[0]: found \"*\"; allowed: an ",
    ),
    ("[http]\ncors_origins = ['https://u:p@x']", "http.cors_origins[0]: found a URL, which is no"),
    ("[http]\ncors_origins = [1]", "http.cors_origins[0]: found 1; allowed: an origin as browser"),
    (
        "http = 1",
        "http: found a whole number, which is not shown; allowed: a table (herald.toml:1)",
    ),
    ("[database]\nurl = 'mysql://x'", "database.url: found a text, which is not shown; allowed"),
    ("[database]\nurl = ''", "database.url: found an empty text, which is not shown; allowed: "),
    ("[database]\nurl = 1", "database.url: found a whole number, which is not shown; allowed: a"),
    ("[database]\nurl_file = '/absent'", "database.url_file: cannot be opened: "),
    ("[database]\nurl_file = '/dev/null'", "database.url_file: an empty file; allowed: a file "),
    ("[database]\nurl_file = '/dev/zero'", "database.url_file: a file of more than 16384 bytes"),
    ("[database]\nurl = 'postgres://x/y'\nurl_file = '/x'", "database.url: given beside `url_fi"),
    ("[database]\nurl = 'postgres://x/y'\nembedded = true", "database.embedded: true beside `d"),
    ("[database]\nembedded = 'yes'", "database.embedded: found \"yes\"; allowed: true or false"),
    ("[database]\nread_lag_max_ms = 99", "database.read_lag_max_ms: found 99; allowed: a whole n"),
    ("[database]\nread_url = 'http://s'", "database.read_url: found "),
    (
        "[database]\nread_url = 'postgres://x/y'\nembedded = true",
        "database.embedded: true beside `d",
    ),
    ("[database]\nconnections_max = 5", "database.connections_max: found 5; allowed: a whole n"),
    ("[database]\nconnections_max = 1001", "database.connections_max: found 1001; allowed: "),
    ("[database]\nuser = 'a b'", "database.user: found \"a b\"; allowed: the name of a user "),
    (
        "[database]\ndata_dir = ''",
        "database.data_dir: found \"\"; allowed: the path of a directory",
    ),
    (
        "[log]\nformat = 'xml'",
        "log.format: found \"xml\"; allowed: auto, pretty, json (herald.toml",
    ),
    ("[log]\nfilter = 'verbose'", "log.filter: found \"verbose\"; allowed: levels (off, error, "),
    ("[pin]\nkubo = 'http://a:b@x'", "pin.kubo: found a URL, which is not shown; allowed: an ht"),
    ("[dev]\nanvil = 1", "dev.anvil: found 1; allowed: the path of a program (herald.toml:2)"),
    ("chains = 1", "chains: found a whole number, which is not shown; allowed: at most 100 table"),
    (
        "[chains]\nbase = 1",
        "chains.base: found a whole number, which is not shown; allowed: a table",
    ),
    ("[chains.'Main Net']\nid = 1", "chains.\"Main Net\": not a name of a chain; allowed: "),
];

/// As above, for keys of a chain that is whole but for them.
const CHAIN_FAULTS: &[(&str, &str)] = &[
    ("id = 0", "found 0; allowed: "),
    ("id = 'eip155:5'", "found \"eip155:5\"; allowed: the chain's number, such as 8453"),
    ("id = 5\npreset = 'etherum'", "found \"etherum\"; allowed: abstract, apechain, "),
    ("id = 5\npreset = 'ethereum'", "found 5, but the preset `ethereum` is of chain 1; allowed: 1"),
    ("id = 5\nfinality = 'depth'", "found \"depth\"; allowed: tag, time"),
    ("id = 5\nfinality_seconds = 0", "found 0; allowed: a whole number of seconds, 1 to 1209600"),
    ("id = 5\nblock_time_ms = 1", "found 1; allowed: a whole number of milliseconds, 10 to "),
    ("id = 5\nrange_max = 1.5", "found a number with a fraction; allowed: a whole number of bl"),
    ("id = 5\ntrust_bloom = 1", "found 1; allowed: true or false"),
    ("id = 5\nendpont = 1", "unknown key, did you mean `endpoints`?; allowed: block_time_ms, "),
    ("id = 5\ncontracts = 1", "found a whole number, which is not shown; allowed: at most 10000 "),
];

#[test]
fn each_fault_is_told_alone_with_path_finding_and_what_is_allowed() {
    for (text, start) in FAULTS {
        let faults = faults_of(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:#?}");
        assert!(faults[0].starts_with(start), "{text}: {}", faults[0]);
    }
}

#[test]
fn each_fault_of_a_chain_is_told_with_its_key() {
    for (keys, start) in CHAIN_FAULTS {
        let text = format!("[chains.mine]\nendpoints = ['https://x.example']\n{keys}\n");
        let faults = faults_of(&text);
        assert_eq!(faults.len(), 1, "{text}: {faults:#?}");
        let key = keys.lines().last().unwrap().split(' ').next().unwrap();
        let key = if start.contains("but the preset") { "id" } else { key };
        assert!(faults[0].starts_with(&format!("chains.mine.{key}: {start}")), "{}", faults[0]);
    }
}

#[test]
fn a_chain_needs_an_id_and_an_endpoint_and_suggests_the_preset() {
    let faults = faults_of("[chains.etherium]\n");
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults[0].starts_with("chains.etherium.id: missing; allowed: the chain's number"));
    assert!(faults[0].contains("did you mean the preset `ethereum`?"), "{}", faults[0]);
    assert!(faults[1].starts_with("chains.etherium.endpoints: missing; allowed: a list of 1 "));
}

#[test]
fn two_chains_of_one_id_are_a_fault() {
    let text = "[chains.ethereum]\nendpoints = ['https://a.example']\n\
                [chains.second]\nid = 1\nendpoints = ['https://b.example']\n";
    let faults = faults_of(text);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("chains.second.id: eip155:1 is also the id of chains.ethereum"));
}

#[test]
fn each_fault_of_an_endpoint_is_told_without_its_url() {
    for (endpoints, path, start) in [
        ("'https://secret.example'", "", "found a text, which is not shown; allowed: a list of 1"),
        ("[]", "", "found an empty list; allowed: a list of 1 to 32 endpoints"),
        ("['ftp://secret.example']", "[0]", "found a text, which is not shown; allowed: a URL, or"),
        ("['secret.example']", "[0]", "found a text, which is not shown; allowed: a URL, or a tab"),
        ("[1]", "[0]", "found a whole number, which is not shown; allowed: a URL, or a table"),
        ("[{ url = 'secret' }]", "[0].url", "found a text, which is not shown; allowed: a URL wi"),
        ("[{ name = 'a' }]", "[0].url", "missing, as is `url_file`; allowed: a URL with http"),
        ("[{ url = 'ws://secret', url_file = '/x' }]", "[0].url", "given beside `url_file`; allow"),
        (
            "[{ url = 'ws://secret', role = 'first' }]",
            "[0].role",
            "found \"first\"; allowed: main, ",
        ),
        (
            "[{ url = 'ws://secret', rps = 0 }]",
            "[0].rps",
            "found 0; allowed: a whole number of req",
        ),
        ("[{ url = 'ws://secret', key = '://secret' }]", "[0].key", "unknown key; allowed: name, "),
        (
            "[{ url = 'ws://secret', name = 'ws://secret' }]",
            "[0].name",
            "found a URL, which is not",
        ),
        (
            "['ws://secret', { url = 'ws://secret', name = 'endpoint-1' }]",
            "[1].name",
            "\"endpoint-1\" i",
        ),
    ] {
        let faults = faults_of(&format!("[chains.base]\nendpoints = {endpoints}\n"));
        assert_eq!(faults.len(), 1, "{endpoints}: {faults:#?}");
        let start = format!("chains.base.endpoints{path}: {start}");
        assert!(faults[0].starts_with(&start), "{endpoints}: {}", faults[0]);
        assert!(!faults[0].contains("secret"), "{}", faults[0]);
    }
}

#[test]
fn each_fault_of_a_contract_is_told() {
    let lower = "0xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d";
    let sound = format!("{{ address = '{lower}', start_block = 1 }}");
    let wrong_case = lower.replacen("bc", "Bc", 1);
    for (item, path, start) in [
        ("1".to_owned(), "", "found a whole number, which is not shown; allowed: a table"),
        ("{ start_block = 1 }".into(), ".address", "missing; allowed: 0x and 40 hexadecimal"),
        (
            format!("{{ address = '{lower}', start_block = 'x' }}"),
            ".start_block",
            "found \"x\"; allowed: a whole number of the first block that can hold its logs, or absent",
        ),
        ("{ address = '0x12', start_block = 1 }".into(), ".address", "found \"0x12\"; allowed: "),
        (format!("{{ address = '{wrong_case}', start_block = 1 }}"), ".address", "found \"0xBc4"),
        (
            format!("{{ address = '0x{}', start_block = 1 }}", "0".repeat(40)),
            ".address",
            "found \"0x000",
        ),
        (sound.replace('1', "-1"), ".address", "found"),
        (sound.replace(" 1 ", " -1 "), ".start_block", "found -1; allowed: "),
        (
            sound.replace(" }", ", standard = 'erc20' }"),
            ".standard",
            "found \"erc20\"; allowed: er",
        ),
        (format!("{sound}, {sound}"), "", ""),
    ] {
        let text = format!("[chains.base]\nendpoints = ['ws://x']\ncontracts = [{item}]\n");
        let faults = faults_of(&text);
        if path.is_empty() && start.is_empty() {
            let start = "chains.base.contracts[1].address: the same contract as contracts[0]";
            assert!(faults[0].starts_with(start), "{faults:#?}");
            continue;
        }
        let start = format!("chains.base.contracts[0]{path}: {start}");
        assert!(faults.iter().any(|fault| fault.starts_with(&start)), "{item}: {faults:#?}");
    }
    for address in [lower.to_owned(), lower.to_uppercase().replacen("0X", "0x", 1)] {
        good(&format!(
            "[chains.base]\nendpoints = ['ws://x']\n\
             contracts = [{{ address = '{address}', start_block = 0 }}]\n"
        ));
    }
    let text =
        format!("[chains.base]\nendpoints = ['ws://x']\ncontracts = [{{ address = '{lower}' }}]\n");
    assert_eq!(good(&text).config.chains[0].contracts[0].start_block, None);
}

#[test]
fn all_faults_are_told_together() {
    let text = "[http]\nlisten = 1\n[log]\nformat = 2\n[chains.base]\nrange_max = 0\n\
                [chains.polygon]\nid = 2\nendpoints = [3]\n[surprise]\n";
    let faults = load_with(text, &[("HERALD_DATABASE__EMBEDED", "true")]).unwrap_err();
    let paths: Vec<_> = faults.0.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "chains.polygon.id",
            "http.listen",
            "database.embeded",
            "log.format",
            "chains.base.range_max",
            "chains.base.endpoints",
            "chains.polygon.endpoints[0]",
            "surprise"
        ]
    );
    assert!(faults.to_string().contains("(HERALD_DATABASE__EMBEDED)"), "{faults}");
}
