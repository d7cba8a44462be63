//! One request, start to end. The only file that shows the order of its steps.

use std::{cell::OnceCell, rc::Rc, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header::EXPECT, request::Parts};
use hyper::{Response, body::Body as _};
use tokio::time::Instant;

use crate::{
    admission::{Follow, Watched},
    faults::{Stage, point},
    identity::Identity,
    json::{self, Tree},
    response::{Lasts, retry_after},
    schema::OperationKind,
    server::{
        answers::{Asked, Foreseen},
        arriving::Arriving,
        body::{self, NoBody},
        charges::{Charges, note_unsent},
        connection::Client,
        documents,
        graph::{InForce, Site},
        guarded::{self, Guarded},
        head,
        held::Held,
        identify::told,
        logged::Stopwatch,
        noted::Noted,
        parted::Parted,
        rates::{Rates, Spender},
        standing::Standing,
        stream::{self, Following},
        traced::Traced,
        waiting::Waiting,
        watched::{self, Counting, Pass},
    },
    sources::now,
    transport::{
        Incremental, Media, Refusal, Reply, Route, UploadMap, body_of_get, decode, get_with_body,
        not_json, readable, route, with_files,
    },
    upstream::{Head, Relayed, Trace},
    verdict::{Admitted, Code, Fault, Framing, Item, Verdict, Violation},
};

/// A request and what it meets.
pub(super) struct Exchange<'e> {
    pub(super) client: &'e Rc<Client>,
    /// Its number on the connection.
    pub(super) n: u64,
    /// The graph that it is for.
    pub(super) site: &'e Rc<Site>,
    /// Why there is none.
    pub(super) wrong: Option<Violation>,
    pub(super) state: &'e Rc<InForce>,
    pub(super) head: &'e Parts,
    pub(super) reply: Reply<'e>,
    /// What is written down of it, once it was judged.
    pub(super) noted: OnceCell<Rc<Noted>>,
    /// Whose credential it has, once that is known.
    pub(super) who: OnceCell<Arc<Identity>>,
    /// Its place in a trace, when somebody wants to know.
    pub(super) traced: Option<Box<Traced>>,
    /// Its client, who waits for the answer.
    pub(super) waiting: Waiting<'e>,
}

/// How a request was served.
pub(super) enum Served {
    /// Ours, and what it holds.
    Answer(Vec<u8>, Held),
    Preflight,
    Relayed(Response<Guarded>, Option<Box<Counting>>),
    Stream(Response<Guarded>, (Option<Instant>, Following), Option<Box<Counting>>),
    Switch(Response<()>),
    /// An answer of the upstream that was read, and told its cost.
    Told(Response<Bytes>),
}

