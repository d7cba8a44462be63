//! The root of mutations.
//!
//! A token is the user's name behind a fixed word: enough for a demo on loopback, never for more.

use async_graphql::{Context, ErrorExtensions, ID, InputObject, Object, Result, SimpleObject};

use crate::demo::{
    seed::USERS,
    shop::{Cart, Review},
    social::User,
    store::{GUEST, Refused, Store},
};

/// What stands before the user's name in a token.
const TOKEN: &str = "demo-";

/// The user whose token this is.
pub(super) fn user_of(token: &str) -> Option<User> {
    let username = token.strip_prefix(TOKEN)?;
    USERS.iter().find(|it| it.username == username).map(User)
}

/// The root of mutations.
pub(super) struct Mutation;

/// Where changing starts.
#[Object]
impl Mutation {
    /// A token for an e-mail address and a password.
    async fn login(&self, email: String, password: String) -> Result<Session> {
        let user = USERS
            .iter()
            .find(|it| it.email == email && it.password == password)
            .ok_or_else(|| coded("wrong e-mail address or password", "UNAUTHENTICATED"))?;
        Ok(Session { token: format!("{TOKEN}{}", user.username), user: User(user) })
    }

    /// Puts a product into your cart; without a token, into the one that all guests share.
    async fn add_to_cart(&self, ctx: &Context<'_>, input: AddToCartInput) -> Result<Cart> {
        let owner = ctx.data_opt::<User>().map_or(GUEST, |it| it.0.id);
        let cart = ctx.data::<Store>()?.add_to_cart(owner, &input.product_id, input.quantity);
        cart.map(Cart).map_err(refused)
    }

    /// Says something about a product.
    async fn create_review(&self, ctx: &Context<'_>, input: ReviewInput) -> Result<Review> {
        let author =
            ctx.data_opt::<User>().ok_or_else(|| coded("log in first", "UNAUTHENTICATED"))?;
        ctx.data::<Store>()?
            .create_review(author.0.id, &input.product_id, input.stars, input.text)
            .map(Review)
            .map_err(refused)
    }
}

/// Who is logged in.
#[derive(SimpleObject)]
pub(super) struct Session {
    /// For `authorization: Bearer …`.
    token: String,
    user: User,
}

/// A product for a cart.
#[derive(InputObject)]
pub(super) struct AddToCartInput {
    product_id: ID,
    #[graphql(default = 1, validator(minimum = 1, maximum = 99))]
    quantity: u32,
}

/// A new review.
#[derive(InputObject)]
pub(super) struct ReviewInput {
    product_id: ID,
    /// From one to five.
    #[graphql(validator(minimum = 1, maximum = 5))]
    stars: u32,
    /// At most 500 characters.
    #[graphql(validator(chars_max_length = 500))]
    text: String,
}

fn refused(why: Refused) -> async_graphql::Error {
    match why {
        Refused::NoSuchProduct => coded("no such product", "BAD_USER_INPUT"),
        Refused::TooManyReviews => coded("the demo keeps no more reviews", "FORBIDDEN"),
    }
}

fn coded(message: &str, code: &str) -> async_graphql::Error {
    async_graphql::Error::new(message).extend_with(|_, it| it.set("code", code))
}
