//! Acts of the story about money that is owed back, and the raised standard.

use super::home::STREET;
use super::office::{Office, missing};
use super::story::Who;
use crate::domain::ids::ClaimId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::{payout, policy as policies};
use crate::store::claim;

impl Office<'_> {
    /// The open claims on an award, with what is still owed.
    fn claims(&mut self, who: Who, program: &str) -> AppResult<Vec<(ClaimId, Fen)>> {
        let award = self.award(who, program)?.id;
        let owed = self.store.read(|conn| {
            let open = claim::list_claims(conn, STREET, true)?;
            let mut owed = Vec::new();
            for row in open.iter().filter(|row| row.award_id == award) {
                owed.push((row.id, claim::balance(conn, STREET, row.id)?));
            }
            Ok(owed)
        })?;
        // The story recovers only what a run has claimed.
        if owed.is_empty() { Err(missing(who.0)) } else { Ok(owed) }
    }

    /// The claims on an award are recovered by instalments from a month on, at
    /// most the policy's share of each payment.
    pub(super) fn plan(&mut self, who: Who, program: &str, from: Month) -> AppResult<()> {
        let cap = self.policy.settings.recovery_cap_percent;
        let by = self.staff.clerk.authorize()?;
        for (id, _) in self.claims(who, program)? {
            payout::plan_claim(self.store, &by, id, cap, from, "追字〔2023〕1号")?;
        }
        Ok(())
    }

    /// The claims on an award are repaid.
    pub(super) fn repay(&mut self, who: Who, program: &str) -> AppResult<()> {
        let by = self.staff.clerk.authorize()?;
        for (id, owed) in self.claims(who, program)? {
            payout::repay_claim(self.store, &by, id, owed, "家属退回,收据 2023-07")?;
        }
        Ok(())
    }

    /// The raised standard is proposed by one and put in force by another.
    pub(super) fn raise(&mut self) -> AppResult<()> {
        let text = super::policy::text(true)?;
        let id = policies::propose(self.store, &self.staff.clerk.authorize()?, &text)?;
        let approver = &self.staff.approver;
        policies::activate(self.store, &approver.authorize()?, id)?;
        self.policy = policies::check(&text)?;
        Ok(())
    }
}
