//! A question whose answer is heard though nobody waits for it any more: permits that came too
//! late for a client that has gone are given back.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use crate::quota::shared::{
    Link, Taken, Unavailable,
    script::{Answer, Task},
};

/// What becomes of a question.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Unavailable>>>>;

/// A question that somebody waits for.
pub(super) struct Asking {
    link: Rc<Link>,
    /// What is taken by it, of which the time is not known yet.
    taken: Taken,
    /// Nothing once it was answered.
    answering: Option<Answering>,
}

impl Asking {
    pub(super) fn new(link: &Rc<Link>, taken: Taken, answering: Answering) -> Self {
        Self { link: Rc::clone(link), taken, answering: Some(answering) }
    }
}

impl Future for Asking {
    type Output = Result<Answer, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answering) = &mut self.answering else { return Poll::Ready(Err(Unavailable)) };
        let answer = ready!(answering.as_mut().poll(ctx));
        self.answering = None;
        Poll::Ready(answer)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(answering) = self.answering.take() {
            self.link.do_later(Task::Unheard { taken: self.taken.clone(), answering });
        }
    }
}
