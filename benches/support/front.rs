//! nginx and `HAProxy` on free loopback ports.

use std::{
    fmt, fs, io,
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// A proxy of another make; it ends when it is dropped.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

/// Why there is none.
pub(crate) enum Absent {
    Failed(&'static str, io::Error),
    NotInstalled(&'static str),
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(name, error) => write!(f, "{name} does not run: {error}"),
            Self::NotInstalled(name) => write!(f, "{name} is not installed: nothing to compare"),
        }
    }
}

impl Front {
    pub(crate) fn nginx(upstream: SocketAddr) -> Result<Self, Absent> {
        Self::start("nginx", &["-p", FOLDER, "-e", "stderr", "-c"], NGINX, upstream)
    }

    pub(crate) fn haproxy(upstream: SocketAddr) -> Result<Self, Absent> {
        Self::start("haproxy", &["-db", "-f"], HAPROXY, upstream)
    }

    /// The path of the configuration is the last argument.
    fn start(
        name: &'static str,
        args: &[&str],
        config: &str,
        upstream: SocketAddr,
    ) -> Result<Self, Absent> {
        let start = || {
            let folder = tempfile::tempdir()?;
            let address = free()?;
            let place = folder.path().display().to_string();
            let fill = |text: &str| text.replace(FOLDER, &place);
            let config = fill(config).replace("LISTEN", &address.to_string());
            let path = folder.path().join("config");
            fs::write(&path, config.replace("UPSTREAM", &upstream.to_string()))?;
            let process = Command::new(name)
                .args(args.iter().map(|it| fill(it)))
                .arg(path)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let front = Self { address, process, _folder: folder };
            front.wait()?;
            Ok(front)
        };
        start().map_err(|it: io::Error| match it.kind() {
            io::ErrorKind::NotFound => Absent::NotInstalled(name),
            _ => Absent::Failed(name, it),
        })
    }

    fn wait(&self) -> io::Result<()> {
        for _ in 0..N_TRIES {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            // Neither says when it listens.
            thread::park_timeout(TRY);
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

const N_TRIES: usize = 100;
const TRY: Duration = Duration::from_millis(50);

/// Stands for the folder in arguments and configurations.
const FOLDER: &str = "FOLDER";

/// One process, so that it ends when it is told to; and it writes nowhere else.
const NGINX: &str = "\
daemon off;
master_process off;
pid FOLDER/pid;
events {}
http {
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  client_header_timeout 2s;
  client_body_timeout 2s;
  large_client_header_buffers 4 16k;
  server {
    listen LISTEN;
    location / { proxy_pass http://UPSTREAM; }
  }
}
";

const HAPROXY: &str = "\
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 5s
  timeout http-request 2s
frontend clients
  bind LISTEN
  default_backend upstream
backend upstream
  server upstream UPSTREAM
";
