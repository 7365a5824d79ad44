//! Awards and their decisions: what a person or a household was granted, from
//! when to when, and since when the office knew.

use chrono::NaiveDate;

use super::month::Month;

coded! {
    /// Who receives (`rulings.md` M8).
    BeneficiaryKind {
        Person = "person", "个人", "person";
        Household = "household", "家庭", "household";
        Case = "case", "个案", "case";
    }
}

coded! {
    /// How a household is counted.
    AwardMode {
        Standard = "standard", "整户", "whole household";
        Single = "single", "单人保", "single-person enrolment";
    }
}

coded! {
    /// Kind of decision.
    DecisionKind {
        Confirm = "confirm", "审核确认", "confirmed";
        Stop = "stop", "停发", "stopped";
        AnnulStop = "annul_stop", "撤销停发", "stop annulled";
        Grace = "grace", "渐退期", "grace period";
    }
}

coded! {
    /// How an award stands.
    AwardState {
        Pending = "pending", "待生效", "not yet in force";
        InForce = "in_force", "享受中", "in force";
        Held = "held", "暂缓", "held";
        Ended = "ended", "终止", "ended";
    }
}

coded! {
    /// Why an award was stopped (`domain.md` §3.8).
    StopReason {
        Death = "death", "死亡", "death";
        Income = "income", "收入超标", "income above the limit";
        Property = "property", "财产超标", "property above the limit";
        MovedOut = "moved_out", "户籍迁出", "moved out";
        Tekun = "tekun", "转特困", "became tekun";
        Refusal = "refusal", "拒不配合核查", "refused verification";
        Voluntary = "voluntary", "主动退出", "gave it up";
        Lost = "lost", "失联", "lost contact";
        Fraud = "fraud", "骗取", "fraud";
        GraceOver = "grace_over", "期满(渐退)", "grace period over";
        Condition = "condition", "不再符合条件", "condition no longer met";
        Other = "other", "其他", "other";
    }
}

coded! {
    /// How often the award is reviewed (not the payment band).
    ReviewClass {
        Yearly = "A", "A类(每年)", "yearly";
        HalfYearly = "B", "B类(半年)", "half-yearly";
        Quarterly = "C", "C类(每季)", "quarterly";
    }
}

/// What the rules need to know of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionSpan {
    /// Its id; of two decisions known on one day the greater id is later.
    pub id: i64,
    /// What was decided.
    pub kind: DecisionKind,
    /// First month.
    pub from_month: Month,
    /// First month that is no longer covered.
    pub to_month: Option<Month>,
    /// Since when the office knows.
    pub known_on: NaiveDate,
    /// The stop that it annuls.
    pub annuls: Option<i64>,
}

/// Whether an award is in force in `month` as known on `known`: a confirm
/// covers the month, and no stop that is later than that confirm, not
/// annulled, begins at or before it.
#[must_use]
pub fn in_force(decisions: &[DecisionSpan], month: Month, known: NaiveDate) -> bool {
    let seen = || decisions.iter().filter(|d| d.known_on <= known);
    let confirm = seen()
        .filter(|d| d.kind == DecisionKind::Confirm)
        .filter(|d| d.from_month <= month && d.to_month.is_none_or(|to| month < to))
        .max_by_key(|d| (d.known_on, d.id));
    let Some(confirm) = confirm else { return false };
    let annulled = |stop: &DecisionSpan| {
        seen().any(|d| d.kind == DecisionKind::AnnulStop && d.annuls == Some(stop.id))
    };
    !seen().any(|d| {
        d.kind == DecisionKind::Stop
            && d.from_month <= month
            && (d.known_on, d.id) > (confirm.known_on, confirm.id)
            && !annulled(d)
    })
}

