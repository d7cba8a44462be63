//! The social side: users, who follows whom, posts and comments.
//!
//! Resolvers only: rows are in `seed`.

use async_graphql::{Context, ID, Object, Result, connection::Connection};

use crate::demo::{
    page::page,
    seed::{COMMENTS, CommentRow, ORDERS, POSTS, PostRow, USERS, UserRow},
    shop::{Order, Product, Review},
    store::Store,
};

/// A customer.
#[derive(Clone, Copy)]
pub(super) struct User(pub(super) &'static UserRow);

/// A customer.
#[Object]
impl User {
    pub(super) async fn id(&self) -> ID {
        self.0.id.into()
    }

    async fn username(&self) -> &'static str {
        self.0.username
    }

    #[graphql(deprecation = "Use `username`.")]
    async fn handle(&self) -> &'static str {
        self.0.username
    }

    async fn name(&self) -> &'static str {
        self.0.name
    }

    /// Null unless it is your own.
    async fn email(&self, ctx: &Context<'_>) -> Option<&'static str> {
        self.is_viewer(ctx).then_some(self.0.email)
    }

    /// Empty unless they are your own.
    async fn orders(
        &self,
        ctx: &Context<'_>,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Order>> {
        let own = self.is_viewer(ctx);
        page(
            ORDERS.iter().filter(|it| own && it.buyer == self.0.id).map(Order).collect(),
            first,
            after,
        )
    }

    async fn followers(
        &self,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, User>> {
        let follows = |it: &&'static UserRow| it.follows.contains(&self.0.id);
        page(USERS.iter().filter(follows).map(User).collect(), first, after)
    }

    async fn following(
        &self,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, User>> {
        page(self.0.follows.iter().filter_map(|it| User::by_id(it)).collect(), first, after)
    }

    async fn posts(
        &self,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Post>> {
        page(self.all_posts().collect(), first, after)
    }

    async fn latest_post(&self) -> Option<Post> {
        self.all_posts().last()
    }

    async fn reviews(
        &self,
        ctx: &Context<'_>,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Review>> {
        let reviews = ctx.data::<Store>()?.reviews(|it| it.author == self.0.id);
        page(reviews.into_iter().map(Review).collect(), first, after)
    }
}

impl User {
    /// The user with an id.
    pub(super) fn by_id(id: &str) -> Option<Self> {
        USERS.iter().find(|it| it.id == id).map(Self)
    }

    fn is_viewer(self, ctx: &Context<'_>) -> bool {
        ctx.data_opt::<User>().is_some_and(|it| it.0.id == self.0.id)
    }

    fn all_posts(self) -> impl Iterator<Item = Post> {
        POSTS.iter().filter(move |it| it.author == self.0.id).map(Post)
    }
}

/// Something a user wrote.
#[derive(Clone, Copy)]
pub(super) struct Post(pub(super) &'static PostRow);

/// Something a user wrote.
#[Object]
impl Post {
    pub(super) async fn id(&self) -> ID {
        self.0.id.into()
    }

    async fn title(&self) -> &'static str {
        self.0.title
    }

    async fn text(&self) -> &'static str {
        self.0.text
    }

    async fn author(&self) -> Option<User> {
        User::by_id(self.0.author)
    }

    /// The products it is about.
    async fn about(&self) -> Vec<Product> {
        self.0.about.iter().filter_map(|it| Product::by_id(it)).collect()
    }

    async fn comments(
        &self,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<Connection<usize, Comment>> {
        page(COMMENTS.iter().filter(|it| it.post == self.0.id).map(Comment).collect(), first, after)
    }
}

/// An answer to a post.
#[derive(Clone, Copy)]
pub(super) struct Comment(pub(super) &'static CommentRow);

/// An answer to a post.
#[Object]
impl Comment {
    pub(super) async fn id(&self) -> ID {
        self.0.id.into()
    }

    async fn text(&self) -> &'static str {
        self.0.text
    }

    async fn author(&self) -> Option<User> {
        User::by_id(self.0.author)
    }

    async fn post(&self) -> Option<Post> {
        POSTS.iter().find(|it| it.id == self.0.post).map(Post)
    }
}
