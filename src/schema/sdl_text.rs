//! Writes what introspection told in the schema language, for people and for [`Schema::load`].
//!
//! [`Schema::load`]: crate::schema::Schema::load

use crate::schema::introspected::{
    Named, NoSchema, Told, ToldDirective, ToldField, ToldInput, ToldKind, ToldRef, ToldType,
    ToldValue,
};

/// The text of a schema.
pub(super) fn write(schema: &Told) -> Result<String, NoSchema> {
    let mut out = Writer { text: String::new() };
    out.roots(schema)?;
    for it in &schema.directives {
        out.directive(it)?;
    }
    for it in &schema.types {
        out.ty(it)?;
    }
    Ok(out.text)
}

struct Writer {
    text: String,
}

type Done = Result<(), NoSchema>;

impl Writer {
    fn roots(&mut self, schema: &Told) -> Done {
        self.description(schema.description.as_deref(), "");
        self.push("schema {\n");
        let mut root = |keyword: &str, name: Option<&Named>| {
            let Some(name) = name else { return Ok(()) };
            self.push("  ");
            self.push(keyword);
            self.push(": ");
            self.name(&name.name)?;
            self.push("\n");
            Ok(())
        };
        root("query", Some(&schema.query_type))?;
        root("mutation", schema.mutation_type.as_ref())?;
        root("subscription", schema.subscription_type.as_ref())?;
        self.push("}\n");
        Ok(())
    }

    fn directive(&mut self, directive: &ToldDirective) -> Done {
        self.push("\n");
        self.description(directive.description.as_deref(), "");
        self.push("directive @");
        self.name(&directive.name)?;
        self.arguments(&directive.args, "")?;
        self.push(if directive.is_repeatable { " repeatable on " } else { " on " });
        self.names(directive.locations.iter().map(|it| &**it), " | ")?;
        self.push("\n");
        Ok(())
    }

    fn ty(&mut self, ty: &ToldType) -> Done {
        self.push("\n");
        self.description(ty.description.as_deref(), "");
        self.push(keyword(ty.kind)?);
        self.push(" ");
        self.name(&ty.name)?;
        let interfaces = ty.interfaces.as_deref().unwrap_or_default();
        if !interfaces.is_empty() && ty.kind != ToldKind::Union {
            self.push(" implements ");
            self.names(interfaces.iter().map(|it| &*it.name), " & ")?;
        }
        match ty.kind {
            ToldKind::Interface | ToldKind::Object => {
                self.block(ty.fields.as_deref(), Self::field)?;
            }
            ToldKind::InputObject => {
                if ty.is_one_of == Some(true) {
                    self.push(" @oneOf");
                }
                self.block(ty.input_fields.as_deref(), |out, it| out.input(it, "  "))?;
            }
            ToldKind::Enum => self.block(ty.enum_values.as_deref(), Self::value)?,
            ToldKind::Union => {
                self.push(" = ");
                let members = ty.possible_types.as_deref().unwrap_or_default();
                self.names(members.iter().map(|it| &*it.name), " | ")?;
            }
            ToldKind::Scalar | ToldKind::List | ToldKind::NonNull => {
                if let Some(url) = &ty.specified_by {
                    self.push(" @specifiedBy(url: ");
                    self.string(url);
                    self.push(")");
                }
            }
        }
        self.push("\n");
        Ok(())
    }

    fn block<T>(&mut self, items: Option<&[T]>, write: fn(&mut Self, &T) -> Done) -> Done {
        let items = items.unwrap_or_default();
        if items.is_empty() {
            return Ok(());
        }
        self.push(" {\n");
        for item in items {
            write(self, item)?;
            self.push("\n");
        }
        self.push("}");
        Ok(())
    }

    fn field(&mut self, field: &ToldField) -> Done {
        self.description(field.description.as_deref(), "  ");
        self.push("  ");
        self.name(&field.name)?;
        self.arguments(&field.args, "  ")?;
        self.push(": ");
        self.type_reference(&field.ty)?;
        self.deprecated(field.is_deprecated, field.deprecation_reason.as_deref());
        Ok(())
    }

    fn value(&mut self, value: &ToldValue) -> Done {
        self.description(value.description.as_deref(), "  ");
        self.push("  ");
        self.name(&value.name)?;
        self.deprecated(value.is_deprecated, value.deprecation_reason.as_deref());
        Ok(())
    }

