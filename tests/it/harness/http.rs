//! A browser and a program, in process: cookies are kept, forms carry their
//! token, nothing goes over a socket.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, SET_COOKIE};
use actix_web::test::TestRequest;

use mingce::domain::role::Role;
use mingce::http::{AppState, Settings};
use mingce::jobs::Runner;
use mingce::services::access::session::{self, Origin};
use mingce::services::access::sign_in::{self, Attempt};
use mingce::services::access::{AccessPolicy, Kind, Profile, Session};
use mingce::services::user::{self, NewUser, PasswordCost};

use super::{STREET, TestRegistry};

/// Good enough for every test account.
pub const PASSWORD: &str = "vuorikotka ja meri";

/// Rules of sign-in, at a price that tests can pay.
pub fn policy(profile: Profile) -> AccessPolicy {
    AccessPolicy { profile, cost: PasswordCost::FLOOR }
}

/// The service on a registry.
pub fn state(registry: &TestRegistry, profile: Profile) -> Arc<AppState> {
    let mut settings = Settings::loopback(policy(profile));
    settings.sign_ins_per_minute = 600_000;
    AppState::new(registry.store.clone(), settings, Runner::default())
}

/// Makes an account over the whole street.
pub fn add_user(registry: &TestRegistry, username: &str, role: Role) {
    let admin = registry.actor("root", Role::Admin);
    let new =
        NewUser { username, display_name: "测试", role, scope_code: STREET, password: PASSWORD };
    // Grid workers and supervisors work below the street; the demo of their
    // pages needs no area tree, so they are given their role afterwards.
    let by = admin.authorize().expect("an administrator");
    let wide = NewUser { role: Role::Clerk, ..new };
    user::add(&registry.store, &by, &wide, PasswordCost::FLOOR).expect("an account");
    registry
        .store
        .maintain(|conn| {
            use diesel::prelude::*;
            use mingce::store::schema::user_account;
            diesel::update(user_account::table.filter(user_account::username.eq(username)))
                .set(user_account::role.eq(role.as_str()))
                .execute(conn)?;
            Ok(())
        })
        .expect("the role");
}

/// Signs in without a page; returns the cookie's value and the session.
pub fn open_session(
    registry: &TestRegistry,
    username: &str,
    profile: Profile,
) -> (String, Session) {
    let origin = Origin { address: "127.0.0.1".to_owned(), device: "test".to_owned() };
    let attempt = Attempt {
        username,
        password: PASSWORD,
        known_device: None,
        origin: &origin,
        kind: Kind::Browser,
        code: None,
    };
    let signed_in =
        sign_in::sign_in(&registry.store, &policy(profile), &attempt).expect("signed in");
    let session = session::find(&registry.store, &signed_in.token).expect("read").expect("live");
    (signed_in.token, session)
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// Keeps cookies between requests.
#[derive(Debug, Default, Clone)]
pub struct Browser {
    pub jar: BTreeMap<String, String>,
    pub headers: Vec<(&'static str, String)>,
}

impl Browser {
    /// With a session's cookie.
    pub fn with_session(token: &str) -> Browser {
        let mut browser = Browser::default();
        browser.jar.insert("sid".to_owned(), token.to_owned());
        browser
    }

    /// With one more header on every request.
    pub fn header(mut self, name: &'static str, value: &str) -> Browser {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub async fn get<S, B>(&mut self, app: &S, path: &str) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        B: MessageBody + 'static,
    {
        self.send(app, Method::GET, path, "", "").await
    }

    /// Posts a form; fetches the token from the page it stands on.
    pub async fn submit<S, B>(&mut self, app: &S, page: &str, path: &str, fields: &str) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        B: MessageBody + 'static,
    {
        let form = self.get(app, page).await;
        let token = form
            .body
            .split("name=\"csrf\" value=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("no form on {page}: {} {}", form.status, form.body))
            .to_owned();
        self.post(app, path, &format!("csrf={token}&{fields}")).await
    }

    pub async fn post<S, B>(&mut self, app: &S, path: &str, body: &str) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        B: MessageBody + 'static,
    {
        self.send(app, Method::POST, path, "application/x-www-form-urlencoded", body).await
    }

    pub async fn json<S, B>(
        &mut self,
        app: &S,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        B: MessageBody + 'static,
    {
        self.send(app, method, path, "application/json", &body.to_string()).await
    }

    pub async fn send<S, B>(
        &mut self,
        app: &S,
        method: Method,
        path: &str,
        kind: &str,
        body: impl AsRef<[u8]>,
    ) -> Answer
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        B: MessageBody + 'static,
    {
        let mut request = TestRequest::with_uri(path)
            .method(method)
            .peer_addr("127.0.0.1:40000".parse().expect("an address"));
        if !self.headers.iter().any(|(name, _)| *name == "host") {
            request = request.insert_header(("host", "localhost"));
        }
        if !kind.is_empty() {
            request = request.insert_header(("content-type", kind.to_owned()));
            request = request.set_payload(body.as_ref().to_vec());
        }
        for (name, value) in &self.headers {
            request = request.append_header((*name, value.clone()));
        }
        let cookies: Vec<String> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        if !cookies.is_empty() {
            request = request.insert_header(("cookie", cookies.join("; ")));
        }
        let response = match app.call(request.to_request()).await {
            Ok(response) => response.map_into_boxed_body().into_parts().1,
            Err(error) => error.error_response(),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for value in headers.get_all(SET_COOKIE).filter_map(|value| value.to_str().ok()) {
            let (pair, rest) = value.split_once(';').unwrap_or((value, ""));
            if let Some((name, value)) = pair.split_once('=') {
                if rest.contains("Max-Age=0") {
                    self.jar.remove(name);
                } else {
                    self.jar.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let bytes = to_bytes(response.into_body()).await.ok().unwrap_or_default();
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

/// Runs a test of the service to its end.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}