impl AwardState {
    /// As it stands on `today` by what is decided; `held` is the first month of
    /// an open hold.
    #[must_use]
    pub fn of(decisions: &[DecisionSpan], held: Option<Month>, today: NaiveDate) -> AwardState {
        let month = Month::of(today);
        if in_force(decisions, month, today) {
            let is_held = held.is_some_and(|from| from <= month);
            return if is_held { AwardState::Held } else { AwardState::InForce };
        }
        match first_covered(decisions, month.next(), None) {
            Some(_) => AwardState::Pending,
            None => AwardState::Ended,
        }
    }
}

/// The first month from `from` on (and before `to`) in which the award is in
/// force already: a second confirmation may not overlap it.
#[must_use]
pub fn first_covered(decisions: &[DecisionSpan], from: Month, to: Option<Month>) -> Option<Month> {
    // Beyond the last month that any decision names nothing changes any more.
    let named = decisions.iter().flat_map(|d| [Some(d.from_month), d.to_month]).flatten();
    let last = named.max().unwrap_or(from).max(from).next();
    let end = to.map_or(last, |to| to.prev().min(last));
    from.to(end).find(|month| in_force(decisions, *month, NaiveDate::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(id: i64, kind: DecisionKind, from: &str, known: &str) -> DecisionSpan {
        DecisionSpan {
            id,
            kind,
            from_month: from.parse().expect("a month"),
            to_month: None,
            known_on: known.parse().expect("a date"),
            annuls: None,
        }
    }

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    #[test]
    fn a_stop_ends_and_its_annulment_restores() {
        let confirm = decision(1, DecisionKind::Confirm, "2023-01", "2022-12-10");
        let stop = decision(2, DecisionKind::Stop, "2023-06", "2023-05-12");
        let mut annul = decision(3, DecisionKind::AnnulStop, "2023-06", "2023-09-08");
        annul.annuls = Some(2);
        let all = [confirm, stop, annul];
        let on = |m: &str, k: &str| in_force(&all, month(m), k.parse().expect("a date"));
        assert!(!on("2022-12", "2023-12-31"));
        assert!(on("2023-05", "2023-06-15"));
        assert!(!on("2023-06", "2023-06-15"));
        assert!(on("2023-06", "2023-05-11"), "not known yet");
        assert!(on("2023-06", "2023-09-15"), "annulled");
    }

    #[test]
    fn an_award_stands_as_decided_by_today() {
        let confirm = decision(1, DecisionKind::Confirm, "2023-03", "2023-02-10");
        let stop = decision(2, DecisionKind::Stop, "2023-06", "2023-05-12");
        let on = |all: &[DecisionSpan], held: Option<&str>, day: &str| {
            AwardState::of(all, held.map(month), day.parse().expect("a date"))
        };
        assert_eq!(on(&[confirm], None, "2023-02-20"), AwardState::Pending);
        assert_eq!(on(&[confirm], None, "2023-03-01"), AwardState::InForce);
        assert_eq!(on(&[confirm], Some("2023-05"), "2023-04-30"), AwardState::InForce);
        assert_eq!(on(&[confirm], Some("2023-05"), "2023-05-01"), AwardState::Held);
        assert_eq!(on(&[confirm, stop], Some("2023-05"), "2023-06-01"), AwardState::Ended);
        assert_eq!(on(&[], None, "2023-06-01"), AwardState::Ended);
    }

    #[test]
    fn a_new_confirmation_after_a_stop_counts() {
        let confirm = decision(1, DecisionKind::Confirm, "2023-01", "2022-12-10");
        let stop = decision(2, DecisionKind::Stop, "2023-06", "2023-05-12");
        let again = decision(3, DecisionKind::Confirm, "2023-10", "2023-09-20");
        let all = [confirm, stop, again];
        assert!(!in_force(&all, month("2023-07"), NaiveDate::MAX));
        assert!(in_force(&all, month("2023-10"), NaiveDate::MAX));
        assert_eq!(first_covered(&[confirm, stop], month("2023-10"), None), None);
        assert_eq!(first_covered(&[confirm, stop], month("2023-04"), None), Some(month("2023-04")));
        assert_eq!(
            first_covered(&[confirm], month("2024-04"), Some(month("2024-05"))),
            Some(month("2024-04"))
        );
    }
}
