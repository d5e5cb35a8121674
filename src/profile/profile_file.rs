//! Profiles from their TOML form: the meaning of the tables, with the place of a mistake.

use super::operation_spec::{Creates, IdPlace, Lists, OperationSpec, Reference};
use super::profile_rows::{File, OperationRow, ResourceRow};
use super::resource::{MOST_RESOURCES, Resource, ResourceSpec};
use super::toml_text::{Mistake, check_name, distance, fault, meant, pointer, pointer_with_star, table};
use std::collections::BTreeSet;
use toml::Spanned;

/// Parses the text of a profile.
///
/// # Errors
/// The first mistake in its form.
pub(super) fn parse(text: &str) -> Result<File, Mistake> {
    table(text)
}

impl File {
    /// The documented path of the base URL.
    pub(super) fn path(&self) -> &str {
        self.path.as_deref().map_or(self.base(), |path| path.trim_end_matches('/'))
    }

    /// The JSON pointer of the error code; empty if there is none.
    pub(super) fn error_code(&self) -> &str {
        self.error_code.as_ref().map_or("", |code| code.as_ref())
    }

    /// Whether Rust code keeps the state of its resources.
    pub(super) fn is_native(&self) -> bool {
        self.native.is_some()
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.name.as_ref()
    }

    /// Its base path, without a slash at the end.
    pub(super) fn base(&self) -> &str {
        self.base.as_ref().map_or("", |base| base.as_ref().trim_end_matches('/'))
    }

    /// The ids of its features.
    pub(super) fn feature_ids(&self) -> Vec<String> {
        self.feature.iter().map(|row| row.as_ref().id.as_ref().clone()).collect()
    }

