//! The published limits of the query/response corpus, in our words.

use std::io::Read;

use flate2::read::GzDecoder;
use portcullis::{
    cost::{Entry, Layer, List, Settings},
    schema::Schema,
};

use crate::support::entry;

/// One corpus: its schema and its limits.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) limits: fn(&Schema) -> Vec<Entry<List>>,
}

pub(crate) const CORPORA: [Corpus; 2] = [
    Corpus {
        name: "github",
        schema: include_str!("../corpus/cost/fse/github.graphql"),
        limits: github,
    },
    Corpus { name: "yelp", schema: include_str!("../corpus/cost/fse/yelp.graphql"), limits: yelp },
];

impl Corpus {
    pub(crate) fn settings(&self, schema: &Schema) -> Settings {
        let policy = Layer { weights: Vec::new(), lists: (self.limits)(schema) };
        Settings { policy, ..Settings::default() }
    }

    /// The pairs in the repository, or all of them when the environment says where they are.
    pub(crate) fn pairs(&self) -> String {
        let file = match std::env::var("PORTCULLIS_FSE") {
            Ok(folder) => format!("{folder}/{}.jsonl.gz", self.name),
            Err(_) => format!(
                "{}/tests/corpus/cost/fse/{}-sample.jsonl.gz",
                env!("CARGO_MANIFEST_DIR"),
                self.name
            ),
        };
        let mut text = String::new();
        let file = std::fs::File::open(&file).unwrap_or_else(|why| panic!("{file}: {why}"));
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }
}

fn assumed(size: u32) -> List {
    List { assumed: Some(size), ..List::default() }
}

fn sliced(by: &str, sized: &[&str]) -> List {
    let sized = (!sized.is_empty()).then(|| sized.iter().map(|it| (*it).into()).collect());
    List { slicing: Some(vec![by.into()]), sized, ..List::default() }
}

/// `/.+Connection$/` needs no entry: connections are recognised.
fn github(schema: &Schema) -> Vec<Entry<List>> {
    let sizes = [
        ("*.marketplaceCategories", 35),
        ("*.codesOfConduct", 2),
        ("*.licenses", 13),
        ("*.limitations", 3),
        ("*.conditions", 5),
        ("*.permissions", 5),
        ("*.suggestedReviewers", 3),
        ("*.ranges", 10),
        ("*.entries", 10),
        ("*.reactionGroups", 8),
        ("*.textMatches", 3),
        ("*.contexts", 10),
        ("*.highlights", 3),
        ("*.identifiers", 2),
        ("*.references", 2),
        ("Gist.files", 10),
        ("*.contributionDays", 7),
        ("*.weeks", 53),
        ("*.months", 13),
    ];
    let mut lists: Vec<_> = sizes.iter().map(|(on, size)| entry(on, assumed(*size))).collect();
    lists.push(entry("*.relatedTopics", List { assumed: Some(3), ..sliced("first", &[]) }));
    let fields = schema.types().flat_map(|(id, _)| schema.fields(id));
    let by_repository = fields.filter(|it| {
        schema.field(*it).name.ends_with("ContributionsByRepository")
            && schema.argument_named(*it, "maxRepositories").is_some()
    });
    lists.extend(by_repository.map(|it| {
        let list = List { assumed: Some(25), ..sliced("maxRepositories", &[]) };
        entry(&schema.coordinate(it), list)
    }));
    lists
}

fn yelp(_: &Schema) -> Vec<Entry<List>> {
    vec![
        entry("Query.business_match", sliced("limit", &["business"])),
        entry("Query.reviews", sliced("limit", &["review"])),
        entry("Query.search", sliced("limit", &["business"])),
        entry("Query.event_search", sliced("limit", &["events"])),
        entry("Business.reviews", sliced("limit", &[])),
        entry("Language.locales", assumed(12)),
        entry("Reviews.possible_languages", assumed(42)),
        entry("Country.locales", assumed(4)),
        entry("Category.country_whitelist", assumed(32)),
        entry("Category.country_blacklist", assumed(32)),
        entry("Query.phone_search", List { sized: Some(vec!["business".into()]), ..assumed(3) }),
        entry("Category.parent_categories", assumed(10)),
        entry("Business.categories", assumed(10)),
        entry("Business.hours", assumed(20)),
        entry("Business.special_hours", assumed(20)),
        entry("Hours.open", assumed(20)),
    ]
}
