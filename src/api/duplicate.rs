//! Records that may be one person's: look at them, say that they are two
//! people, or propose to merge them, which a second person confirms.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::operation::Api;
use super::reply::{Done, Read, Reply};
use super::shape::{Id, shapes};
use crate::domain::mask;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::resident::{self, Likeness, Pair};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditRegistry);
    let words = "Pairs of records that may be one person's and that nobody has settled";
    api.get("/api/v1/duplicates", view, list, words);
    let words = "Two records are two people: the pair is not shown again";
    api.post("/api/v1/duplicates/apart", edit, apart, words);
}

shapes! {
    /// Pairs of records.
    answer DuplicateList {
        /// The same number first.
        items: Vec<DuplicatePair>,
    }

    /// Two records that may be one person's.
    answer DuplicatePair {
        /// The older record.
        first: Id,
        /// The other.
        second: Id,
        /// Masked name.
        name: String,
        /// Date of birth of the older one, for who may edit; otherwise none.
        birth_on: Option<NaiveDate>,
        /// Whether it is the same ID number; otherwise name and date of birth.
        same_number: bool,
    }

    /// Two people.
    request TwoPeople {
        /// One record.
        first: Id,
        /// The other.
        second: Id,
        /// How it is known.
        reason: String,
    }
}

async fn list(user: Allowed<ViewRegistry>, state: Data<AppState>) -> Reply<Read<DuplicateList>> {
    let plain = user.session().actor.role().may(Permission::EditRegistry);
    let pairs =
        state.run(move |store| resident::list_duplicates(store, &user.authorized()?)).await?;
    let items = pairs.into_iter().map(|Pair { first, second, why }| DuplicatePair {
        first: first.id.into(),
        second: second.id.into(),
        name: mask::name(&first.name),
        birth_on: plain.then_some(first.birth_on),
        same_number: why == Likeness::Number,
    });
    Ok(Read(DuplicateList { items: items.collect() }))
}

async fn apart(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    body: Json<TwoPeople>,
) -> Reply<Done> {
    let TwoPeople { first, second, reason } = body.0;
    let ids = (first.into(), second.into());
    state.run(move |store| resident::keep_apart(store, &user.authorized()?, ids, &reason)).await?;
    Ok(Done)
}
