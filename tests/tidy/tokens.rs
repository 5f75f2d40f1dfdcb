//! A Rust file as a row of tokens: comments and documentation are gone, macros are looked into,
//! and each token knows its line, its attribute, its inline module and whether it is a test's.

use std::rc::Rc;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// One token. Brackets are tokens of their own, and `::` is one.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// As it is written.
    pub(crate) text: String,
    /// Counted from one.
    pub(crate) line: usize,
    /// Within an item of `#[cfg(test)]` or `#[test]`.
    pub(crate) test: bool,
    /// Within `#[…]`.
    pub(crate) attribute: bool,
    /// The inline modules around it, outermost first.
    pub(crate) inside: Rc<[String]>,
}

impl Token {
    /// Whether it is a name or a keyword.
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && !self.text.contains(['"', '\''])
    }

    /// What a string literal begins with, up to its first escape; nothing of any other token.
    pub(crate) fn string(&self) -> Option<&str> {
        let (before, text) = self.text.split_once('"')?;
        before.chars().all(|mark| "rbc#".contains(mark)).then(|| text.trim_end_matches(['"', '#']))
    }
}

/// Takes a file apart.
pub(crate) fn tokens(path: &str, text: &str) -> Vec<Token> {
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut out = Vec::new();
    let around = Around { test: false, attribute: false, inside: Rc::new([]) };
    flatten(stream, &around, &mut out);
    out
}

/// The places where these words follow each other, each with all that comes after.
pub(crate) fn runs<'a>(all: &'a [Token], words: &'a [&str]) -> impl Iterator<Item = &'a [Token]> {
    (0..all.len()).map(|at| &all[at..]).filter(|rest| begins(rest, words))
}

/// Whether tokens begin with these words.
pub(crate) fn begins(rest: &[Token], words: &[&str]) -> bool {
    rest.len() >= words.len() && rest.iter().zip(words).all(|(token, word)| token.text == *word)
}

/// The tokens within the bracket that opens first, without it.
pub(crate) fn bracketed(rest: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (at, token) in rest.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return rest.get(1..at).unwrap_or_default();
        }
    }
    &[]
}

#[derive(Clone)]
struct Around {
    test: bool,
    attribute: bool,
    inside: Rc<[String]>,
}

impl Around {
    fn token(&self, text: String, line: usize) -> Token {
        let Self { test, attribute, inside } = self.clone();
        Token { text, line, test, attribute, inside }
    }
}

fn flatten(stream: TokenStream, outer: &Around, out: &mut Vec<Token>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut around = outer.clone();
    for (at, tree) in trees.iter().enumerate() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let mut within = around.clone();
                within.attribute |= after_hash(&trees[..at]) && bracket(group);
                if let Some(name) = module(&trees[..at]) {
                    within.inside = around.inside.iter().cloned().chain([name]).collect();
                }
                if within.attribute && documents(group) {
                    continue;
                }
                put(group, &within, out);
                around.test |= within.attribute && tests(group);
                if group.delimiter() == Delimiter::Brace {
                    around.test = outer.test;
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && follows_colon(&trees[..at]) => {
                out.last_mut().expect("a colon came before").text = "::".to_owned();
            }
            tree => {
                out.push(around.token(tree.to_string(), line));
                if tree.to_string() == ";" {
                    around.test = outer.test;
                }
            }
        }
    }
}

fn put(group: &Group, around: &Around, out: &mut Vec<Token>) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    out.push(around.token(open.to_owned(), group.span_open().start().line));
    flatten(group.stream(), around, out);
    out.push(around.token(close.to_owned(), group.span_close().start().line));
}

fn bracket(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket
}

/// Whether an attribute's bracket comes next.
fn after_hash(before: &[TokenTree]) -> bool {
    let is = |tree: &TokenTree, wanted| match tree {
        TokenTree::Punct(mark) => mark.as_char() == wanted,
        _ => false,
    };
    match before {
        [.., hash, inner] if is(inner, '!') => is(hash, '#'),
        [.., hash] => is(hash, '#'),
        [] => false,
    }
}

fn follows_colon(before: &[TokenTree]) -> bool {
    let joint =
        |mark: &proc_macro2::Punct| mark.as_char() == ':' && mark.spacing() == Spacing::Joint;
    matches!(before.last(), Some(TokenTree::Punct(mark)) if joint(mark))
}

/// The name of the inline module whose body comes next.
fn module(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(word), TokenTree::Ident(name)] if word == "mod" => {
            Some(name.to_string())
        }
        _ => None,
    }
}

fn documents(attribute: &Group) -> bool {
    matches!(attribute.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

/// Whether an attribute makes a test of what follows: `#[cfg(test)]`, `#[test]`, `#[tokio::test]`.
fn tests(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    text == "test" || text.ends_with("::test") || (text.starts_with("cfg(") && has_test(&text))
}

fn has_test(condition: &str) -> bool {
    condition.split(|mark: char| !mark.is_alphanumeric() && mark != '_').any(|word| word == "test")
        && !condition.contains("not(test)")
}