    /// Checks what is not an operation: its name, base and features.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        check_name(&self.name, "profile")?;
        if let Some(base) = self.base.as_ref().filter(|base| !base.as_ref().starts_with('/') || base.as_ref().len() < 2)
        {
            return Err(fault(base, "a base path starts with `/`, as in `/v1`; omit it if there is none".to_owned()));
        }
        if let Some(code) = &self.error_code {
            pointer(code)?;
        }
        let mut ids = BTreeSet::new();
        for row in &self.feature {
            let id = &row.as_ref().id;
            check_name(id, "feature")?;
            if !ids.insert(id.as_ref()) {
                return Err(fault(id, format!("feature `{}` is described twice", id.as_ref())));
            }
        }
        let mut mandatory = self.feature.iter().filter(|row| row.as_ref().mandatory);
        match (mandatory.next(), mandatory.next()) {
            (Some(_), None) => Ok(()),
            (_, Some(row)) => Err(fault(row, "two features are mandatory; choose one".to_owned())),
            (None, _) => Err(Mistake {
                span: 0..0,
                message: "no [[feature]] has `mandatory = true`; one is part of every certification".to_owned(),
            }),
        }
    }

    /// Checks what only the built-in profile, which has this name, may have.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn check_loaded(&self, builtin: &str) -> Result<(), Mistake> {
        if self.name.as_ref() == builtin {
            return Err(fault(
                &self.name,
                format!("`{builtin}` is the name of the built-in profile; choose another one"),
            ));
        }
        match &self.native {
            Some(native) => Err(fault(native, "only the built-in profile has native code; omit `native`".to_owned())),
            None => Ok(()),
        }
    }

    /// The id of the feature that is part of every certification.
    pub(super) fn mandatory(&self) -> Option<&str> {
        let row = self.feature.iter().find(|row| row.as_ref().mandatory)?;
        Some(row.as_ref().id.as_ref())
    }

    /// Its resources, in order.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn resources(&self) -> Result<Vec<ResourceSpec>, Mistake> {
        if let Some(row) = self.resource.get(MOST_RESOURCES) {
            return Err(fault(&row.name, format!("at most {MOST_RESOURCES} kinds of resources are possible")));
        }
        let mut names = BTreeSet::new();
        let spec = |row: &ResourceRow| {
            check_name(&row.name, "resource")?;
            let name = row.name.as_ref().clone();
            if name.contains('-') {
                return Err(fault(&row.name, format!("`{name}` has a `-`, which is minus in expressions; use `_`")));
            }
            if RESERVED.contains(&name.as_str()) {
                return Err(fault(&row.name, format!("`{name}` is reserved; choose another name")));
            }
            let title = row.title.clone().unwrap_or_else(|| name.clone());
            let within = row.within.as_ref().map(|within| self.outer(within, &name)).transpose()?;
            Ok(ResourceSpec { title, name, within, fields: Vec::new() })
        };
        let specs = self.resource.iter().map(spec).collect::<Result<Vec<_>, Mistake>>()?;
        match self.resource.iter().find(|row| !names.insert(row.name.as_ref())) {
            Some(row) => Err(fault(&row.name, format!("resource `{}` is described twice", row.name.as_ref()))),
            None => Ok(specs),
        }
    }

    /// Its operations, in order.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn operations(&self) -> Result<Vec<OperationSpec>, Mistake> {
        let mut names = BTreeSet::new();
        if let Some(row) = self.operation.iter().find(|row| !names.insert(row.name.as_ref())) {
            return Err(fault(&row.name, format!("operation `{}` is described twice", row.name.as_ref())));
        }
        self.operation.iter().map(|row| self.operation(row)).collect()
    }

    fn operation(&self, row: &OperationRow) -> Result<OperationSpec, Mistake> {
        let (name, method, path) = (row.name.as_ref(), row.method.as_ref(), row.path.as_ref());
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(fault(&row.name, "the name of an operation has letters, digits, `_` and `-` only".to_owned()));
        }
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(fault(&row.method, format!("`{method}` is not an HTTP method in capitals, such as `POST`")));
        }
        if SELECTORS.contains(&name.as_str()) {
            return Err(fault(&row.name, format!("`{name}` has another meaning in rules; choose another name")));
        }
        self.check_path(&row.path)?;
        let twin = |other: &&OperationRow| other.method.as_ref() == method && other.path.as_ref() == path;
        if let Some(twin) = self.operation.iter().take_while(|other| other.name.as_ref() != name).find(twin) {
            let message = format!("operation `{}` has the same method and path", twin.name.as_ref());
            return Err(fault(&row.path, message));
        }
        let creates = row
            .creates
            .as_ref()
            .map(|creates| Ok(Creates { resource: self.resource(&creates.resource)?, id: pointer(&creates.id)? }));
        let lists = row
            .lists
            .as_ref()
            .map(|lists| Ok(Lists { resource: self.resource(&lists.resource)?, ids: pointer_with_star(&lists.ids)? }));
        Ok(OperationSpec {
            profile: self.name.as_ref().clone(),
            name: name.clone(),
            method: method.clone(),
            path: path.clone(),
            query: row.query.clone(),
            has_body: row.body,
            no_content: row.no_content,
            creates: creates.transpose()?,
            lists: lists.transpose()?,
            polled: row.polled,
            about: self.references(row)?,
        })
    }

    fn check_path(&self, path: &Spanned<String>) -> Result<(), Mistake> {
        let text = path.as_ref();
        if !text.starts_with('/') || (text.len() > 1 && text.ends_with('/')) || text.contains(['?', '#']) {
            let message = "the path of an operation starts with `/`, and has no slash at its end and no query";
            return Err(fault(path, message.to_owned()));
        }
        for segment in text.split('/') {
            let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            if inner.unwrap_or(segment).contains(['{', '}']) || inner == Some("") {
                let message = format!("`{segment}` is not a placeholder; one is a whole segment, such as `{{id}}`");
                return Err(fault(path, message));
            }
            let resources: Vec<&str> = self.resource.iter().map(|row| row.name.as_ref().as_str()).collect();
            let inner = inner.filter(|inner| !resources.contains(inner));
            let near = inner.and_then(|inner| resources.iter().find(|name| is_misspelt(name, inner)));
            if let (Some(inner), Some(near)) = (inner, near) {
                return Err(fault(path, format!("unknown resource `{inner}` in the path; did you mean `{near}`?")));
            }
        }
        Ok(())
    }

    /// The resources that requests of an operation name: in the placeholders of the path, and at the places of `about`.
    fn references(&self, row: &OperationRow) -> Result<Vec<Reference>, Mistake> {
        let placeholders = row.path.as_ref().split(['{', '}']).skip(1).step_by(2);
        let named = placeholders.enumerate().filter_map(|(at, name)| {
            let resource = self.resource.iter().position(|row| row.name.as_ref() == name)?;
            Some(Reference { resource: Resource::at(resource), place: IdPlace::Path(at) })
        });
        let mut all: Vec<Reference> = named.collect();
        for reference in &row.about {
            let place = match (&reference.body, &reference.query) {
                (Some(body), None) => IdPlace::Body(pointer(body)?),
                (None, Some(query)) if !row.query.iter().any(|known| known.eq_ignore_ascii_case(query)) => {
                    let message = format!("`{query}` is not one of the query parameters in `query` of this operation");
                    return Err(fault(&reference.resource, message));
                }
                (None, Some(query)) => IdPlace::Query(query.to_ascii_lowercase()),
                _ => {
                    let message = "name one place of the id: `body`, a JSON pointer, or `query`, a parameter";
                    return Err(fault(&reference.resource, message.to_owned()));
                }
            };
            all.push(Reference { resource: self.resource(&reference.resource)?, place });
        }
        Ok(all)
    }

    /// The kind of resource that another one is within: one that is described before it.
    fn outer(&self, within: &Spanned<String>, inner: &str) -> Result<Resource, Mistake> {
        let outer = self.resource(within)?;
        let place = self.resource.iter().position(|row| row.name.as_ref() == inner);
        if place.is_some_and(|place| outer.index() < place) {
            return Ok(outer);
        }
        Err(fault(within, format!("`{}` is described after `{inner}`; describe it before", within.as_ref())))
    }

    fn resource(&self, name: &Spanned<String>) -> Result<Resource, Mistake> {
        let known: Vec<&str> = self.resource.iter().map(|row| row.name.as_ref().as_str()).collect();
        let found = known.iter().position(|known| known == name.as_ref());
        found.map(Resource::at).ok_or_else(|| {
            let text = name.as_ref();
            if known.is_empty() {
                return fault(name, format!("unknown resource `{text}`; describe it as a [[resource]]"));
            }
            fault(name, format!("unknown resource `{text}`{}", meant(text, &known)))
        })
    }
}

