//! The templates, read as far as tests and the documentation need.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::configuration::root;

/// The logical id of the function in its own template.
pub const RESOURCE: &str = "Function";

/// The parameter for all variables that a template does not set.
const SETTINGS: &str = "Settings";

/// Where a function's template sets its variables.
pub const VARIABLES: [&str; 5] = ["Resources", RESOURCE, "Properties", "Environment", "Variables"];

/// A path of keys: `start`, then `end`.
#[must_use]
pub fn path<A: AsRef<str>>(start: &[A], end: &[&str]) -> Vec<String> {
    start.iter().map(|part| part.as_ref().to_owned()).chain(end.iter().map(|part| (*part).to_owned())).collect()
}

/// The mappings of a template with the values that stand on one line: as much YAML as the template's own style needs.
/// CloudFormation's tags make it something that YAML parsers refuse.
#[derive(Debug)]
pub struct Template {
    /// Each key's value, by the keys that lead to it.
    values: BTreeMap<Vec<String>, String>,
    /// Each key's value with everything that is indented below it.
    blocks: BTreeMap<Vec<String>, String>,
}

impl Template {
    /// The template that composes the functions.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_root() -> io::Result<Self> {
        Self::read(&root())
    }

    /// The template of a function's alarms and its dashboard.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_monitoring() -> io::Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(root().join("monitoring.yaml"))?))
    }

    /// A function's own template.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_function(name: &str) -> io::Result<Self> {
        Self::read(&root().join("functions").join(name))
    }

    fn read(folder: &Path) -> io::Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string(folder.join("template.yaml"))?))
    }

    fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        let mut blocks: BTreeMap<Vec<String>, String> = BTreeMap::new();
        let mut open: Vec<(usize, String)> = Vec::new();
        for line in text.lines() {
            let content = line.trim_start();
            let indent = line.len() - content.len();
            open.retain(|(outer, _)| content.is_empty() || *outer < indent);
            for end in 1..=open.len() {
                let path: Vec<_> = open.iter().take(end).map(|(_, key)| key.clone()).collect();
                *blocks.entry(path).or_default() += &format!("{content}\n");
            }
            let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte));
            let Some((key, value)) = content.split_once(':').filter(|(key, _)| !key.is_empty() && is_key(key)) else {
                continue;
            };
            if key.starts_with('-') {
                continue;
            }
            open.push((indent, key.to_owned()));
            let value = value.split(" #").next().unwrap_or_default().trim();
            let path: Vec<_> = open.iter().map(|(_, key)| key.clone()).collect();
            blocks.insert(path.clone(), format!("{value}\n"));
            values.insert(path, value.to_owned());
        }
        Self { values, blocks }
    }

    /// The keys right below a path.
    #[must_use]
    pub fn children<P: AsRef<str>>(&self, parent: &[P]) -> BTreeSet<String> {
        let parent = path(parent, &[]);
        let below = self.values.keys().filter(|path| path.len() == parent.len() + 1 && path.starts_with(&parent));
        below.filter_map(|path| path.last().cloned()).collect()
    }

    /// The value of a path, where it stands on one line.
    #[must_use]
    pub fn value<P: AsRef<str>>(&self, of: &[P]) -> Option<&str> {
        self.values.get(&path(of, &[])).map(String::as_str)
    }

    /// What stands at a path, with everything that is indented below it, without the indentation. Empty if there is nothing.
    #[must_use]
    pub fn block<P: AsRef<str>>(&self, of: &[P]) -> &str {
        self.blocks.get(&path(of, &[])).map_or("", String::as_str)
    }

    /// The logical ids of the resources of a type.
    #[must_use]
    pub fn resources_of_type(&self, kind: &str) -> Vec<String> {
        let resources = self.children(&["Resources"]).into_iter();
        resources.filter(|id| self.value(&["Resources", id, "Type"]) == Some(kind)).collect()
    }

    /// The parameters that set the function's variable, in the order of their names: those that its value names, or else those
    /// behind the conditions that choose its value.
    #[must_use]
    pub fn parameters_of_variable(&self, variable: &str) -> Vec<String> {
        let variable = path(&VARIABLES, &[variable]);
        if !self.values.contains_key(&variable) {
            return vec![SETTINGS.to_owned()];
        }
        let named = self.named(&variable, "Parameters");
        if !named.is_empty() {
            return named.into_iter().collect();
        }
        let conditions = self.named(&variable, "Conditions");
        let behind =
            conditions.iter().flat_map(|condition| self.named(&path(&["Conditions"], &[condition]), "Parameters"));
        behind.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The children of the section `of` whose names are words of the value of `key`.
    fn named(&self, key: &[String], of: &str) -> BTreeSet<String> {
        let block = self.block(key);
        let words: BTreeSet<_> = block.split(|character: char| !character.is_ascii_alphanumeric()).collect();
        self.children(&[of]).into_iter().filter(|name| words.contains(name.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_reader_reads_nested_keys() {
        let template =
            Template::parse("A:\n  B: 1 # why\n  # C: 2\n  D:\n    - E: 3\n    F: !If\n      - x\n  G: {}\nH: 4\n");
        assert_eq!(template.children(&["A"]), ["B", "D", "G"].map(str::to_owned).into());
        assert_eq!(template.children(&["A", "D"]), ["F".to_owned()].into());
        assert_eq!(template.value(&["A", "B"]), Some("1"));
        assert_eq!(template.value(&["H"]), Some("4"));
        assert_eq!(template.blocks[&path(&["A", "D"], &[])], "\n- E: 3\nF: !If\n- x\n");
    }
}
