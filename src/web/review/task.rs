//! An award to look at: somebody looked, and says what they found.

use askama::Template;

use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditAward, ViewRegistry};
use crate::services::review::{self, TaskLine};
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "review/task.html")]
struct TaskPage<'a> {
    page: &'a Page,
    form: FormView,
    task: &'a TaskLine,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct NoteForm(String);

impl FromFields for NoteForm {
    const FIELDS: &'static [&'static str] = &["note"];

    fn from_fields(fields: &mut Fields) -> Option<NoteForm> {
        fields.required("note", "请填写核对结果。", "Enter what you found.").map(NoteForm)
    }
}

async fn load(user: &Allowed<EditAward>, page: Page, id: i64) -> Result<(Page, TaskLine), Fault> {
    let user = user.clone();
    let task = page
        .run(move |store| {
            let by = user.session().actor.authorize::<ViewRegistry>()?;
            review::load_line(store, &by, id, user.session().extra())
        })
        .await?;
    let title = page.either(task.kind.zh(), task.kind.en()).to_owned();
    Ok((page.title_text(title).under("review.title", "/review"), task))
}

/// `GET /review/tasks/{id}`.
///
/// # Errors
/// 404 out of scope or ended.
pub async fn ask(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    let (page, task) = load(&user, page, path.0).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| TaskPage { page, form, task: &task })
}

/// `POST /review/tasks/{id}`.
///
/// # Errors
/// 404 out of scope or ended.
pub async fn finish(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<NoteForm>,
) -> Outcome {
    let id = path.0;
    let (page, task) = load(&user, page, id).await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(NoteForm(note)) => {
            page.run(move |store| review::finish(store, &user.authorized()?, id, &note)).await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done("/review", "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&TaskPage { page: &page, form, task: &task })
        }
    }
}
