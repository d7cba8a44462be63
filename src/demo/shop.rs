//! The shop's types: products, reviews, orders, carts.
//!
//! Resolvers only: rows are in `seed`, changes in `store`.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, connection::Connection};

use crate::demo::{
    page::page,
    seed::{Category, OrderRow, PRODUCTS, ProductRow, Status},
    social::User,
    store::{Store, StoredReview},
};

/// Something the shop sells.
#[derive(Clone, Copy)]
pub(super) struct Product(pub(super) &'static ProductRow);

/// Something the shop sells.
#[Object]
impl Product {
    pub(super) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name in the address of its page.
    async fn slug(&self) -> &'static str {
        self.0.slug
    }

    async fn name(&self) -> &'static str {
        self.0.name
    }

    async fn description(&self) -> &'static str {
        self.0.description
    }

    async fn category(&self) -> ProductCategory {
        self.0.category.into()
    }

    async fn price(&self) -> Money {
        euros(u64::from(self.0.cents))
    }

    #[graphql(deprecation = "Use `price`.")]
    async fn price_in_cents(&self) -> u32 {
        self.0.cents
    }

    async fn in_stock(&self) -> bool {
        self.0.stock > 0
    }

    /// The mean of all reviews; null without one.
    async fn stars(&self, ctx: &Context<'_>) -> Result<Option<f64>> {
        let reviews = self.all_reviews(ctx)?;
        let n_reviews = u32::try_from(reviews.len())?;
        let sum: u32 = reviews.iter().map(|it| it.0.stars).sum();
        Ok((n_reviews > 0).then(|| f64::from(sum) / f64::from(n_reviews)))
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Review>> {
        page(self.all_reviews(ctx)?, first, after)
    }

    /// Products of the same category.
    async fn related(&self, first: Option<u32>) -> Result<Vec<Product>> {
        let same = |it: &&'static ProductRow| it.category == self.0.category && it.id != self.0.id;
        let wanted = usize::try_from(first.unwrap_or(3))?;
        Ok(PRODUCTS.iter().filter(same).take(wanted).map(Product).collect())
    }
}

impl Product {
    /// The product with an id.
    pub(super) fn by_id(id: &str) -> Option<Self> {
        PRODUCTS.iter().find(|it| it.id == id).map(Self)
    }

    fn all_reviews(self, ctx: &Context<'_>) -> Result<Vec<Review>> {
        let reviews = ctx.data::<Store>()?.reviews(|it| it.product == self.0.id);
        Ok(reviews.into_iter().map(Review).collect())
    }
}

/// What a customer says about a product.
#[derive(Clone)]
pub(super) struct Review(pub(super) StoredReview);

/// What a customer says about a product.
#[Object]
impl Review {
    pub(super) async fn id(&self) -> ID {
        self.0.id.as_str().into()
    }

    /// From one to five.
    async fn stars(&self) -> u32 {
        self.0.stars
    }

    async fn text(&self) -> &str {
        &self.0.text
    }

    async fn product(&self) -> Option<Product> {
        Product::by_id(self.0.product)
    }

    async fn author(&self) -> Option<User> {
        User::by_id(self.0.author)
    }
}

/// An amount in a currency.
#[derive(SimpleObject)]
pub(super) struct Money {
    /// A decimal number as text, such as `49.00`.
    amount: String,
    currency: Currency,
}

fn euros(cents: u64) -> Money {
    Money { amount: format!("{}.{:02}", cents / 100, cents % 100), currency: Currency::Eur }
}

/// A currency.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum Currency {
    /// Euro.
    Eur,
}

/// The shelf of a product.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Category")]
pub(super) enum ProductCategory {
    /// To read.
    Books,
    /// Outside.
    Garden,
    /// To cook with.
    Kitchen,
}

/// How far an order has come.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub(super) enum OrderStatus {
    /// At the customer's.
    Delivered,
    /// Paid and not yet sent.
    Paid,
    /// On its way.
    Shipped,
}

/// What somebody bought.
#[derive(Clone, Copy)]
pub(super) struct Order(pub(super) &'static OrderRow);

/// What somebody bought.
#[Object]
impl Order {
    pub(super) async fn id(&self) -> ID {
        self.0.id.into()
    }

    async fn number(&self) -> &'static str {
        self.0.number
    }

    async fn status(&self) -> OrderStatus {
        self.0.status.into()
    }

    async fn buyer(&self) -> Option<User> {
        User::by_id(self.0.buyer)
    }

    async fn lines(&self) -> Vec<Line> {
        lines(self.0.lines)
    }

    async fn total(&self) -> Money {
        total(self.0.lines)
    }
}

/// A product and how many of it.
#[derive(Clone, Copy, SimpleObject)]
pub(super) struct Line {
    product: Product,
    quantity: u32,
}

/// What somebody is about to buy.
pub(super) struct Cart(pub(super) Vec<(&'static str, u32)>);

/// What somebody is about to buy.
#[Object]
impl Cart {
    async fn lines(&self) -> Vec<Line> {
        lines(&self.0)
    }

    async fn total(&self) -> Money {
        total(&self.0)
    }
}

fn lines(of: &[(&'static str, u32)]) -> Vec<Line> {
    let line = |&(id, quantity): &(&str, u32)| {
        Product::by_id(id).map(|product| Line { product, quantity })
    };
    of.iter().filter_map(line).collect()
}

fn total(of: &[(&'static str, u32)]) -> Money {
    let cents = lines(of)
        .iter()
        .map(|it| u64::from(it.product.0.cents).saturating_mul(u64::from(it.quantity)))
        .fold(0, u64::saturating_add);
    euros(cents)
}
