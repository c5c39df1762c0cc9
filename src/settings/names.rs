//! Names that stand for values in texts: `{port}`. Filled strictly: a name that is not known is a fault, and so is a
//! brace alone; `{{` and `}}` stand for braces.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::Faults;
use super::files::Place;
use super::word;

/// Names and their values, some of them shared with others. A value may itself hold names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    values: BTreeMap<String, (String, Place)>,
    outer: Option<Arc<Names>>,
}

/// Deeper nesting of names is a cycle in all but name.
const DEEPEST: usize = 16;
/// Names that double each other could fill all memory.
const LONGEST: usize = 64 * 1024;

const BRACES: &str = "write {name} for a value, and {{ or }} for a brace itself";

impl Names {
    /// None of its own yet, over names that are shared.
    pub fn over(outer: &Arc<Names>) -> Self {
        Self { values: BTreeMap::new(), outer: Some(Arc::clone(outer)) }
    }

    /// Adds or replaces a name.
    pub fn set(&mut self, name: &str, value: impl Into<String>, place: Place) {
        self.values.insert(name.to_owned(), (value.into(), place));
    }

    /// Fills a text; a fault at the bad part of `place` when a name is unknown, a brace is alone or names go in
    /// circles.
    pub fn fill(&self, text: &str, place: Place, faults: &Faults<'_>) -> Option<String> {
        self.fill_within(text, place, faults, &mut Vec::new())
    }

    /// The value of one name, filled; what is wrong is told at `place`, where the name is used.
    pub fn value(&self, name: &str, place: Place, faults: &Faults<'_>) -> Option<String> {
        self.value_within(name, place, faults, &mut Vec::new())
    }

    /// Every name with its value, filled; what is wrong with one is told where it is written.
    pub fn all(&self, faults: &Faults<'_>) -> BTreeMap<String, String> {
        let filled = |name: &String| {
            let place = self.get(name).map(|(_, place)| *place).unwrap_or_default();
            Some((name.clone(), self.value(name, place, faults)?))
        };
        self.keys().iter().filter_map(filled).collect()
    }

    fn keys(&self) -> Vec<String> {
        let outer = self.outer.as_ref().map(|outer| outer.keys()).unwrap_or_default();
        outer.into_iter().chain(self.values.keys().cloned()).collect()
    }

    fn fill_within(&self, text: &str, place: Place, faults: &Faults<'_>, chain: &mut Vec<String>) -> Option<String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            filled.push_str(rest.get(..at)?);
            rest = rest.get(at..)?;
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                filled.push_str(rest.get(..1)?);
                rest = after;
                continue;
            }
            let here = part(faults, place, text, text.len() - rest.len(), 1);
            let Some(inner) = rest.strip_prefix('{') else {
                faults.error(here, "a closing brace stands alone", BRACES);
                return None;
            };
            let Some((name, after)) = inner.split_once('}').filter(|(name, _)| !name.contains('{')) else {
                faults.error(here, "an opening brace is never closed", BRACES);
                return None;
            };
            let here = part(faults, place, text, text.len() - rest.len(), name.len() + 2);
            filled.push_str(&self.value_within(name.trim(), here, faults, chain)?);
            if filled.len() > LONGEST {
                faults.error(here, "the text with its names filled in is too long", "let the names hold less");
                return None;
            }
            rest = after;
        }
        filled.push_str(rest);
        Some(filled)
    }

    fn value_within(&self, name: &str, place: Place, faults: &Faults<'_>, chain: &mut Vec<String>) -> Option<String> {
        let Some((value, value_place)) = self.get(name) else {
            let message =
                if name.is_empty() { "`{}` names nothing".into() } else { format!("`{{{name}}}` is not known here") };
            faults.error(place, message, self.hint(name));
            return None;
        };
        if chain.iter().any(|n| n == name) || chain.len() >= DEEPEST {
            chain.push(name.to_owned());
            let circle = chain.iter().map(|n| format!("{{{n}}}")).collect::<Vec<_>>().join(" → ");
            faults.error(place, format!("names go in circles: {circle}"), "give one of them a value without names");
            return None;
        }
        chain.push(name.to_owned());
        let filled = self.fill_within(value, *value_place, faults, chain);
        chain.pop();
        filled
    }

    fn get(&self, name: &str) -> Option<&(String, Place)> {
        self.values.get(name).or_else(|| self.outer.as_ref()?.get(name))
    }

    fn hint(&self, name: &str) -> String {
        let mut known: Vec<&str> = Vec::new();
        let mut layer = Some(self);
        while let Some(names) = layer {
            known.extend(names.values.keys().map(String::as_str));
            layer = names.outer.as_deref();
        }
        if name.is_empty() {
            return BRACES.to_owned();
        }
        let set = format!("or set it: vars = {{ {name} = \"…\" }}");
        if let Some(near) = word::nearest(name, known.iter().copied()) {
            return format!("did you mean `{{{near}}}`? {set}");
        }
        known.sort_unstable();
        known.dedup();
        let braced: Vec<String> = known.iter().map(|n| format!("{{{n}}}")).collect();
        format!("known are {}; {set}", word::few(&braced))
    }
}

