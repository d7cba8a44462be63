//! The reader: a stack of open containers instead of recursion.

use ahash::HashSet;

use crate::json::{Error, Escapes, Kind, Node, Problem, Recent, Tree, Written, scan, scan::Cursor};

/// What a reader accepts at the most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Containers inside containers; the outermost is 1.
    pub depth: u32,
    /// Values altogether, keys not counted.
    pub values: u32,
    /// How long lists may be somewhere; anywhere else `values` is all that bounds them.
    pub lists: Option<Lists>,
}

/// How long a list may be that stands in a certain member of the outermost object.
#[derive(Clone, Copy, Debug)]
pub struct Lists {
    /// The key of the member.
    pub inside: &'static str,
    /// Elements.
    pub length: u32,
}

impl Limits {
    /// 35: the largest `limits.variables.depth`, 32, in the variables of a request of a batch.
    pub const DEPTH: u32 = 35;
    /// 100,000: the largest `limits.variables.list`, and what bounds a list where that is off.
    pub const LIST: u32 = 100_000;
    /// 100,100: the largest `limits.variables.list`, 100,000, and what is around such a list.
    pub const VALUES: u32 = 100_100;
}

impl Default for Limits {
    /// Those of a body, lists of any length.
    fn default() -> Self {
        Self { depth: Self::DEPTH, values: Self::VALUES, lists: None }
    }
}

/// Objects with more members than this look for duplicate keys through a set.
const FEW_MEMBERS: u32 = 8;
/// Room for so many values is made at once: for more than most requests have.
const MANY_NODES: usize = 64;
/// And for so many containers inside containers.
const FEW_LEVELS: usize = 8;

/// Reads a whole text.
///
/// # Errors
/// The first thing that is wrong with it. Time is linear in the bytes read so far.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Tree<'_>, Error> {
    read_knowing(bytes, limits, None)
}

/// Reads a whole text in whose outermost object strings may stand that were read before.
///
/// # Errors
/// As [`read`], which gives the same.
pub fn read_again<'a>(bytes: &'a [u8], limits: Limits, recent: &Recent) -> Result<Tree<'a>, Error> {
    read_knowing(bytes, limits, Some(recent))
}

fn read_knowing<'a>(
    bytes: &'a [u8],
    limits: Limits,
    recent: Option<&Recent>,
) -> Result<Tree<'a>, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|it| Error { problem: Problem::Utf8, at: it.valid_up_to() })?;
    let mut reader = Reader {
        cursor: Cursor::new(text),
        tree: Tree {
            text,
            nodes: Vec::with_capacity((bytes.len() / 16).clamp(1, MANY_NODES)),
            n_files: 0,
        },
        open: Vec::with_capacity(FEW_LEVELS),
        limits,
        recent,
        max_list: u32::MAX,
    };
    reader.run()?;
    Ok(reader.tree)
}

/// A container that is still open.
struct Open {
    node: u32,
    kind: Kind,
    n_children: u32,
    /// The marks of the keys seen.
    marks: u64,
    /// Keys seen, once there are more than [`FEW_MEMBERS`].
    keys: Option<HashSet<Box<str>>>,
}

struct Reader<'a, 'r> {
    cursor: Cursor<'a>,
    tree: Tree<'a>,
    open: Vec<Open>,
    limits: Limits,
    recent: Option<&'r Recent>,
    /// How long a list may be here.
    max_list: u32,
}

impl Reader<'_, '_> {
    // The budget of this loop is the text: every turn consumes at least one byte.
    fn run(&mut self) -> Result<(), Error> {
        self.cursor.skip_white_space();
        self.value(None)?;
        while let Some(open) = self.open.last() {
            let (kind, is_first) = (open.kind, open.n_children == 0);
            self.cursor.skip_white_space();
            let closing = if kind == Kind::Array { b']' } else { b'}' };
            if self.cursor.take_if(closing) {
                self.close();
                continue;
            }
            if !is_first {
                self.cursor.expect(b',')?;
                self.cursor.skip_white_space();
            }
            let key = if kind == Kind::Object { Some(self.key()?) } else { None };
            if let [_outermost] = self.open.as_slice() {
                self.max_list = self.max_list(key);
            }
            self.value(key)?;
        }
        self.cursor.skip_white_space();
        self.cursor.expect_end()
    }

