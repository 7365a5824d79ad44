//! What a page knows of drafts: the number of its form, whether it is a blank
//! one for the device, and how a form is carried out once.

use super::Page;
use crate::error::AppResult;
use crate::http::{Fault, csrf};
use crate::services::access::base64_url;
use crate::services::once;
use crate::store::Store;
use crate::web::form_view::FieldError;

/// Blank forms that a device keeps lie below this address.
pub const SHELL: &str = "/shell/";

impl Page {
    /// Runs the use case that a form asks for, once: its number is noted in the
    /// transaction. Nothing else that writes (a search by number is logged)
    /// may run in here.
    ///
    /// # Errors
    /// What the use case refuses.
    pub async fn run_once<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> AppResult<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let keyed = self.once.clone().zip(self.session.clone());
        self.run(move |store| match keyed {
            Some((request, session)) => f(&once::noting(store, &session, request, 303)),
            None => f(store),
        })
        .await
    }

    /// The number of the form: the one that was posted, or a new one.
    #[must_use]
    pub fn draft(&self) -> String {
        if let Some(request) = &self.once {
            return request.key.clone();
        }
        let mut noise = [0; 16];
        // Without randomness the number is refused as known: nothing doubles.
        let _ = crate::clock::random_bytes(&mut noise);
        base64_url(&noise)
    }

    /// A form token.
    #[must_use]
    pub fn csrf(&self) -> String {
        if self.is_shell() {
            return String::new();
        }
        csrf::token(self.state.store.cipher(), &self.binding)
    }

    /// Whether this is a blank form for the device: it names nobody and carries
    /// no token.
    #[must_use]
    pub fn is_shell(&self) -> bool {
        self.path.starts_with(SHELL)
    }

    /// Remembers what was said about the fields, for an answer without a page.
    pub(in crate::web) fn tell(&self, errors: &[FieldError]) {
        if !errors.is_empty() {
            // The first form of a page is the one that was posted.
            let _ = self.told.set(errors.to_vec());
        }
    }
}
