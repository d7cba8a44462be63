//! Files on their way: a body by the GraphQL multipart request specification, and by what comes near
//! it.

use std::fmt::Write as _;

/// What comes with the operations of a request with files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The part `map`.
    pub map: String,
    /// The files: the name of the part, and how many bytes.
    pub files: Vec<(String, usize)>,
    /// Whether it has the header that no page of another site can send.
    pub is_asked_for: bool,
    /// How the parts are arranged.
    pub order: Order,
}

/// How the parts are arranged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the specification has it.
    #[default]
    Due,
    /// The files in front of the map.
    FilesFirst,
    /// A second part `operations` at the end.
    Twice,
}

impl Parcel {
    /// Files that stand where a map says.
    #[must_use]
    pub fn new(map: String, files: Vec<(String, usize)>) -> Self {
        Self { map, files, is_asked_for: true, order: Order::Due }
    }

    /// The whole body.
    pub(super) fn wrap(&self, operations: &str) -> String {
        let mut body = String::new();
        part(&mut body, "operations", "", operations);
        if self.order == Order::FilesFirst {
            self.write_files(&mut body);
        }
        part(&mut body, "map", "", &self.map);
        if self.order != Order::FilesFirst {
            self.write_files(&mut body);
        }
        if self.order == Order::Twice {
            part(&mut body, "operations", "", operations);
        }
        let _infallible = write!(body, "--{BOUNDARY}--\r\n");
        body
    }

    fn write_files(&self, body: &mut String) {
        for (name, n) in &self.files {
            part(body, name, "; filename=\"a.txt\"\r\nContent-Type: text/plain", &"x".repeat(*n));
        }
    }
}

fn part(body: &mut String, name: &str, rest: &str, content: &str) {
    let _infallible = write!(
        body,
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n{content}\r\n"
    );
}

/// The content type.
pub(super) const MEDIA: &str = "multipart/form-data; boundary=attack-7f3a";
const BOUNDARY: &str = "attack-7f3a";
