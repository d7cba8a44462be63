//! The root of queries, and the types that hold several others.
//!
//! Does not resolve fields of its results: `shop` and `social` do.

use async_graphql::{
    Context, Enum, ID, InputObject, Interface, Object, Result, Union, connection::Connection,
};

use crate::demo::{
    page::page,
    seed::{COMMENTS, ORDERS, POSTS, PRODUCTS, ProductRow, USERS},
    shop::{Order, Product, ProductCategory, Review},
    social::{Comment, Post, User},
    store::Store,
};

/// The root of queries.
pub(super) struct Query;

/// Where reading starts.
#[Object]
impl Query {
    /// Anything, by its id.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        let review = ctx.data::<Store>()?.reviews(|it| it.id == id.as_str()).into_iter().next();
        Ok(static_node(&id).or(review.map(|it| Node::Review(Review(it)))))
    }

    async fn product(&self, slug: String) -> Option<Product> {
        PRODUCTS.iter().find(|it| it.slug == slug).map(Product)
    }

    async fn products(
        &self,
        filter: Option<ProductFilter>,
        #[graphql(default)] order: ProductOrder,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Product>> {
        let filter = filter.unwrap_or_default();
        let mut rows: Vec<_> = PRODUCTS.iter().filter(|it| filter.lets_through(it)).collect();
        match order {
            ProductOrder::Name => rows.sort_by_key(|it| it.name),
            ProductOrder::Price => rows.sort_by_key(|it| it.cents),
        }
        page(rows.into_iter().map(Product).collect(), first, after)
    }

    /// Products, users and posts whose name or title has the text in it.
    async fn search(
        &self,
        text: String,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, SearchResult>> {
        page(search(&text.to_lowercase()), first, after)
    }

    async fn user(&self, username: String) -> Option<User> {
        USERS.iter().find(|it| it.username == username).map(User)
    }

    /// The one whose token came with the request.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<User> {
        ctx.data_opt::<User>().copied()
    }

    /// One of your own orders.
    async fn order(&self, ctx: &Context<'_>, number: String) -> Option<Order> {
        let viewer = ctx.data_opt::<User>()?;
        ORDERS.iter().find(|it| it.number == number && it.buyer == viewer.0.id).map(Order)
    }

    async fn post(&self, id: ID) -> Option<Post> {
        POSTS.iter().find(|it| it.id == id.as_str()).map(Post)
    }

    async fn posts(
        &self,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Post>> {
        page(POSTS.iter().map(Post).collect(), first, after)
    }
}

/// Whatever has an id. Orders are not among them: they are somebody's own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"))]
pub(super) enum Node {
    /// An answer to a post.
    Comment(Comment),
    /// Something a user wrote.
    Post(Post),
    /// Something the shop sells.
    Product(Product),
    /// What a customer says about a product.
    Review(Review),
    /// A customer.
    User(User),
}

fn static_node(id: &str) -> Option<Node> {
    let comment = || COMMENTS.iter().find(|it| it.id == id).map(|it| Node::Comment(Comment(it)));
    let post = || POSTS.iter().find(|it| it.id == id).map(|it| Node::Post(Post(it)));
    let user = || User::by_id(id).map(Node::User);
    Product::by_id(id).map(Node::Product).or_else(post).or_else(user).or_else(comment)
}

/// What a search finds.
#[derive(Clone, Copy, Union)]
pub(super) enum SearchResult {
    /// Something a user wrote.
    Post(Post),
    /// Something the shop sells.
    Product(Product),
    /// A customer.
    User(User),
}

fn search(text: &str) -> Vec<SearchResult> {
    let has = |name: &str| name.to_lowercase().contains(text);
    let products =
        PRODUCTS.iter().filter(|it| has(it.name)).map(|it| SearchResult::Product(Product(it)));
    let posts = POSTS.iter().filter(|it| has(it.title)).map(|it| SearchResult::Post(Post(it)));
    let users = USERS.iter().filter(|it| has(it.name)).map(|it| SearchResult::User(User(it)));
    products.chain(posts).chain(users).collect()
}

/// Which products; what is left out does not matter.
#[derive(Default, InputObject)]
pub(super) struct ProductFilter {
    category: Option<ProductCategory>,
    in_stock: Option<bool>,
    /// In cents.
    max_price: Option<u32>,
}

impl ProductFilter {
    fn lets_through(&self, row: &ProductRow) -> bool {
        self.category.is_none_or(|it| it == row.category.into())
            && self.in_stock.is_none_or(|it| it == (row.stock > 0))
            && self.max_price.is_none_or(|it| row.cents <= it)
    }
}

/// The order of a list of products.
#[derive(Clone, Copy, Default, PartialEq, Eq, Enum)]
pub(super) enum ProductOrder {
    /// From A to Z.
    #[default]
    Name,
    /// The cheapest first.
    Price,
}
