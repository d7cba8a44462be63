//! What changes while the demo runs: carts and new reviews, in memory, bounded.
//!
//! Nothing is kept: the next start begins from `seed` again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::demo::seed::{PRODUCTS, REVIEWS};

/// Most reviews the demo keeps; `createReview` fails beyond.
const MAX_REVIEWS: usize = 1000;
/// Most pieces of one product in a cart.
const MAX_QUANTITY: u32 = 99;

/// The state of the shop.
pub(super) struct Store(Mutex<State>);

struct State {
    reviews: Vec<StoredReview>,
    /// By user id, or [`GUEST`]; then quantity by product id. Both come from `seed`.
    carts: BTreeMap<&'static str, BTreeMap<&'static str, u32>>,
}

/// One review.
#[derive(Clone)]
pub(super) struct StoredReview {
    pub(super) id: String,
    pub(super) product: &'static str,
    pub(super) author: &'static str,
    pub(super) stars: u32,
    pub(super) text: String,
}

/// Why the store did not take something.
#[derive(Clone, Copy)]
pub(super) enum Refused {
    NoSuchProduct,
    TooManyReviews,
}

/// The owner of the cart of everybody who is not logged in.
pub(super) const GUEST: &str = "guest";

impl Store {
    /// The shop as `seed` has it.
    pub(super) fn new() -> Self {
        let mut state = State { reviews: Vec::new(), carts: BTreeMap::new() };
        for row in REVIEWS {
            state.add_review(row.product, row.author, row.stars, row.text.to_owned());
        }
        Self(Mutex::new(state))
    }

    /// All reviews for which `wanted` says yes, oldest first.
    pub(super) fn reviews(&self, wanted: impl Fn(&StoredReview) -> bool) -> Vec<StoredReview> {
        self.state().reviews.iter().filter(|it| wanted(it)).cloned().collect()
    }

    /// Adds a review and returns it.
    pub(super) fn create_review(
        &self,
        author: &'static str,
        product: &str,
        stars: u32,
        text: String,
    ) -> Result<StoredReview, Refused> {
        let product = known_product(product)?;
        let mut state = self.state();
        if state.reviews.len() >= MAX_REVIEWS {
            return Err(Refused::TooManyReviews);
        }
        Ok(state.add_review(product, author, stars, text))
    }

    /// Puts pieces of a product into a cart and returns product ids and quantities.
    pub(super) fn add_to_cart(
        &self,
        owner: &'static str,
        product: &str,
        quantity: u32,
    ) -> Result<Vec<(&'static str, u32)>, Refused> {
        let product = known_product(product)?;
        let mut state = self.state();
        let cart = state.carts.entry(owner).or_default();
        let pieces = cart.entry(product).or_default();
        *pieces = pieces.saturating_add(quantity).min(MAX_QUANTITY);
        Ok(cart.iter().map(|(product, quantity)| (*product, *quantity)).collect())
    }

    /// A panic in one request must not close the shop, and no update here can be half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add_review(
        &mut self,
        product: &'static str,
        author: &'static str,
        stars: u32,
        text: String,
    ) -> StoredReview {
        let id = format!("r{}", self.reviews.len().saturating_add(1));
        let review = StoredReview { id, product, author, stars, text };
        self.reviews.push(review.clone());
        review
    }
}

fn known_product(id: &str) -> Result<&'static str, Refused> {
    PRODUCTS.iter().find(|it| it.id == id).map(|it| it.id).ok_or(Refused::NoSuchProduct)
}