impl Exchange<'_> {
    /// Takes all steps; the body is left where nobody has begun to read it.
    ///
    /// # Errors
    /// Why it is not served.
    pub(super) async fn serve(&self, body: &mut Arriving) -> Result<Served, Refusal> {
        point(Stage::Head).await?;
        self.well_formed()?;
        point(Stage::AddressRates).await?;
        self.look_for_proxy();
        let mut charges = Charges::default();
        self.rates().of_address(|| self.address(), &mut charges).await?;
        point(Stage::Route).await?;
        self.wrong.clone().map_or(Ok(()), Err)?;
        let route = route(self.head, self.state.http())?;
        if route != Route::Preflight {
            self.state.refuse_drift()?;
            self.site.upstream().has_room()?;
        }
        let held = self.client.worker.bodies().hold();
        point(Stage::Body).await?;
        let body = match route {
            Route::Get => self.query(body.take(), &held).await?,
            Route::Operation => {
                if let Some(with_files) = with_files(&self.head.headers, self.state.http())? {
                    // Boxed, as few requests have files, and all would carry room for them about.
                    return Box::pin(self.upload(body.take(), with_files, charges, &held)).await;
                }
                readable(&self.head.headers)?;
                self.read(body.take(), &held).await?
            }
            Route::Preflight => return Ok(Served::Preflight),
            Route::WebSocket => return Box::pin(self.upgrade()).await.map(Served::Switch),
        };
        self.operation(body, charges).await
    }

    /// Judges an operation, and forwards what was judged.
    async fn operation(&self, body: Bytes, charges: Charges) -> Result<Served, Refusal> {
        let mut watch = Stopwatch::start(self.site.index());
        let judged = self.judge(&body, None, charges).await;
        let judged = judged.inspect_err(|_refused| watch.stop())?;
        drop(body);
        if let Judged::Answer(_) = judged {
            watch.stop();
        }
        let forward = async |admitted, head: Head<'_>| {
            point(Stage::Forward).await?;
            let asked = self.asked();
            let lane = self.client.lane(self.site);
            watch.hand_over();
            // Boxed, or every future around it would hold it twice, and each is copied whole.
            let answer = Box::pin(lane.forward(admitted, head, asked.until_head()));
            let answered = asked.head(answer).await;
            watch.stop();
            Ok((answered?, asked))
        };
        self.relay(judged, forward).await
    }

    /// Hands on what was judged, and the answer back.
    pub(super) async fn relay<'s>(
        &'s self,
        judged: Judged,
        forward: impl AsyncFnOnce(Admitted, Head<'_>) -> Result<(Response<Relayed>, Asked<'s>), Refusal>,
    ) -> Result<Served, Refusal> {
        let going = match judged {
            Judged::Answer(body) => return Ok(self.ours(body)?),
            Judged::Forward(going) => going,
        };
        let Going { admitted, told, watched, answers, expires, mut charges, standing } = *going;
        charges.sent();
        self.waiting.forwarded();
        let is_live = admitted.items().iter().any(|it| it.kind == OperationKind::Subscription);
        let call = self.traced.as_ref().map(|it| it.call(self.site.upstream_url()));
        let trace = call.as_ref().map(|it| it.forwarded());
        let media = self.media(is_live && answers.framing == Framing::Single);
        let answer = forward(admitted, self.forwarded_head(media, &told, trace)).await;
        call.into_iter().for_each(|it| it.end(answer.as_ref().map(|(answer, _)| answer.status())));
        let (answer, asked) = answer.inspect_err(|why| note_unsent(why, &mut charges))?;
        self.noted().inspect(|it| it.answered(asked.at.elapsed()));
        let (status, headers) = (answer.status(), answer.headers());
        let retry = retry_after(status, headers, self.state.response(), now());
        let later = |it: Fault| Refusal::from(it.later(retry.clone()));
        if stream::is_stream(answer.headers(), media, self.incremental()) {
            let answer = stream::going_on(answer)?;
            let parted = (!is_live).then(|| Parted::of(answer.headers()));
            let lasts = if is_live { Lasts::UntilEnded } else { Lasts::ToItsEnd };
            let answer = asked.guard(answer, Some(lasts), answers).map_err(later)?;
            let about = (&***self.state, self.reply.id);
            let counting = Counting::in_parts(about, watched, charges, parted);
            let lasts = (lasts, standing);
            return Ok(Served::Stream(answer, (expires, lasts), counting));
        }
        let answer = asked.guard(answer, None, answers).map_err(&later)?;
        let answer = match answer.body().is_read() {
            // Boxed here and below: most answers pass, and would carry room for this about.
            true => Box::pin(guarded::held(answer, asked.until())).await.map_err(&later)?,
            false => answer,
        };
        let known = (&***self.state, self.reply.id, self.noted());
        match watched::pass(answer, known, watched, charges) {
            Pass::AsItComes(answer, counting) => Ok(Served::Relayed(answer, counting)),
            Pass::Tell(it) => Box::pin(it.told()).await.map(Served::Told).map_err(later),
        }
    }

    /// An answer of ours, if there is room for it.
    fn ours(&self, body: Vec<u8>) -> Result<Served, NoBody> {
        let room = self.client.worker.bodies().holding(body.len());
        room.map(|it| Served::Answer(body, it)).ok_or(NoBody::NoRoom)
    }

    /// What the guard of the connection has found in the bytes of this request.
    pub(super) fn well_formed(&self) -> Result<(), Violation> {
        let bounds = self.client.worker.bounds();
        let wrong =
            self.client.watch.wrong(self.n).or_else(|| head::over_bounds(self.head, bounds));
        wrong.map_or(Ok(()), |wrong| Err(wrong.violation(bounds)))
    }

    pub(super) fn limits(&self) -> body::Limits {
        let (deadlines, bounds) = (self.client.worker.deadlines(), self.client.worker.bounds());
        body::Limits {
            size: self.state.http().body,
            deadline: deadlines.body,
            pace: deadlines.body_pace,
            pace_bytes: bounds.body_pace,
            is_asked_for: self.head.headers.contains_key(EXPECT),
        }
    }

    /// The operation that the target of a GET request has.
    async fn query(&self, body: Arriving, held: &Held) -> Result<Bytes, Refusal> {
        // Some proxies end a request without a body by an empty piece of it.
        if !body.is_end_stream() && !self.read(body, held).await?.is_empty() {
            return Err(get_with_body().into());
        }
        Ok(body_of_get(self.head, self.state.http())?.into())
    }

    async fn read(&self, body: Arriving, held: &Held) -> Result<Bytes, Refusal> {
        let read = body::read(body, self.limits(), held).await;
        // A body that broke off broke off for a reason, when the guard knows one.
        if let Err(why) = &read {
            self.well_formed()?;
            if matches!(why, NoBody::Wrong(it) if it.code == Code::CLIENT_TIMEOUT) {
                self.client.taken_back.broke_off();
            }
        }
        Ok(read?)
    }

    /// The type of answer to ask for. One that goes on, and is none of a batch, comes as events to
    /// whoever takes anything.
    fn media(&self, may_be_events: bool) -> Media {
        let is_open = may_be_events && self.incremental().is_none();
        if is_open && Media::takes_any(&self.head.headers) {
            return Media::EventStream;
        }
        self.reply.media
    }

    fn forwarded_head<'h>(
        &'h self,
        media: Media,
        told: &'h [(HeaderName, HeaderValue)],
        trace: Option<&'h Trace>,
    ) -> Head<'h> {
        Head {
            client: &self.head.headers,
            rules: &self.state.headers,
            media,
            incremental: self.incremental(),
            address: self.address(),
            told,
            version: self.head.version,
            trace,
        }
    }

    /// In which parts the client reads an answer; never events and parts at a time.
    fn incremental(&self) -> Option<Incremental> {
        let is_for_parts = self.reply.media != Media::EventStream;
        Incremental::accepted(&self.head.headers).filter(|_| is_for_parts)
    }

    /// The request, now that it is forwarded.
    pub(super) fn asked(&self) -> Asked<'_> {
        let Reply { id, media, .. } = self.reply;
        Asked { state: self.state, id, media, at: Instant::now() }
    }

    pub(super) async fn judge(
        &self,
        body: &[u8],
        files: Option<&UploadMap>,
        mut charges: Charges,
    ) -> Result<Judged, Refusal> {
        point(Stage::Json).await?;
        let tree = self.tree(body, files)?;
        point(Stage::Decode).await?;
        let requests = decode(&tree, self.state.http())?;
        stream::is_possible(&requests, self.reply.media)?;
        point(Stage::Caller).await?;
        let caller = self.caller().await?;
        point(Stage::CallerRates).await?;
        let spender = Spender { caller: &caller, headers: &self.head.headers };
        self.rates().of_caller(spender, &mut charges).await?;
        point(Stage::Told).await?;
        let told = told(&self.state.told, caller.identity.as_deref())
            .map_err(|bad| self.unidentified(bad.into()))?;
        point(Stage::Judge).await?;
        let worker = &self.client.worker;
        documents::ask(&self.state.gate, worker.link(), &requests).await;
        let (verdict, follow) = self.state.gate.admit_and_follow(&requests, &caller, now());
        self.write_down((&requests, &caller), &verdict);
        self.tell(&requests, &verdict);
        match verdict {
            Verdict::Admit(admitted) => {
                requests.first.query.iter().for_each(|it| worker.recent().borrow_mut().keep(it));
                documents::leave(&self.state.gate, worker.link(), &requests);
                self.spend_on(admitted.items(), spender, &mut charges).await?;
                point(Stage::Watch).await?;
                let Follow { watched, expected, delivery } = follow;
                let answers = Foreseen { framing: requests.framing, expected, delivery };
                let expires = stream::expires(&caller);
                let standing = Standing::of(self, (body, files), (caller, &told), &admitted)?;
                let it = Going { admitted, told, watched, answers, expires, charges, standing };
                Ok(Judged::Forward(Box::new(it)))
            }
            Verdict::Answer(answered) => {
                self.spend_on(&answered.items, spender, &mut charges).await?;
                Ok(Judged::Answer(answered.body))
            }
            Verdict::Reject(rejected) => Err(Refusal::Rejected(rejected)),
        }
    }

    /// A body as JSON, with the files where they stand.
    fn tree<'b>(&self, body: &'b [u8], files: Option<&UploadMap>) -> Result<Tree<'b>, Refusal> {
        let (limits, recent) = (self.state.gate.policy().body, self.client.worker.recent());
        let mut tree = json::read_again(body, limits, &recent.borrow()).map_err(not_json)?;
        if let Some(files) = files {
            files.fill(&mut tree)?;
        }
        Ok(tree)
    }

    /// Charges what is served, and writes down when it is refused for that.
    async fn spend_on(
        &self,
        items: &[Item],
        spender: Spender<'_>,
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        let served = self.rates().of_served(spender, (items, &|| self.about()), charges).await;
        if let (Some(noted), Err(why)) = (self.noted(), &served) {
            noted.refused(why);
        }
        served
    }

    fn rates(&self) -> Rates<'_> {
        Rates { state: self.state, link: self.client.worker.link(), id: self.reply.id }
    }
}

/// What becomes of a request that is not refused.
pub(super) enum Judged {
    Answer(Vec<u8>),
    /// Boxed, as it goes from hand to hand, and every future on the way would have it twice.
    Forward(Box<Going>),
}

/// A request that goes on, and what is known of its answer.
pub(super) struct Going {
    admitted: Admitted,
    told: Vec<(HeaderName, HeaderValue)>,
    watched: Option<Watched>,
    answers: Foreseen,
    expires: Option<Instant>,
    charges: Charges,
    /// What a subscription is judged by again.
    standing: Option<Box<Standing>>,
}
