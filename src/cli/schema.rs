//! `portcullis schema`: the JSON Schema of the policy file, for editors.

use crate::{
    cli::{Exit, terminal},
    policy,
};

pub(super) fn run() -> Exit {
    match serde_json::to_string_pretty(&policy::json_schema()) {
        Ok(text) => {
            terminal::data(&format!("{text}\n"));
            Exit::Fine
        }
        Err(error) => {
            terminal::say(&format!("error: {error}\n"));
            Exit::Misuse
        }
    }
}
