//! P-29: two records that may be one person's, side by side.

use askama::Template;

use crate::domain::ids::ResidentId;
use crate::domain::resident::MergeField;
use crate::error::{AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::change::{self, Proposal};
use crate::services::resident::{
    self, Comparison, Likeness, MergeRecords, Pair, compare, list_duplicates,
};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "review/duplicates.html")]
struct ListPage<'a> {
    page: &'a Page,
    pairs: Vec<Pair>,
}

impl ListPage<'_> {
    fn why(&self, pair: &Pair) -> &'static str {
        self.page.t(match pair.why {
            Likeness::NameAndBirth => "duplicate.name_and_birth",
            Likeness::Number => "duplicate.number",
        })
    }
}

#[derive(Template)]
#[template(path = "review/compare.html")]
struct ComparePage<'a> {
    page: &'a Page,
    form: FormView,
    pair: &'a Comparison,
    is_second: bool,
}

impl ComparePage<'_> {
    fn path(&self) -> String {
        format!("/review/duplicates/{}/{}", self.pair.first.id, self.pair.second.id)
    }

    fn records(&self) -> Vec<(String, &'static str)> {
        let page = self.page;
        vec![
            (self.pair.first.id.to_string(), page.t("duplicate.first")),
            (self.pair.second.id.to_string(), page.t("duplicate.second")),
        ]
    }

    fn field(&self, field: &MergeField) -> &'static str {
        self.page.either(field.zh(), field.en())
    }
}

/// `GET /review/duplicates`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = page.title("duplicate.title").under("review.title", "/review");
    let pairs = page
        .run(move |store| {
            list_duplicates(store, &user.session().actor.authorize::<ViewRegistry>()?)
        })
        .await?;
    page.show(|page| ListPage { page, pairs })
}

async fn load(
    user: &Allowed<EditRegistry>,
    page: Page,
    ids: (i64, i64),
) -> Result<(Page, Comparison), Fault> {
    let user = user.clone();
    let pair = page
        .run(move |store| {
            let by = user.session().actor.authorize::<ViewRegistry>()?;
            compare(store, &by, (ResidentId(ids.0), ResidentId(ids.1)))
        })
        .await?;
    let page = page.title("duplicate.compare").under("duplicate.title", "/review/duplicates");
    Ok((page, pair))
}

fn template<'a>(
    page: &'a Page,
    user: &Allowed<EditRegistry>,
    pair: &'a Comparison,
    form: FormView,
) -> ComparePage<'a> {
    let is_second = user.session().actor.role().is_second_person();
    ComparePage { page, form, pair, is_second }
}

/// `GET /review/duplicates/{first}/{second}`.
///
/// # Errors
/// 404 out of scope or merged.
pub async fn show(user: Allowed<EditRegistry>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    let (page, pair) = load(&user, page, path.0).await?;
    // The record that was paid stays; otherwise the older one.
    let keep = if pair.paid.1 && !pair.paid.0 { pair.second.id } else { pair.first.id };
    let form = FormView::new(&page, Fields::with(&[("keep", &keep.to_string())]));
    page.show(|page| template(page, &user, &pair, form))
}

/// Which record stays, and what it takes from the other.
#[derive(Debug, Clone)]
pub struct MergeForm {
    keep: ResidentId,
    take: Vec<MergeField>,
    reason: String,
}

impl FromFields for MergeForm {
    const FIELDS: &'static [&'static str] = &["keep", "take", "reason"];
    const MANY: &'static [&'static str] = &["take"];

    fn from_fields(fields: &mut Fields) -> Option<MergeForm> {
        let keep = fields.parsed("keep", "请选择保留哪条记录。", "Choose which record stays.");
        if keep.is_none() && fields.value("keep").is_empty() {
            fields.refuse(Refusal::field(
                "keep",
                "请选择保留哪条记录。",
                "Choose which record stays.",
            ));
        }
        let reason = fields.required("reason", "请填写依据。", "Enter the grounds.");
        let take = fields.values("take").filter_map(MergeField::from_code).collect();
        Some(MergeForm { keep: ResidentId(keep?), take, reason: reason? })
    }
}

fn propose(
    store: &Store,
    user: &Allowed<EditRegistry>,
    pair: &Comparison,
    form: MergeForm,
) -> AppResult<i64> {
    let (keep, gone) = match form.keep == pair.second.id {
        true => (&pair.second, &pair.first),
        false => (&pair.first, &pair.second),
    };
    let input = MergeRecords {
        keep: keep.id,
        gone: gone.id,
        versions: (keep.version, gone.version),
        take: form.take,
        reason: form.reason,
    };
    change::propose(store, &user.authorized()?, &Proposal::PersonMerge(input))
}

/// `POST /review/duplicates/{first}/{second}`.
///
/// # Errors
/// 404 out of scope or merged; 403 for a grid worker.
pub async fn merge(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<MergeForm>,
) -> Outcome {
    let (page, pair) = load(&user, page, path.0).await?;
    let (fields, checked) = form.checked();
    let (maker, known) = (user.clone(), pair.clone());
    let outcome = match checked {
        Ok(form) => page.run(move |store| propose(store, &maker, &known, form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done("/review", "change_proposed"),
        Err(fault) => again(&user, page, &pair, fields, fault),
    }
}

fn again(
    user: &Allowed<EditRegistry>,
    page: Page,
    pair: &Comparison,
    fields: Fields,
    fault: Fault,
) -> Outcome {
    let refusals = redrawable(fault)?;
    let page = page.with_errors();
    let form = FormView::with_errors(&page, fields, &refusals);
    page.again(&template(&page, user, pair, form))
}

/// Why two records are two people.
#[derive(Debug, Clone)]
pub struct ApartForm(String);

impl FromFields for ApartForm {
    const FIELDS: &'static [&'static str] = &["apart"];

    fn from_fields(fields: &mut Fields) -> Option<ApartForm> {
        fields.required("apart", "请填写理由。", "Enter the reason.").map(ApartForm)
    }
}

/// `POST /review/duplicates/{first}/{second}/apart`.
///
/// # Errors
/// 404 out of scope or merged; 403 for a grid worker.
pub async fn apart(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<ApartForm>,
) -> Outcome {
    let (page, pair) = load(&user, page, path.0).await?;
    let (fields, checked) = form.checked();
    let (maker, ids) = (user.clone(), (pair.first.id, pair.second.id));
    let at_field = |error: crate::error::AppError| match error {
        crate::error::AppError::Refused(refusals) => crate::error::AppError::Refused(
            refusals
                .into_iter()
                .map(|r| if r.place.is_some() { Refusal::field("apart", r.zh, r.en) } else { r })
                .collect(),
        ),
        other => other,
    };
    let outcome = match checked {
        Ok(ApartForm(reason)) => {
            page.run(move |store| {
                resident::keep_apart(store, &maker.authorized()?, ids, &reason).map_err(at_field)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done("/review/duplicates", "saved"),
        Err(fault) => again(&user, page, &pair, fields, fault),
    }
}
