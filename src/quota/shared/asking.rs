//! A question whose answer is heard though nobody waits for it any more: permits that came too late,
//! or for a client that has gone, are given back.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use crate::quota::shared::{
    Link, Taken,
    script::{Answer, Task},
};

/// What becomes of a question, however long it takes.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Wrong>>>>;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The server, or the way to it.
    OfAll,
    /// What lies under the key.
    OfOne,
}

/// What becomes of permits whose client has gone before they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenGone {
    GiveBack,
    Spend,
}

/// A question that somebody waits for.
pub(super) struct Asking {
    link: Rc<Link>,
    /// What is taken by it, of which the time is not known yet.
    taken: Taken,
    when_gone: WhenGone,
    /// Nothing once it was answered.
    answering: Option<Answering>,
}

impl Asking {
    pub(super) fn new(
        link: &Rc<Link>,
        taken: Taken,
        when_gone: WhenGone,
        answering: Answering,
    ) -> Self {
        Self { link: Rc::clone(link), taken, when_gone, answering: Some(answering) }
    }

    /// Nobody waits any longer, and nothing is charged: what comes is given back.
    pub(super) fn give_up(&mut self) {
        if let Some(answering) = self.answering.take() {
            self.link.do_later(Task::Unheard { taken: self.taken.clone(), answering });
        }
    }
}

impl Future for Asking {
    type Output = Result<Answer, Wrong>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answering) = &mut self.answering else { return Poll::Ready(Err(Wrong::OfOne)) };
        let answer = ready!(answering.as_mut().poll(ctx));
        self.answering = None;
        Poll::Ready(answer)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        match self.when_gone {
            WhenGone::GiveBack => self.give_up(),
            WhenGone::Spend => {}
        }
    }
}