    /// How long lists may be in a child of the outermost value.
    fn max_list(&self, key: Option<Written>) -> u32 {
        let (Some(lists), Some(key)) = (self.limits.lists, key) else { return u32::MAX };
        if self.tree.literal(key).says(lists.inside) { lists.length } else { u32::MAX }
    }

    fn key(&mut self) -> Result<Written, Error> {
        let at = self.cursor.at();
        if self.cursor.peek() != Some(b'"') {
            return Err(self.cursor.unexpected());
        }
        let key = scan::string(&mut self.cursor)?;
        self.cursor.skip_white_space();
        self.cursor.expect(b':')?;
        self.cursor.skip_white_space();
        if self.is_duplicate(key) {
            return Err(Error { problem: Problem::DuplicateKey, at });
        }
        Ok(key)
    }

    fn is_duplicate(&mut self, key: Written) -> bool {
        let Some(open) = self.open.last_mut() else { return false };
        let (tree, mark) = (&self.tree, self.tree.mark(key));
        let is_new = open.marks & mark == 0;
        open.marks |= mark;
        if is_new && open.n_children <= FEW_MEMBERS {
            return false;
        }
        let members = || {
            let mut next = open.node.saturating_add(1) as usize;
            std::iter::from_fn(move || {
                let node = tree.nodes.get(next)?;
                next = (node.end as usize).max(next.saturating_add(1));
                node.key
            })
        };
        if open.n_children <= FEW_MEMBERS {
            return members().any(|it| tree.are_same(it, key));
        }
        let name = |it| tree.literal(it).text().into();
        !open.keys.get_or_insert_with(|| members().map(name).collect()).insert(name(key))
    }

    fn value(&mut self, key: Option<Written>) -> Result<(), Error> {
        let start = self.cursor.at();
        let scalar = |kind, piece| (kind, Written { piece, escapes: Escapes::None });
        let (kind, written) = match self.cursor.peek() {
            Some(b'"') => (Kind::String, self.string()?),
            Some(b'{') => return self.container(Kind::Object, key),
            Some(b'[') => return self.container(Kind::Array, key),
            Some(b'-' | b'0'..=b'9') => scalar(Kind::Number, scan::number(&mut self.cursor)?),
            Some(b't') => scalar(Kind::Boolean(true), self.cursor.word("true")?),
            Some(b'f') => scalar(Kind::Boolean(false), self.cursor.word("false")?),
            Some(b'n') => scalar(Kind::Null, self.cursor.word("null")?),
            Some(_) | None => return Err(self.cursor.unexpected()),
        };
        let Written { piece, escapes } = written;
        let node = Node { kind, escapes, piece, key, end: 0, n_children: 0, height: 0 };
        self.push(start, node)?;
        Ok(())
    }

    fn container(&mut self, kind: Kind, key: Option<Written>) -> Result<(), Error> {
        let start = self.cursor.at();
        let (piece, escapes) = (self.cursor.pass(1), Escapes::None);
        let node = Node { kind, escapes, piece, key, end: 0, n_children: 0, height: 1 };
        let node = self.push(start, node)?;
        if self.open.len() >= self.limits.depth as usize {
            return Err(Error { problem: Problem::TooDeep, at: start });
        }
        self.open.push(Open { node, kind, n_children: 0, marks: 0, keys: None });
        Ok(())
    }