    /// On one line when nothing is described.
    fn arguments(&mut self, args: &[ToldInput], indent: &str) -> Done {
        let Some((first, rest)) = args.split_first() else { return Ok(()) };
        self.push("(");
        if args.iter().all(|it| it.description.is_none()) {
            self.input(first, "")?;
            for it in rest {
                self.push(", ");
                self.input(it, "")?;
            }
        } else {
            let deeper = format!("{indent}  ");
            for it in args {
                self.push("\n");
                self.input(it, &deeper)?;
            }
            self.push("\n");
            self.push(indent);
        }
        self.push(")");
        Ok(())
    }

    fn input(&mut self, input: &ToldInput, indent: &str) -> Done {
        self.description(input.description.as_deref(), indent);
        self.push(indent);
        self.name(&input.name)?;
        self.push(": ");
        self.type_reference(&input.ty)?;
        if let Some(default) = &input.default_value {
            self.push(" = ");
            self.push(default);
        }
        self.deprecated(input.is_deprecated, input.deprecation_reason.as_deref());
        Ok(())
    }

    fn type_reference(&mut self, ty: &ToldRef) -> Done {
        let mut closing = String::new();
        let mut ty = ty;
        loop {
            match (ty.kind, &ty.of_type) {
                (ToldKind::List, Some(inner)) => {
                    self.push("[");
                    closing.insert(0, ']');
                    ty = inner;
                }
                (ToldKind::NonNull, Some(inner)) => {
                    closing.insert(0, '!');
                    ty = inner;
                }
                _ => break,
            }
        }
        self.name(ty.name.as_deref().ok_or(NoSchema::TooDeep)?)?;
        self.push(&closing);
        Ok(())
    }

    fn deprecated(&mut self, is_deprecated: Option<bool>, reason: Option<&str>) {
        if is_deprecated != Some(true) {
            return;
        }
        self.push(" @deprecated");
        if let Some(reason) = reason {
            self.push("(reason: ");
            self.string(reason);
            self.push(")");
        }
    }

    fn description(&mut self, description: Option<&str>, indent: &str) {
        let Some(description) = description else { return };
        self.push(indent);
        if fits_block_string(description) {
            self.push("\"\"\"");
            for line in description.split('\n') {
                self.push("\n");
                self.push(if line.is_empty() { "" } else { indent });
                self.push(&line.replace("\"\"\"", "\\\"\"\""));
            }
            self.push("\n");
            self.push(indent);
            self.push("\"\"\"");
        } else {
            self.string(description);
        }
        self.push("\n");
    }

    /// GraphQL §2.9.4; its escapes are those of JSON.
    fn string(&mut self, text: &str) {
        crate::json::push_escaped(&mut self.text, text);
    }

    fn names<'n>(&mut self, names: impl Iterator<Item = &'n str>, separator: &str) -> Done {
        for (idx, name) in names.enumerate() {
            if idx > 0 {
                self.push(separator);
            }
            self.name(name)?;
        }
        Ok(())
    }

    /// A name, and nothing that only looks like one to who does not look.
    fn name(&mut self, name: &str) -> Done {
        let mut chars = name.chars();
        let is_start = chars.next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_');
        if !is_start || !chars.all(|it| it.is_ascii_alphanumeric() || it == '_') {
            return Err(NoSchema::Name(name.to_owned()));
        }
        self.push(name);
        Ok(())
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

fn keyword(kind: ToldKind) -> Result<&'static str, NoSchema> {
    Ok(match kind {
        ToldKind::Enum => "enum",
        ToldKind::InputObject => "input",
        ToldKind::Interface => "interface",
        ToldKind::Object => "type",
        ToldKind::Scalar => "scalar",
        ToldKind::Union => "union",
        ToldKind::List | ToldKind::NonNull => {
            return Err(NoSchema::Shape("a list is no named type".into()));
        }
    })
}

/// GraphQL §2.9.4: reading a block string takes away common indentation and blank lines at both
/// ends. Only where that changes nothing it is the same text.
fn fits_block_string(text: &str) -> bool {
    let is_blank = |it: &str| it.trim_matches([' ', '\t']).is_empty();
    let mut lines = text.split('\n');
    let ends = [lines.clone().next(), lines.clone().next_back()];
    text.contains('\n')
        && !ends.iter().flatten().any(|it| is_blank(it))
        && lines.any(|it| !it.starts_with([' ', '\t']) && !it.is_empty())
        && !text.ends_with(['"', '\\'])
        && !text.chars().any(|it| it.is_control() && it != '\n' && it != '\t')
}
