//! The layers of the library, and that imports only go down.

use std::collections::BTreeSet;
use std::fs;

use super::imports::{Edges, Source, between_children, between_rooms, circle};
use super::{is_test, root, sources};

/// The library's modules, the lowest layer first: a module imports from the layers below its own only, and modules of one layer do not
/// import each other. ARCHITECTURE.md shows the same.
const LAYERS: &[(&str, &[&str])] = &[
    ("format", &["message"]),
    ("basics", &["clock", "failure", "text", "trace", "worker_threads"]),
    ("configuration", &["config"]),
    ("time", &["retry"]),
    ("words", &["invocation", "logging", "materials_cache", "metrics", "records"]),
    ("keys", &["data_keys", "kpl"]),
    ("formats", &["record_format"]),
    ("decryptor", &["decryptor"]),
    ("services", &["aws"]),
    ("adapters", &["delivery", "kinesis", "kms"]),
    ("stores", &["s3", "sqs"]),
    ("destinations", &["encrypting_writer", "quarantine", "sinks"]),
    ("batches", &["batch"]),
    ("front door", &["lambda"]),
];

fn library() -> Vec<Source> {
    sources("shared/src")
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| {
            let below = path.strip_prefix("shared/src").unwrap().with_extension("");
            let mut module: Vec<_> = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
                module.pop();
            }
            Source { module, text: fs::read_to_string(root().join(path)).unwrap() }
        })
        .collect()
}

/// The imports that do not go down, in words.
fn upward(edges: &Edges) -> Vec<String> {
    let layer = |module: &str| {
        LAYERS.iter().position(|(_, modules)| modules.contains(&module)).ok_or(format!("{module} has no layer"))
    };
    let mut wrong = Vec::new();
    for ((from, to), place) in edges {
        match (layer(from), layer(to)) {
            (Ok(from), Ok(to)) if to < from => {}
            (Ok(_), Ok(_)) => wrong.push(place.clone()),
            (Err(unknown), _) | (_, Err(unknown)) => wrong.push(format!("{place}: {unknown}")),
        }
    }
    wrong
}

#[test]
fn imports_between_the_modules_of_the_library_only_go_down() {
    let library = library();
    let wrong = upward(&between_rooms(&library));
    assert!(wrong.is_empty(), "these imports do not go down:\n{}", wrong.join("\n"));
}

#[test]
fn no_modules_import_each_other_round_a_circle() {
    assert_eq!(circle(&between_rooms(&library())), Vec::<String>::new());
}

#[test]
fn no_neighbours_within_a_module_import_each_other_round_a_circle() {
    let library = library();
    let parents: BTreeSet<_> =
        library.iter().filter_map(|source| source.module.split_last()).map(|(_, parent)| parent.to_vec()).collect();
    let circles: Vec<_> = parents
        .iter()
        .filter(|parent| !parent.is_empty())
        .map(|parent| circle(&between_children(&library, parent)))
        .filter(|found| !found.is_empty())
        .map(|found| found.join("\n"))
        .collect();
    assert!(circles.is_empty(), "these neighbours import each other round a circle:\n{}", circles.join("\n\n"));
}

#[test]
fn every_layer_is_shown_in_the_architecture_and_every_module_has_one() {
    let shown = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut rest = shown.as_str();
    // From the top of the house down.
    for (layer, modules) in LAYERS.iter().rev() {
        for module in *modules {
            assert!(
                root().join("shared/src").join(module).exists()
                    || root().join(format!("shared/src/{module}.rs")).exists(),
                "{module}"
            );
        }
        let row = format!(
            "| {layer} | {} |",
            modules.iter().map(|module| format!("`{module}`")).collect::<Vec<_>>().join(", ")
        );
        let Some((_, after)) = rest.split_once(&row) else {
            panic!("ARCHITECTURE.md lacks, or has elsewhere, the row\n{row}")
        };
        rest = after;
    }
    let picture = fs::read_to_string(root().join("docs/architecture.svg")).unwrap();
    for module in LAYERS.iter().flat_map(|(_, modules)| *modules) {
        assert!(picture.contains(&format!(">{module}<")), "the picture lacks {module}");
    }
    let modules: BTreeSet<_> = library().into_iter().filter_map(|source| source.module.first().cloned()).collect();
    let layered: BTreeSet<_> = LAYERS.iter().flat_map(|(_, modules)| modules.iter().map(ToString::to_string)).collect();
    assert_eq!(modules, layered);
}

fn source(module: &str, text: &str) -> Source {
    Source { module: module.split("::").map(str::to_owned).collect(), text: text.to_owned() }
}

/// `edges`, and those of a module `records::added` with the source `text`.
fn with(edges: &Edges, text: &str) -> Edges {
    let mut edges = edges.clone();
    edges.extend(between_rooms(&[source("records::added", text)]));
    edges
}

#[test]
fn an_import_that_closes_a_circle_is_found_however_it_is_written() {
    let edges = between_rooms(&library());
    for import in [
        "use crate::batch::BatchReport;",
        "use crate::{batch::{BatchReport}, clock};",
        "fn f() { let _ = crate::batch::unheard_of(); }",
        "fn f(_: super::super::batch::BatchReport) {}",
        "fn f() { println!(\"{}\", crate::batch::NAME); }",
        "mod inner { use super::super::super::batch::BatchReport; }",
    ] {
        let edges = with(&edges, import);
        assert!(!circle(&edges).is_empty(), "no circle found with {import}");
        assert!(!upward(&edges).is_empty(), "{import} goes up");
    }
}

#[test]
fn what_only_tests_import_closes_no_circle() {
    let edges = between_rooms(&library());
    for import in [
        "#[cfg(test)] use crate::batch::BatchReport;",
        "#[cfg(test)] mod tests { use crate::batch::BatchReport; }",
        "// use crate::batch::BatchReport;",
    ] {
        assert_eq!(with(&edges, import), edges, "{import}");
    }
}

#[test]
fn a_circle_of_neighbours_is_found_through_what_their_parent_re_exports() {
    let source = |module: &str, text: &str| Source {
        module: module.split("::").map(str::to_owned).collect(),
        text: text.to_owned(),
    };
    let library = [
        source("room", "mod one; mod two; pub use one::One; pub(crate) use self::two::{Two, three as Three};"),
        source("room::one", "use super::Two;"),
        source("room::two", "fn f() { let _ = super::One; }"),
    ];
    let parent = ["room".to_owned()];
    assert_eq!(circle(&between_children(&library, &parent)).len(), 2);
    assert!(circle(&between_children(&library[..2], &parent)).is_empty());
}
