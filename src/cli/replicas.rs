//! The flags about what replicas share.

use std::{env, path::PathBuf};

use clap::Args;

use crate::{
    config::{LinkKey, Redis, RedisUrl, Secret},
    diagnostic::{Diagnostic, Diagnostics},
    sources::{load_link_key, load_secret},
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Arguments {
    /// Redis or Valkey in which replicas share the budgets of rates, such as
    /// rediss://portcullis@redis.example:6379/0; without it every process counts by itself
    #[arg(long, env = "PORTCULLIS_REDIS", value_name = "URL", value_parser = RedisUrl::parse)]
    redis: Option<RedisUrl>,
    /// File with the secret that keys are hashed with before they leave, the same for all
    /// replicas; or put it into the variable PORTCULLIS_REDIS_SECRET
    #[arg(long, env = "PORTCULLIS_REDIS_SECRET_FILE", value_name = "FILE", requires = "redis")]
    redis_secret_file: Option<PathBuf>,
    /// File with the password of Redis; or put it into the variable PORTCULLIS_REDIS_PASSWORD
    #[arg(long, env = "PORTCULLIS_REDIS_PASSWORD_FILE", value_name = "FILE", requires = "redis")]
    redis_password_file: Option<PathBuf>,
    /// PEM file of the authorities that may vouch for Redis over TLS, instead of the system's
    #[arg(long, env = "PORTCULLIS_REDIS_CA", value_name = "FILE", requires = "redis")]
    redis_ca: Option<PathBuf>,
}

/// Secrets are never flags: other users of the machine can read those.
const SECRET: &str = "PORTCULLIS_REDIS_SECRET";
const PASSWORD: &str = "PORTCULLIS_REDIS_PASSWORD";

impl Arguments {
    /// What replicas share; nothing when they share nothing, or when `found` says why not.
    pub(super) fn load(&self, found: &mut Diagnostics) -> Option<Redis> {
        let url = self.redis.clone()?;
        let ca = self.redis_ca.as_deref();
        if ca.is_some() && !url.is_tls {
            let message = "`--redis-ca` has no effect on a `redis://` server";
            found.push(Diagnostic::error("idle-setting", message).help("write `rediss://`"));
        }
        let ca = ca.and_then(|it| load_secret(it, found));
        let password = match &self.redis_password_file {
            Some(file) => load_secret(file, found),
            None => variable(PASSWORD),
        };
        let key = self.key(found)?;
        Some(Redis { url, password, ca, key })
    }

    fn key(&self, found: &mut Diagnostics) -> Option<LinkKey> {
        if let Some(file) = &self.redis_secret_file {
            return load_link_key(file, found);
        }
        let Some(secret) = variable(SECRET) else {
            let message = "`--redis` needs a secret, with which keys are hashed";
            let help = "the same 32 bytes or more for all replicas: `--redis-secret-file`";
            found.push(Diagnostic::error("no-secret", message).help(help));
            return None;
        };
        let problem = |why| Diagnostic::error("unusable-key", format!("`{SECRET}`: {why}"));
        LinkKey::new(&secret).map_err(|why| found.push(problem(why))).ok()
    }
}

fn variable(name: &str) -> Option<Secret> {
    env::var_os(name).map(|it| Secret::new(it.as_encoded_bytes()))
}