/// The place of a part of a text: narrower than the text's own when it can be found in what the file holds, which may
/// be written with escapes.
pub(super) fn part(faults: &Faults<'_>, place: Place, text: &str, start: usize, length: usize) -> Place {
    let written = faults.files().written(place);
    let needle = text.get(start..start + length).unwrap_or_default();
    let alone = || written.find(needle).filter(|at| !needle.is_empty() && written.rfind(needle) == Some(*at));
    match written.find(text).map(|at| at + start).or_else(alone) {
        Some(at) => Place { start: place.start + at, end: place.start + at + length, ..place },
        None => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Files;

    /// What a text becomes with these names, or the fault about it.
    fn filled(names: &[(&str, &str)], text: &str) -> Result<String, String> {
        let mut files = Files::default();
        let file = files.add("x", text);
        let faults = Faults::new(&files);
        let place = Place { file, start: 0, end: text.len() };
        let mut all = Names::default();
        for (name, value) in names {
            all.set(name, *value, Place::default());
        }
        let all = Names::over(&Arc::new(all));
        let filled = all.fill(text, place, &faults);
        let told = faults.into_list().first().map(|f| format!("{}+{} {}", f.column, f.width, f.message));
        filled.ok_or(told.unwrap_or_default())
    }

    #[test]
    fn names_are_filled_in_and_in_names_too() {
        let names = [("port", "80"), ("url", "http://h:{port}")];
        assert_eq!(filled(&names, "{url}/{ port }{{}}").unwrap(), "http://h:80/80{}");
    }

    #[test]
    fn the_bad_part_of_a_text_is_pointed_at() {
        let known = [("port", "80")];
        assert_eq!(filled(&known, "http://{prot}").unwrap_err(), "8+6 `{prot}` is not known here");
        assert_eq!(filled(&known, "a{port").unwrap_err(), "2+1 an opening brace is never closed");
        assert_eq!(filled(&known, "ab}").unwrap_err(), "3+1 a closing brace stands alone");
    }

    #[test]
    fn circles_and_doubling_end() {
        let circle = filled(&[("a", "{b}"), ("b", "{a}")], "x{a}").unwrap_err();
        assert!(circle.ends_with("names go in circles: {a} → {b} → {a}"), "{circle}");
        let doubling: Vec<(String, String)> =
            (0..15).map(|n| (format!("n{n}"), format!("{{n{}}}", n + 1).repeat(30))).collect();
        let mut names: Vec<(&str, &str)> = doubling.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        names.push(("n15", "xxxxxxxx"));
        assert!(filled(&names, "{n0}").unwrap_err().contains("too long"));
    }
}
