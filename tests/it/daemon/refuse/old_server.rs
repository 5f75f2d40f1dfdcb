//! A server that speaks just enough of Postgres' protocol (version 3.0) to say how old it is.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Types of the columns that are asked for (pg_type.h).
const INT4: i32 = 23;
const INT8: i32 = 20;
const TEXT: i32 = 25;

/// Listens until the test ends.
pub(super) async fn serve(version: &'static str, number: i32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server is no part of the daemon")]
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that leaves early is the daemon's choice.
            let _ = talk(stream, version, number).await;
        }
    });
    address
}

/// A message: its kind, its length and its body.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).expect("a short message");
    [&[kind], &length.to_be_bytes()[..], body].concat()
}

fn columns() -> Vec<u8> {
    let mut body = 5_i16.to_be_bytes().to_vec();
    for (name, kind) in [
        ("number", INT4),
        ("version", TEXT),
        ("connections_max", INT4),
        ("connections_kept", INT4),
        ("shared_buffers", INT8),
    ] {
        body.extend([name.as_bytes(), &[0]].concat());
        body.extend([0; 6]);
        body.extend(kind.to_be_bytes());
        body.extend([0; 6]);
        body.extend(1_i16.to_be_bytes());
    }
    message(b'T', &body)
}

fn row(version: &str, number: i32) -> Vec<u8> {
    let values: [Vec<u8>; 5] = [
        number.to_be_bytes().to_vec(),
        version.as_bytes().to_vec(),
        100_i32.to_be_bytes().to_vec(),
        3_i32.to_be_bytes().to_vec(),
        (1_i64 << 30).to_be_bytes().to_vec(),
    ];
    let mut body = 5_i16.to_be_bytes().to_vec();
    for value in values {
        body.extend(i32::try_from(value.len()).expect("a short value").to_be_bytes());
        body.extend(value);
    }
    message(b'D', &body)
}

async fn talk(mut stream: TcpStream, version: &str, number: i32) -> std::io::Result<()> {
    let length = stream.read_i32().await?;
    let mut startup = vec![0; usize::try_from(length - 4).unwrap_or(0)];
    stream.read_exact(&mut startup).await?;
    let parameter = format!("server_version\0{version}\0");
    let ready = message(b'Z', b"I");
    let welcome = [message(b'R', &[0; 4]), message(b'S', parameter.as_bytes()), ready.clone()];
    stream.write_all(&welcome.concat()).await?;
    loop {
        let kind = stream.read_u8().await?;
        let length = stream.read_i32().await?;
        let mut body = vec![0; usize::try_from(length - 4).unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        let answer = match kind {
            b'P' => message(b'1', &[]),
            b'D' => [message(b't', &[0, 0]), columns()].concat(),
            b'B' => message(b'2', &[]),
            b'E' => [row(version, number), message(b'C', b"SELECT 1\0")].concat(),
            b'C' => message(b'3', &[]),
            b'S' => ready.clone(),
            b'Q' => [message(b'C', b"SET\0"), ready.clone()].concat(),
            b'X' => return Ok(()),
            _ => Vec::new(),
        };
        stream.write_all(&answer).await?;
    }
}
