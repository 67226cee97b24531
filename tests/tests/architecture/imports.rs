//! Which module imports which, read from the sources as the compiler reads them.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A module's path below the crate's root, and the text of its file.
pub(crate) struct Source {
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
}

/// Who imports whom, each with one place that does.
pub(crate) type Edges = BTreeMap<(String, String), String>;

/// Every path that begins in this crate and that `source` names outside tests: in a `use`, an expression, a type or a macro.
pub(crate) fn paths(source: &Source) -> BTreeSet<Vec<String>> {
    let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.module.join("::")));
    let mut collector = Collector { module: source.module.clone(), found: BTreeSet::new() };
    collector.visit_file(&file);
    collector.found
}

/// The names that a module's file re-exports from its children: name to child.
pub(crate) fn reexports(source: &Source) -> BTreeMap<String, String> {
    let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.module.join("::")));
    let children: BTreeSet<String> = file
        .items
        .iter()
        .filter_map(|item| if let syn::Item::Mod(module) = item { Some(module.ident.to_string()) } else { None })
        .collect();
    let mut names = BTreeMap::new();
    for item in &file.items {
        let syn::Item::Use(import) = item else { continue };
        if matches!(import.vis, syn::Visibility::Inherited) {
            continue;
        }
        for leaf in leaves(&import.tree) {
            let path: Vec<_> = leaf.iter().skip_while(|part| *part == "self").cloned().collect();
            if let [child, .., name] = path.as_slice()
                && children.contains(child)
            {
                names.insert(name.clone(), child.clone());
            }
        }
    }
    names
}

/// The edges between the crate's top-level modules.
pub(crate) fn between_rooms(sources: &[Source]) -> Edges {
    let mut edges = Edges::new();
    for source in sources {
        let Some(room) = source.module.first() else { continue };
        for path in paths(source) {
            if let Some(imported) = path.first().filter(|imported| *imported != room) {
                edges
                    .entry((room.clone(), imported.clone()))
                    .or_insert_with(|| format!("{} names crate::{}", source.module.join("::"), path.join("::")));
            }
        }
    }
    edges
}

/// The edges between the modules directly below `parent`; what the parent re-exports counts as the child's that it is from.
pub(crate) fn between_children(sources: &[Source], parent: &[String]) -> Edges {
    let names = sources.iter().find(|source| source.module == parent).map(reexports).unwrap_or_default();
    let children: BTreeSet<&String> = sources
        .iter()
        .filter(|source| source.module.len() > parent.len() && source.module.starts_with(parent))
        .filter_map(|source| source.module.get(parent.len()))
        .collect();
    let mut edges = Edges::new();
    for source in sources.iter().filter(|source| source.module.starts_with(parent)) {
        let Some(child) = source.module.get(parent.len()) else { continue };
        for path in paths(source) {
            let Some(name) = path.strip_prefix(parent).and_then(<[String]>::first) else { continue };
            let imported = if children.contains(name) { Some(name) } else { names.get(name) };
            if let Some(imported) = imported.filter(|imported| *imported != child) {
                edges
                    .entry((child.clone(), imported.clone()))
                    .or_insert_with(|| format!("{} names crate::{}", source.module.join("::"), path.join("::")));
            }
        }
    }
    edges
}

/// A circle among `edges`, as the places that close it; empty if there is none.
pub(crate) fn circle(edges: &Edges) -> Vec<String> {
    fn search<'a>(
        edges: &'a Edges,
        from: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Vec<String> {
        if let Some(start) = way.iter().position(|module| *module == from) {
            let round: Vec<_> = way.iter().skip(start).copied().chain([from]).collect();
            return round
                .windows(2)
                .filter_map(|step| edges.get(&(step.first()?.to_string(), step.last()?.to_string())).cloned())
                .collect();
        }
        if !done.insert(from) {
            return Vec::new();
        }
        way.push(from);
        for (_, to) in edges.keys().filter(|(importer, _)| importer == from) {
            let found = search(edges, to, way, done);
            if !found.is_empty() {
                return found;
            }
        }
        way.pop();
        Vec::new()
    }
    let mut done = BTreeSet::new();
    edges
        .keys()
        .map(|(from, _)| search(edges, from, &mut Vec::new(), &mut done))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

struct Collector {
    /// The module that the visited item stands in.
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
}

impl Collector {
    /// Notes `path` if it begins in this crate: `crate::…`, `super::…` or `self::…`.
    fn note(&mut self, path: &[String]) {
        let mut base = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.module.clone(),
            _ => return,
        };
        let mut rest = path.iter().skip_while(|part| *part == "crate" || *part == "self").peekable();
        while rest.next_if(|part| *part == "super").is_some() {
            base.pop();
        }
        base.extend(rest.cloned());
        if !base.is_empty() {
            self.found.insert(base);
        }
    }

    /// Paths in what a macro is given, which is tokens only.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if path.is_empty() || colons == 2 => {
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Group(group) => {
                    self.note(&std::mem::take(&mut path));
                    self.note_tokens(group.stream());
                }
                TokenTree::Ident(ident) => {
                    self.note(&std::mem::replace(&mut path, vec![ident.to_string()]));
                    colons = 0;
                }
                _ => self.note(&std::mem::take(&mut path)),
            }
        }
        self.note(&path);
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = if let syn::ImplItem::Fn(function) = item { function.attrs.as_slice() } else { &[] };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        for leaf in leaves(&import.tree) {
            self.note(&leaf);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&parts);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.note_tokens(invocation.tokens.clone());
        visit::visit_macro(self, invocation);
    }
}

/// Every path of a `use`.
fn leaves(tree: &syn::UseTree) -> Vec<Vec<String>> {
    match tree {
        syn::UseTree::Path(path) => leaves(&path.tree)
            .into_iter()
            .map(|rest| std::iter::once(path.ident.to_string()).chain(rest).collect())
            .collect(),
        syn::UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        syn::UseTree::Rename(rename) => vec![vec![rename.ident.to_string()]],
        syn::UseTree::Glob(_) => vec![vec!["*".to_owned()]],
        syn::UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    use syn::Item;
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item is there under test only: tests may import what they like.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let words = list.tokens.to_string();
        list.path.is_ident("cfg") && !words.contains("not") && (words.contains("test"))
    })
}
