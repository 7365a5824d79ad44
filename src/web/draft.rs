//! What the device needs for drafts: keys, and the page of what is unsent.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::json;

use super::Page;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, Fields, Form, FromFields, Outcome, Routes};
use crate::services::access::draft_key;
use crate::services::auth::EditRegistry;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let edit = Access::Needs(Permission::EditRegistry);
    routes.get("/drafts/keys", edit, keys);
    routes.post("/drafts/keys", edit, offer);
    routes.get("/outbox", edit, outbox);
    routes.get("/shell/outbox", edit, outbox);
}

/// A pair that a browser made.
#[derive(Debug)]
pub struct KeyForm {
    public: String,
    private: String,
}

impl FromFields for KeyForm {
    const FIELDS: &'static [&'static str] = &["public", "private"];
    fn from_fields(fields: &mut Fields) -> Option<KeyForm> {
        let text = |name| fields.value(name).to_owned();
        Some(KeyForm { public: text("public"), private: text("private") })
    }
}

/// `GET /drafts/keys`: whose drafts these are, and the keys that open them.
///
/// # Errors
/// The database failed.
pub async fn keys(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let owner = user.session().user_id.to_string();
    let keys = page.run(move |store| draft_key::list(store, user.session())).await?;
    let keys: Vec<_> = keys
        .into_iter()
        .map(|key| {
            let draft_key::DraftKey { id, public, private } = key;
            json!({ "id": id.to_string(), "public": public, "private": private })
        })
        .collect();
    let body = json!({ "user": owner, "csrf": page.csrf(), "keys": keys });
    Ok(HttpResponse::Ok().content_type("application/json").body(body.to_string()))
}

/// `POST /drafts/keys`: the first device of an account offers a pair.
///
/// # Errors
/// What is no pair of keys.
pub async fn offer(user: Allowed<EditRegistry>, page: Page, form: Form<KeyForm>) -> Outcome {
    let (_, checked) = form.checked();
    let (form, owner) = (checked?, user.clone());
    page.run(move |store| draft_key::keep(store, owner.session(), &form.public, &form.private))
        .await?;
    keys(user, page).await
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage<'a> {
    page: &'a Page,
}

/// `GET /outbox`, and the same for a device without a network.
///
/// # Errors
/// None.
pub async fn outbox(_user: Allowed<EditRegistry>, page: Page) -> Outcome {
    page.title("menu.outbox").show(|page| OutboxPage { page })
}
