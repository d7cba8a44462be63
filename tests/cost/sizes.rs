//! What tells the size of a list, and who must tell it.

use portcullis::cost::List;

use crate::{
    edges::settings,
    support::{entry, model, price_of_text, schema},
};

/// A literal and a default with a point were no numbers, the same in a variable was one.
#[test]
fn a_whole_number_is_one_wherever_it_is_written() {
    let text = "scalar N input In { n: N = 4.0 } type T { id: ID } \
                type Query { ts(n: N = 3.0): [T] in(in: In): [T] }";
    let list = |by: &str| List { slicing: Some(vec![by.into()]), ..List::default() };
    let mut sliced = settings();
    sliced.policy.lists.push(entry("Query.ts", list("n")));
    sliced.policy.lists.push(entry("Query.in", list("in.n")));
    let model = model(&schema(text), &sliced);
    let check = |query: &str, variables: &str, expect: Result<u64, &str>| {
        let got = price_of_text(&model, query, variables);
        let got = got.map(|it| it.types).map_err(|it| it.code.as_str());
        assert_eq!(got, expect, "{query} {variables}");
    };
    check("{ ts { id } }", "{}", Ok(3));
    check("{ in(in: {}) { id } }", "{}", Ok(4));
    for (written, size) in [("2.0", Some(2)), ("0.0", Some(0)), ("2.5", None), ("-2.0", None)] {
        let expect = || size.ok_or("COST_SLICE_INVALID");
        check(&format!("{{ ts(n: {written}) {{ id }} }}"), "{}", expect());
        check(&format!("{{ in(in: {{ n: {written} }}) {{ id }} }}"), "{}", expect());
        let variable = "query($n: N) { ts(n: $n) { id } }";
        check(variable, &format!("{{\"n\":{written}}}"), expect());
        check(&variable.replace(": N)", &format!(": N = {written})")), "{}", expect());
    }
}
