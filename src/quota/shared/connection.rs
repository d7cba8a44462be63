//! The connection to Redis: opened, watched, opened again. The only file that names its library.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, FromRedisValue, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, Script, TlsCertificates, Value,
    aio::MultiplexedConnection, from_redis_value,
};
use tokio::{
    sync::{Notify, mpsc::Receiver},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{
    config::Redis,
    quota::shared::{
        Taken, Unavailable,
        asking::{Answering, Wrong},
        leases::Unused,
        script::{Answer, Asked, GIVE_BACK, TAKE, Task},
    },
};

/// A connection, whenever there is one.
pub(super) struct Connection {
    client: RedisResult<Client>,
    deadline: Duration,
    take: Rc<Script>,
    give_back: Script,
    open: RefCell<Option<MultiplexedConnection>>,
    /// How many answers in a row did not come in time.
    late: Cell<u32>,
    broken: Notify,
}

/// What becomes of the connection.
#[derive(Debug)]
pub enum Lost {
    /// It is there again.
    Back,
    /// It is not there.
    Gone(String),
}

impl Connection {
    pub(super) fn new(redis: &Redis, deadline: Duration) -> Self {
        Self {
            client: client(redis),
            deadline,
            take: Rc::new(Script::new(TAKE)),
            give_back: Script::new(GIVE_BACK),
            open: RefCell::new(None),
            late: Cell::new(0),
            broken: Notify::new(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.open.borrow().is_some()
    }

    /// Takes permits, however long that takes: see [`Connection::in_time`].
    pub(super) fn ask(&self, asked: Asked) -> Result<Answering, Unavailable> {
        let (mut connection, take) = (self.opened()?, Rc::clone(&self.take));
        Ok(Box::pin(async move {
            let mut call = take.key(&*asked.name);
            call.arg(asked.interval).arg(asked.full).arg(asked.need).arg(asked.more);
            let (granted, time) = read(call.invoke_async(&mut connection).await)?;
            Ok(Answer { granted, time })
        }))
    }

    pub(super) async fn documents(
        &self,
        names: &[Rc<str>],
    ) -> Result<Vec<Option<String>>, Unavailable> {
        let (mut command, mut connection) = (redis::cmd("MGET"), self.opened()?);
        for name in names {
            command.arg(&**name);
        }
        self.in_time(async { read(command.query_async(&mut connection).await) }).await
    }

    /// Never ends; `given_back` is told whose permits were, and `lost` of the connection.
    pub(super) async fn keep(
        &self,
        mut tasks: Receiver<Task>,
        given_back: impl Fn(&Rc<str>),
        lost: impl Fn(Lost),
    ) {
        let (mut pause, mut unheard) = (LEAST_PAUSE, JoinSet::new());
        let mut is_lost = false;
        // Budget: none; every turn waits.
        loop {
            match self.connect().await {
                Ok(connection) => {
                    self.open.replace(Some(connection));
                    self.late.set(0);
                    pause = LEAST_PAUSE;
                    if is_lost {
                        lost(Lost::Back);
                    }
                    self.work(&mut tasks, &mut unheard, &given_back).await;
                    self.open.replace(None);
                    lost(Lost::Gone("it does not answer".into()));
                    is_lost = true;
                }
                Err(error) if !is_lost => {
                    lost(Lost::Gone(error.to_string()));
                    is_lost = true;
                }
                Err(_told_before) => {}
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(MOST_PAUSE);
        }
    }

    /// Does what nobody waits for, until the connection is lost.
    async fn work(
        &self,
        tasks: &mut Receiver<Task>,
        unheard: &mut JoinSet<Option<Unused>>,
        given_back: &impl Fn(&Rc<str>),
    ) {
        let mut watch = interval_at(Instant::now() + WATCH, WATCH);
        // After a pause one question is enough.
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Budget: the life of the connection. What is to be done waits for the next one.
        loop {
            let has_room = unheard.len() < MAX_UNHEARD;
            tokio::select! {
                biased;
                () = self.broken.notified() => return,
                heard = unheard.join_next(), if !unheard.is_empty() => {
                    if let Some(Ok(Some((taken, amount)))) = heard {
                        self.run(Task::GiveBack { taken, amount }, unheard, given_back).await;
                    }
                }
                task = tasks.recv(), if has_room => match task {
                    Some(task) => self.run(task, unheard, given_back).await,
                    None => self.broken.notified().await,
                },
                _ = watch.tick() => self.look().await,
            }
        }
    }

    /// Whether it is still there. Whoever has spent what this process knows of asks nothing, and
    /// would not learn of it.
    async fn look(&self) {
        let Ok(mut connection) = self.opened() else { return };
        let ping = async { read::<Value>(redis::cmd("PING").query_async(&mut connection).await) };
        // Lateness is for those to count who ask for something.
        match timeout(CONNECT, ping).await {
            Ok(Ok(_) | Err(Wrong::OfOne)) => {}
            Ok(Err(Wrong::OfAll)) | Err(_) => self.lose(),
        }
    }

    /// Whatever comes of it.
    async fn run(
        &self,
        task: Task,
        unheard: &mut JoinSet<Option<Unused>>,
        given_back: &impl Fn(&Rc<str>),
    ) {
        match task {
            Task::Document { name, text } => {
                let Ok(mut connection) = self.opened() else { return };
                let mut command = redis::cmd("SET");
                command.arg(&*name).arg(&*text).arg("EX").arg(KEPT.as_secs());
                let set = async { read::<Value>(command.query_async(&mut connection).await) };
                let _done = self.in_time(set).await;
            }
            Task::GiveBack { taken, amount } => {
                self.back(&taken, amount).await;
                // Whoever was refused meanwhile was refused too soon.
                given_back(&taken.name);
            }
            Task::Unheard { taken, answering } => {
                unheard.spawn_local(hear(taken, answering));
            }
        }
    }

    async fn back(&self, taken: &Taken, amount: u64) {
        let Ok(mut connection) = self.opened() else { return };
        #[expect(clippy::cast_precision_loss, reason = "it is clamped where it counts")]
        let back = taken.interval * amount as f64;
        let mut call = self.give_back.key(&*taken.name);
        call.arg(back).arg(taken.until);
        let given = async { read::<Value>(call.invoke_async(&mut connection).await) };
        let _given = self.in_time(given).await;
    }

    fn opened(&self) -> Result<MultiplexedConnection, Unavailable> {
        self.open.borrow().clone().ok_or(Unavailable)
    }

    /// Waits for an answer, but not for long.
    pub(super) async fn in_time<T>(
        &self,
        answering: impl Future<Output = Result<T, Wrong>>,
    ) -> Result<T, Unavailable> {
        match timeout(self.deadline, answering).await {
            Ok(Ok(answer)) => {
                self.late.set(0);
                return Ok(answer);
            }
            Ok(Err(Wrong::OfOne)) => self.late.set(0),
            Ok(Err(Wrong::OfAll)) => self.lose(),
            Err(_late) => {
                self.late.set(self.late.get().saturating_add(1));
                if self.late.get() >= MAX_LATE {
                    self.lose();
                }
            }
        }
        Err(Unavailable)
    }

    /// From now on nobody waits for it.
    fn lose(&self) {
        if self.open.replace(None).is_some() {
            self.broken.notify_one();
        }
    }

    /// A connection that has run a script.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let client = self.client.as_ref().map_err(RedisError::clone)?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None);
        let opening = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = timeout(CONNECT, opening).await.map_err(|_late| too_late())??;
        let probe = async {
            self.give_back.load_async(&mut connection).await?;
            self.take.load_async(&mut connection).await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        timeout(CONNECT, probe).await.map_err(|_late| too_late())??;
        Ok(connection)
    }
}

/// What a late answer has taken. Nothing granted is nothing to give back.
async fn hear(taken: Taken, answering: Answering) -> Option<Unused> {
    let answer = timeout(UNHEARD, answering).await.ok()?.ok()?;
    #[expect(clippy::cast_precision_loss, reason = "µs since 1970 have 51 bits")]
    let taken = Taken { until: answer.time as f64, ..taken };
    (answer.granted > 0).then_some((taken, answer.granted))
}

/// An answer that is none of a script's, or no text, says something of its key alone.
fn read<T: FromRedisValue>(answer: RedisResult<Value>) -> Result<T, Wrong> {
    match answer {
        Ok(answer) => from_redis_value(answer).map_err(|_| Wrong::OfOne),
        Err(error) if is_of_one(&error) => Err(Wrong::OfOne),
        Err(_error) => Err(Wrong::OfAll),
    }
}

/// Whether an error is that of one command: something else lies under its key. What says that the
/// server serves nobody ends the connection.
fn is_of_one(error: &RedisError) -> bool {
    let detail = error.detail().unwrap_or_default();
    matches!(error.code(), Some("ERR" | "WRONGTYPE"))
        && !OF_ALL.iter().any(|it| detail.contains(it))
}

fn too_late() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

fn client(redis: &Redis) -> RedisResult<Client> {
    let url = &redis.url;
    let mut settings = RedisConnectionInfo::default()
        .set_db(url.database.into())
        .set_lib_name("portcullis", env!("CARGO_PKG_VERSION"));
    if let Some(user) = &url.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &redis.password {
        settings = settings.set_password(String::from_utf8_lossy(password.bytes().trim_ascii()));
    }
    let host = url.host.to_string();
    let address = if url.is_tls {
        ConnectionAddr::TcpTls { host, port: url.port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, url.port)
    };
    let info = address.into_connection_info()?.set_redis_settings(settings);
    if url.is_tls {
        let root_cert = redis.ca.as_ref().map(|it| it.bytes().to_vec());
        Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert })
    } else {
        Client::open(info)
    }
}

/// What older servers say behind `ERR` when it happens inside a script.
const OF_ALL: [&str; 7] =
    ["BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "OOM", "READONLY"];
/// 1 s: to connect, and to answer whether it is there; nobody waits for either.
const CONNECT: Duration = Duration::from_secs(1);
/// 1 s between two looks: a server that stands still is lost after another.
const WATCH: Duration = Duration::from_secs(1);
/// 3 answers in a row: one is bad luck.
const MAX_LATE: u32 = 3;
/// 1 min: a server that stands still longer than that is taken for lost.
const UNHEARD: Duration = Duration::from_mins(1);
/// 4,096 answers to come, as many as there may be other things to do.
const MAX_UNHEARD: usize = 4_096;
/// 50 ms: a restart is noticed soon.
const LEAST_PAUSE: Duration = Duration::from_millis(50);
/// 2 s: one attempt of each worker in this time costs nothing.
const MOST_PAUSE: Duration = Duration::from_secs(2);
/// 1 day: what nobody asks for that long is sent again.
const KEPT: Duration = Duration::from_hours(24);
