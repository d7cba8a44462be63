//! What the shop sells and who talks about it: tables, the same at every start.
//!
//! Does not know GraphQL; nothing here changes while the demo runs.

/// A row of [`PRODUCTS`].
pub(super) struct ProductRow {
    pub(super) id: &'static str,
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) category: Category,
    pub(super) cents: u32,
    pub(super) stock: u32,
}

/// The shelf of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Books,
    Garden,
    Kitchen,
}

/// A row of [`USERS`].
pub(super) struct UserRow {
    pub(super) id: &'static str,
    pub(super) username: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) password: &'static str,
    /// Ids of [`USERS`].
    pub(super) follows: &'static [&'static str],
}

/// A row of [`POSTS`].
pub(super) struct PostRow {
    pub(super) id: &'static str,
    pub(super) author: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    /// Ids of [`PRODUCTS`].
    pub(super) about: &'static [&'static str],
}

/// A row of [`COMMENTS`].
pub(super) struct CommentRow {
    pub(super) id: &'static str,
    pub(super) post: &'static str,
    pub(super) author: &'static str,
    pub(super) text: &'static str,
}

/// A row of [`ORDERS`].
pub(super) struct OrderRow {
    pub(super) id: &'static str,
    pub(super) number: &'static str,
    pub(super) buyer: &'static str,
    pub(super) status: Status,
    /// Product and quantity.
    pub(super) lines: &'static [(&'static str, u32)],
}

/// How far an order has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Delivered,
    Paid,
    Shipped,
}

/// A review that is there at the start.
pub(super) struct ReviewRow {
    pub(super) product: &'static str,
    pub(super) author: &'static str,
    pub(super) stars: u32,
    pub(super) text: &'static str,
}

const fn product(
    [id, slug, name, description]: [&'static str; 4],
    category: Category,
    [cents, stock]: [u32; 2],
) -> ProductRow {
    ProductRow { id, slug, name, description, category, cents, stock }
}

const fn user(
    [id, username, name, email, password]: [&'static str; 5],
    follows: &'static [&'static str],
) -> UserRow {
    UserRow { id, username, name, email, password, follows }
}

const fn post(
    [id, author, title, text]: [&'static str; 4],
    about: &'static [&'static str],
) -> PostRow {
    PostRow { id, author, title, text, about }
}

const fn comment([id, post, author, text]: [&'static str; 4]) -> CommentRow {
    CommentRow { id, post, author, text }
}

const fn order(
    [id, number, buyer]: [&'static str; 3],
    status: Status,
    lines: &'static [(&'static str, u32)],
) -> OrderRow {
    OrderRow { id, number, buyer, status, lines }
}

const fn review([product, author, text]: [&'static str; 3], stars: u32) -> ReviewRow {
    ReviewRow { product, author, stars, text }
}

pub(super) static PRODUCTS: &[ProductRow] = &[
    product(
        ["p1", "cast-iron-pan", "Cast iron pan", "Outlives its owner."],
        Category::Kitchen,
        [4900, 12],
    ),
    product(
        ["p2", "tea-pot", "Tea pot", "Holds a litre, does not drip."],
        Category::Kitchen,
        [3450, 4],
    ),
    product(
        ["p3", "paring-knife", "Paring knife", "Short, sharp, cheap."],
        Category::Kitchen,
        [900, 80],
    ),
    product(
        ["p4", "watering-can", "Watering can", "Ten litres of zinc."],
        Category::Garden,
        [2900, 7],
    ),
    product(["p5", "hand-trowel", "Hand trowel", "Ash and steel."], Category::Garden, [1500, 31]),
    product(
        ["p6", "bird-bath", "Bird bath", "Sandstone, frost proof."],
        Category::Garden,
        [8900, 0],
    ),
    product(
        ["p7", "atlas-of-gates", "Atlas of gates", "Doors of forty towns."],
        Category::Books,
        [5200, 9],
    ),
    product(
        ["p8", "on-walls", "On walls", "A history of keeping out."],
        Category::Books,
        [2400, 15],
    ),
    product(["p9", "keys", "Keys", "What opens, and why."], Category::Books, [1900, 22]),
];

pub(super) static USERS: &[UserRow] = &[
    user(["u1", "ada", "Ada Brook", "ada@shop.example", "copper kettle"], &["u2", "u3"]),
    user(["u2", "ben", "Ben Castle", "ben@shop.example", "seven bridges"], &["u1"]),
    user(["u3", "cleo", "Cleo Dahl", "cleo@shop.example", "winter apples"], &["u1", "u2", "u4"]),
    user(["u4", "dev", "Dev Eskil", "dev@shop.example", "quiet harbour"], &["u3"]),
];

pub(super) static REVIEWS: &[ReviewRow] = &[
    review(["p1", "u1", "Heavy, and that is the point."], 5),
    review(["p1", "u2", "Needs an hour of care at first."], 4),
    review(["p1", "u3", "My third one, all still in use."], 5),
    review(["p2", "u4", "It drips a little."], 3),
    review(["p3", "u1", "Buy two."], 5),
    review(["p4", "u3", "Well balanced when full."], 4),
    review(["p5", "u2", "The handle came loose."], 2),
    review(["p7", "u4", "Slept with it under my pillow."], 5),
    review(["p8", "u1", "Dry, but thorough."], 4),
];

pub(super) static POSTS: &[PostRow] = &[
    post(["t1", "u1", "Seasoning a pan", "Oil, heat, patience, again."], &["p1"]),
    post(["t2", "u2", "Tea for six", "One pot is not enough."], &["p2"]),
    post(["t3", "u3", "Frost is coming", "Bring the zinc inside."], &["p4", "p6"]),
    post(["t4", "u1", "What I read this month", "Walls, mostly."], &["p7", "p8"]),
    post(["t5", "u4", "A gate in the hills", "It was open."], &["p7"]),
];

pub(super) static COMMENTS: &[CommentRow] = &[
    comment(["c1", "t1", "u2", "Which oil?"]),
    comment(["c2", "t1", "u1", "Rapeseed."]),
    comment(["c3", "t2", "u3", "Come to my place, I have three."]),
    comment(["c4", "t3", "u4", "Too late here."]),
    comment(["c5", "t4", "u3", "Try the one on keys."]),
    comment(["c6", "t5", "u1", "Where was that?"]),
];

pub(super) static ORDERS: &[OrderRow] = &[
    order(["o1", "O-000101", "u1"], Status::Delivered, &[("p1", 1), ("p3", 2)]),
    order(["o2", "O-000102", "u2"], Status::Shipped, &[("p2", 1)]),
    order(["o3", "O-000103", "u1"], Status::Paid, &[("p7", 1), ("p8", 1)]),
];
