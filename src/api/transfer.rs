//! A move to another street of the registry: closed here, opened there.

use actix_web::web::Data;

use super::event::Dates;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::proposal::HeadGiven;
use super::reply::{Created, Reply};
use super::shape::{Id, shapes};
use crate::domain::code_table::Relation;
use crate::domain::role::Permission;
use crate::error::{AppError, Refusal};
use crate::http::{Access, Allowed, AppState, Json};
use crate::services::auth::RegisterEvent;
use crate::services::event::{self, Mover, TransferInput};
use crate::services::household::NewHead;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let register = Access::Needs(Permission::RegisterEvent);
    let words = "People move to another street; the answer names the first one's record there";
    api.post("/api/v1/events/transfer", register, transfer, words);
}

shapes! {
    /// Somebody who moves.
    request MoverGiven {
        /// Who.
        resident: Id,
        /// To the head of the new household; 02 is the head.
        relation: Relation,
    }

    /// A move to another street.
    request Transfer {
        /// Who moves together, with exactly one head.
        movers: Vec<MoverGiven>,
        /// Code of the community or grid there.
        to_area: String,
        /// Address there.
        address: String,
        /// Number of the household there.
        number: String,
        /// New heads of the households that stay behind.
        heads: Vec<HeadGiven>,
        /// Moved, registered, decided.
        dates: Dates,
    }
}

async fn transfer(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    once: Once,
    body: Json<Transfer>,
) -> Reply<Created> {
    let new = body.0;
    let no_street = || {
        let (zh, en) = ("请填写迁入社区或网格的代码。", "Enter the code of a community or grid.");
        AppError::refuse(Refusal::field("to_area", zh, en))
    };
    // A code begins with the nine digits of its street.
    let street = new.to_area.get(..9).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
    let to_street = street.ok_or_else(no_street)?.to_owned();
    if new.movers.is_empty() {
        let (zh, en) = ("请选择迁移人员。", "Choose who moves.");
        return Err(AppError::refuse(Refusal::field("movers", zh, en)).into());
    }
    let movers = new.movers.into_iter();
    let input = TransferInput {
        movers: movers
            .map(|one| Mover { resident: one.resident.into(), relation: one.relation })
            .collect(),
        to_street,
        to_area: new.to_area,
        address: new.address,
        household_no: new.number,
        heads: new.heads.into_iter().map(NewHead::from).collect(),
        dates: new.dates.into(),
    };
    create(user, &state, once, move |store, by| {
        let made = event::transfer(store, by, &input)?;
        let first = made.residents.first();
        Ok(Effect::Made(first.map_or(0, |(_, there)| there.0)))
    })
    .await
}
