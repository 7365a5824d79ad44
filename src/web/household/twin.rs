//! M-12: a household is registered at this address already. Whoever means
//! another one says so; nobody is turned away.

use crate::domain::household::HouseholdKind;
use crate::error::{AppError, Refusal};
use crate::http::{Allowed, Fault, Fields};
use crate::services::auth::EditRegistry;
use crate::services::household;
use crate::store::household::HouseholdRow;
use crate::web::Page;

/// The households to ask about; none if the form says "anyway".
pub(super) async fn find(
    page: &Page,
    user: &Allowed<EditRegistry>,
    fields: &Fields,
    kind: HouseholdKind,
    address: &str,
) -> Result<Vec<HouseholdRow>, Fault> {
    if fields.has("anyway", "1") {
        return Ok(Vec::new());
    }
    let (user, address) = (user.clone(), address.to_owned());
    page.run(move |store| household::find_at_address(store, &user.authorized()?, kind, &address))
        .await
}

/// What the form says then.
pub(super) fn fault() -> Fault {
    AppError::refuse(Refusal::field(
        "address",
        "该门牌已有住户档案。请打开核对;确是另一户时,勾选“仍然登记”。",
        "A household exists at this address. Open it and compare; if this is another one, tick \
         \"Register anyway\".",
    ))
    .into()
}