/// Whether a placeholder is probably the name of a resource with a typing error.
fn is_misspelt(name: &str, placeholder: &str) -> bool {
    name != placeholder
        && name.len().abs_diff(placeholder.len()) < 2
        && name.len() > 3
        && distance(name, placeholder) <= 2
}

/// The names of events in rules, which no operation can have.
pub(crate) const SELECTORS: [&str; 13] = [
    "any",
    "documented",
    "creates",
    "polls",
    "not-polls",
    "token",
    "simulation",
    "connection",
    "recovered",
    "looked-up",
    "conflict-resolved",
    "listed-captured",
    "notification",
];

/// Names that rules use for something else.
const RESERVED: [&str; 12] = [
    "call",
    "response",
    "client",
    "connection",
    "request",
    "token",
    "notification",
    "key",
    "true",
    "false",
    "null",
    "in",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_place() {
        let profile = |text: &str| {
            parse(text).and_then(|file| file.check().and(file.resources()).and(file.operations())).unwrap_err()
        };
        let start = "name = \"toy\"\ntitle = \"Toy\"\n";
        let feature = "[[feature]]\nid = \"basic\"\nmandatory = true\n";
        for (text, message) in [
            (format!("{start}{feature}[[operation]]\nname = \"A\"\nmethod = \"get\"\npath = \"/a\""), "`get` is not"),
            (format!("{start}{feature}[[operation]]\nname = \"A\"\nmethod = \"GET\"\npath = \"a\""), "starts with `/`"),
            (format!("{start}{feature}[[operation]]\nnme = \"A\""), "unknown key `nme`; did you mean `name`?"),
            (
                format!(
                    "{start}{feature}[[resource]]\nname = \"ticket\"\n[[operation]]\nname = \"A\"\nmethod = \
                     \"POST\"\npath = \"/a\"\ncreates = {{ resource = \"tiket\", id = \"/id\" }}"
                ),
                "did you mean `ticket`?",
            ),
            (
                format!(
                    "{start}[[feature]]\nid = \"basic\"\n[[operation]]\nname = \"A\"\nmethod = \"GET\"\npath = \"/a\""
                ),
                "mandatory",
            ),
            (
                format!(
                    "{start}{feature}[[resource]]\nname = \"call\"\n[[operation]]\nname = \"A\"\nmethod = \"GET\"\npath = \"/a\""
                ),
                "reserved",
            ),
        ] {
            let mistake = profile(&text);
            assert!(mistake.message.contains(message), "{text}: {}", mistake.message);
        }
    }
}