    /// Adds a value that begins there, unless there are too many; says where it stands.
    fn push(&mut self, start: usize, node: Node) -> Result<u32, Error> {
        let at = u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX);
        if at >= self.limits.values {
            return Err(Error { problem: Problem::TooManyValues, at: start });
        }
        if let Some(open) = self.open.last_mut() {
            open.n_children = open.n_children.saturating_add(1);
            if open.n_children > self.max_list && open.kind == Kind::Array {
                let problem = Problem::ListTooLong { limit: self.max_list };
                return Err(Error { problem, at: start });
            }
        }
        self.tree.nodes.push(Node { end: at.saturating_add(1), ..node });
        Ok(at)
    }

    fn string(&mut self) -> Result<Written, Error> {
        let recent = self.recent.filter(|_| self.open.len() == 1);
        match recent.and_then(|it| it.length_of_first(self.cursor.rest())) {
            // Whether it has escapes is found out when somebody asks what it says.
            Some(length) => Ok(Written { piece: self.cursor.pass(length), escapes: Escapes::Some }),
            None => scan::string(&mut self.cursor),
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let end = u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX);
        let mut height = 0;
        if let Some(node) = self.tree.nodes.get_mut(open.node as usize) {
            node.end = end;
            node.n_children = open.n_children;
            node.piece.end = self.cursor.position();
            height = node.height.saturating_add(1);
        }
        let parent = self.open.last().map(|it| it.node as usize);
        if let Some(parent) = parent.and_then(|it| self.tree.nodes.get_mut(it)) {
            parent.height = parent.height.max(height);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<usize, Problem>) {
        let limits = Limits { depth: 4, values: 10, lists: None };
        let got = read(text.as_bytes(), limits).map(|it| it.nodes.len()).map_err(|it| it.problem);
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn values_are_read() {
        check("null", Ok(1));
        check(" [1, -0.5e+3 , \"a\\u00e9\\ud83d\\ude00\", {}, []]\n", Ok(6));
        check(r#"{"a":{"b":[true,false]},"c":null}"#, Ok(6));
    }

    #[test]
    fn keys_are_compared_after_their_escapes() {
        check(r#"{"a":1,"\u0061":2}"#, Err(Problem::DuplicateKey));
        check(r#"{"\u0061":1,"a":2}"#, Err(Problem::DuplicateKey));
        check(r#"{"\u0061":1,"b":2,"c":3}"#, Ok(4));
        check(r#"{"a":{"b":1},"b":{"a":1}}"#, Ok(5));
    }

    /// Keys with the same mark are told apart, and the same keys have the same mark.
    #[test]
    fn keys_of_any_length_are_compared() {
        for key in ["", "a", "ab", "aba", "a long one", "é", "東"] {
            check(&format!(r#"{{"{key}":1,"c":2,"{key}":3}}"#), Err(Problem::DuplicateKey));
            check(&format!(r#"{{"{key}":1,"{key}x":2,"y{key}":3,"c":4}}"#), Ok(5));
        }
        check(r#"{"axb":1,"ayb":2,"axxb":3,"ab":4}"#, Ok(5));
    }

    #[test]
    fn a_late_duplicate_among_many_keys_is_found() {
        let many: Vec<String> = (0..50).map(|it| format!("\"k{it}\":{{}}")).collect();
        let limits = Limits { depth: 4, values: 100, lists: None };
        let fine = format!("{{{}}}", many.join(","));
        assert!(read(fine.as_bytes(), limits).is_ok());
        let twice = format!("{{{},\"k49\":1}}", many.join(","));
        assert_eq!(
            read(twice.as_bytes(), limits).err().map(|it| it.problem),
            Some(Problem::DuplicateKey)
        );
        let first = format!("{{{},\"k0\":1}}", many.join(","));
        assert_eq!(
            read(first.as_bytes(), limits).err().map(|it| it.problem),
            Some(Problem::DuplicateKey)
        );
    }

    #[test]
    fn limits_hold_on_both_sides() {
        check("[[[[]]]]", Ok(4));
        check("[[[[[]]]]]", Err(Problem::TooDeep));
        check("[0,1,2,3,4,5,6,7,8]", Ok(10));
        check("[0,1,2,3,4,5,6,7,8,9]", Err(Problem::TooManyValues));
    }

    #[test]
    fn lists_have_a_limit_inside_one_member() {
        let lists = Some(Lists { inside: "v", length: 2 });
        let limits = Limits { lists, ..Limits::default() };
        let check = |text: &str, expect: Option<Problem>| {
            let got = read(text.as_bytes(), limits).err().map(|it| it.problem);
            assert_eq!(got, expect, "{text}");
        };
        let too_long = Some(Problem::ListTooLong { limit: 2 });
        check(r#"{"v":{"a":[1,2],"b":[[1,2],[]]}}"#, None);
        check(r#"{"v":{"a":[1,2,3]}}"#, too_long);
        check(r#"{"\u0076":{"a":[{"b":[1,2,3]}]}}"#, too_long);
        check(r#"{"v":{},"w":{"v":[1,2,3]}}"#, None);
        check(r#"{"v":{"a":1,"b":2,"c":3}}"#, None);
        check(r#"[{"v":[1,2,3]},{},{}]"#, None);
    }

    #[test]
    fn what_is_not_json_is_named() {
        check("", Err(Problem::UnexpectedEnd));
        check("{", Err(Problem::UnexpectedEnd));
        check("[1,]", Err(Problem::UnexpectedByte));
        check("[,1]", Err(Problem::UnexpectedByte));
        check("{\"a\" 1}", Err(Problem::UnexpectedByte));
        check("{\"a\":1,}", Err(Problem::UnexpectedByte));
        check("{'a':1}", Err(Problem::UnexpectedByte));
        check("nul", Err(Problem::UnexpectedByte));
        check("1 2", Err(Problem::TrailingBytes));
        check("01", Err(Problem::Number));
        check("1.", Err(Problem::Number));
        check("1e400", Err(Problem::Number));
        check("-1.8e308", Err(Problem::Number));
        check("[1.7e308, 1e-400, 0e400]", Ok(4));
        check(&"9".repeat(400), Err(Problem::Number));
        check(&"9".repeat(308), Ok(1));
        check("+1", Err(Problem::UnexpectedByte));
        check("NaN", Err(Problem::UnexpectedByte));
        check("\"\\ud800\"", Err(Problem::LoneSurrogate));
        check("\"\\udc00\\ud800\"", Err(Problem::LoneSurrogate));
        check("\"\\ud83d\\n\"", Err(Problem::LoneSurrogate));
        check("\"\\ud83d\\u00e9\"", Err(Problem::LoneSurrogate));
        check("\"\\ud83d\\uzzzz\"", Err(Problem::Escape));
        let half = br#"["abc\ud83d"]"#;
        assert_eq!(read(half, Limits::default()).err().map(|it| it.at), Some(5));
        check("\"\\x\"", Err(Problem::Escape));
        check("\"a\nb\"", Err(Problem::ControlCharacter));
        check("\u{feff}{}", Err(Problem::ByteOrderMark));
        assert_eq!(
            read(b"\"\xff\"", Limits::default()).err().map(|it| it.problem),
            Some(Problem::Utf8)
        );
    }

    #[test]
    fn pieces_keep_their_text() {
        let tree = read(br#"{"n":1.50e2,"s":"\/","o":{"x":[1, 2]}}"#, Limits::default()).ok();
        let text =
            |key| tree.as_ref().and_then(|it| Some(it.root().member(key)?.text().to_owned()));
        assert_eq!(text("n").as_deref(), Some("1.50e2"));
        assert_eq!(text("s").as_deref(), Some(r#""\/""#));
        assert_eq!(text("o").as_deref(), Some(r#"{"x":[1, 2]}"#));
        assert_eq!(text("absent"), None);
    }
}
