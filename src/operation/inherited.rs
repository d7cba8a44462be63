//! Names of variables that some servers find where nobody has given them.
//!
//! graphql-js before 16.13.2 (and 15.10.2) keeps the variables of a request in an object that has
//! inherited what every object of JavaScript has: a variable that was not given, and whose name is
//! one of those, is a function there instead of absent. One named `__proto__` is what the object
//! inherits from: its members stand in for every other variable that was not given.

/// Never the name of a variable.
pub(crate) const PROTOTYPE: &str = "__proto__";

/// Whether every object of JavaScript has a member of this name.
pub(super) fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name)
}

/// ECMA-262 §20.1.3 and annex B.2.2, but [`PROTOTYPE`].
const INHERITED: [&str; 11] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];
