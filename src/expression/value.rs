//! Values that expressions compute with, made from JSON and from text.

use std::{collections::HashMap, fmt, sync::Arc};

use cel::common::{
    types::{CelBool, CelInt, CelNull, CelString},
    value::Val,
};

/// A value; cloning one is cheap.
#[derive(Clone)]
pub struct Value(Arc<Box<dyn Val>>);

impl Value {
    /// The value that JSON stands for. Whole numbers stay whole as far as 64 bits go.
    // Recursion over a tree whose depth its reader has bounded.
    #[must_use]
    pub fn of_json(json: &serde_json::Value) -> Self {
        Self::of(of_json(json))
    }

    /// A map from texts.
    #[must_use]
    pub fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        let map: HashMap<String, cel::Value> =
            entries.into_iter().map(|(key, value)| (key.to_owned(), value.to_cel())).collect();
        Self::of(map.into())
    }

    /// A list.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<cel::Value> = items.into_iter().map(|it| it.to_cel()).collect();
        Self::of(items.into())
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::from(CelString::from(text.to_owned()))
    }

    /// True or false.
    #[must_use]
    pub fn boolean(value: bool) -> Self {
        Self::from(CelBool::from(value))
    }

    /// A number from its text in a document or in JSON: whole as far as 64 bits go.
    #[must_use]
    pub fn number(text: &str) -> Self {
        if let Ok(whole) = text.parse::<i64>() {
            return Self::from(CelInt::from(whole));
        }
        let whole = text.parse::<u64>().map(cel::Value::UInt);
        Self::of(whole.unwrap_or_else(|_| cel::Value::Float(text.parse().unwrap_or(f64::NAN))))
    }

    /// Null.
    #[must_use]
    pub fn null() -> Self {
        Self::from(CelNull)
    }

    pub(super) fn val(&self) -> &dyn Val {
        &**self.0
    }

    fn of(value: cel::Value) -> Self {
        // Only function values cannot be converted, and none is made here; null denies.
        let val: Result<Box<dyn Val>, _> = value.try_into();
        Self(Arc::new(val.unwrap_or_else(|_| Box::new(CelNull))))
    }

    fn from(val: impl Val + 'static) -> Self {
        Self(Arc::new(Box::new(val)))
    }

    fn to_cel(&self) -> cel::Value {
        cel::Value::try_from(self.val()).unwrap_or(cel::Value::Null)
    }
}

impl fmt::Debug for Value {
    /// Claims and arguments are nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

fn of_json(json: &serde_json::Value) -> cel::Value {
    match json {
        serde_json::Value::Array(items) => {
            items.iter().map(of_json).collect::<Vec<cel::Value>>().into()
        }
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Null => cel::Value::Null,
        serde_json::Value::Number(number) => Value::number(&number.to_string()).to_cel(),
        serde_json::Value::Object(members) => {
            let map: HashMap<String, cel::Value> =
                members.iter().map(|(key, it)| (key.clone(), of_json(it))).collect();
            map.into()
        }
        serde_json::Value::String(text) => text.as_str().into(),
    }
}
