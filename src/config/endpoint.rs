//! `chains.<name>.endpoints`: the nodes that a chain is asked through.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use secrecy::SecretString;
use url::Url;

use super::fault::Fault;
use super::section::{Reader, Section, whole};
use super::show::Setting;
use super::tree::{Node, Value};
use super::{EndpointConfig, EndpointRole};

/// Most endpoints of a chain: each has a connection, a record and its own metrics.
const ENDPOINTS_MAX: usize = 32;

/// Longest name: it is a label of metrics and a column of tables.
pub(super) const NAME_BYTES_MAX: usize = 32;

/// The fastest of paid plans stay far below the upper end.
const RPS: RangeInclusive<i64> = 1..=100_000;

const URL: &str = "a URL with http, https, ws or wss, such as https://eth.example/v1/KEY";
const ITEM: &str = "a URL, or a table with name, url or url_file, role, rps";

pub(super) fn read(
    reader: &mut Reader,
    path: &str,
    node: Option<&Node>,
) -> Option<Vec<EndpointConfig>> {
    let items = node.and_then(Node::list);
    let found = match (node, items) {
        (None, _) => Some("missing".to_owned()),
        (Some(node), None) => Some(node.kind_found()),
        (_, Some([])) => Some("found an empty list".into()),
        (_, Some(items)) if items.len() > ENDPOINTS_MAX => {
            Some(format!("found {} endpoints", items.len()))
        }
        _ => None,
    };
    if let Some(found) = found {
        let allowed = format!("a list of 1 to {ENDPOINTS_MAX} endpoints, each {ITEM}");
        let origin = node.map(|node| node.origin.clone());
        reader.faults.push(Fault { path: path.into(), found, allowed, origin });
        return None;
    }
    let mut names = BTreeMap::new();
    let mut endpoints = Vec::new();
    for (index, item) in items?.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let endpoint = read_one(reader, (&path, index), item);
        if let Some(name) = endpoint.as_ref().map(|endpoint| endpoint.name.clone())
            && let Some(first) = names.insert(name.clone(), index)
        {
            reader.faults.push(Fault {
                path: format!("{path}.name"),
                found: format!("{name:?} is also the name of endpoints[{first}]"),
                allowed: "a name of its own".into(),
                origin: Some(item.origin.clone()),
            });
        }
        endpoints.push(endpoint);
    }
    endpoints.into_iter().collect()
}

fn read_one(
    reader: &mut Reader,
    (path, index): (&str, usize),
    item: &Node,
) -> Option<EndpointConfig> {
    let default_name = format!("endpoint-{}", index + 1);
    match &item.value {
        Value::Text(url) if is_endpoint_url(url) => {
            let mut show = |path: String, value: &str, origin| {
                reader.settings.push(Setting { path, value: Some(value.into()), origin });
            };
            show(path.into(), Setting::HIDDEN, item.origin.clone());
            show(
                format!("{path}.name"),
                &format!("{default_name:?}"),
                super::origin::Origin::Default,
            );
            let url = SecretString::from(url.as_str());
            Some(EndpointConfig { name: default_name, url, role: EndpointRole::Main, rps: None })
        }
        Value::Table(_) => {
            let mut section = Section::open(reader, path, Some(item));
            let name = section.or(
                "name",
                "1 to 32 letters, digits, hyphens, dots, underscores",
                (default_name.clone(), &default_name),
                |node| node.text().filter(|name| is_name(name)).map(str::to_owned),
            );
            let url = section.secret(("url", "url_file"), URL, is_endpoint_url);
            if !section.has("url") && !section.has("url_file") {
                section.fault("url", "missing, as is `url_file`".into(), URL);
            }
            let role = section.or("role", "main, spare", (EndpointRole::Main, "main"), role);
            let rps = section.optional("rps", &whole("requests a second", &RPS), |node| {
                node.integer(&RPS).and_then(|number| u32::try_from(number).ok())
            });
            section.finish();
            Some(EndpointConfig { name: name?, url: url?, role: role?, rps })
        }
        _ => {
            let (found, origin) = (item.kind_found(), Some(item.origin.clone()));
            let allowed = format!("{ITEM}; the URL with http, https, ws or wss");
            reader.faults.push(Fault { path: path.into(), found, allowed, origin });
            None
        }
    }
}

fn role(node: &Node) -> Option<EndpointRole> {
    match node.text()? {
        "main" => Some(EndpointRole::Main),
        "spare" => Some(EndpointRole::Spare),
        _ => None,
    }
}

fn is_endpoint_url(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.has_host())
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain)
}
