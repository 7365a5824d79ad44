//! Households: 户籍户, 居住户 and 救助家庭 are three groupings that are never
//! merged (`domain.md` §2.5).

use chrono::NaiveDate;

use super::code_table::Relation;
use super::ids::ResidentId;

coded! {
    /// What holds a household together.
    HouseholdKind {
        Hukou = "hukou", "户籍户", "registered household";
        Residence = "residence", "居住户", "dwelling household";
        Assist = "assist", "救助家庭", "assistance household";
    }
}

coded! {
    /// Why somebody joined.
    JoinReason {
        Opening = "opening", "建户", "household opened";
        Birth = "birth", "出生", "birth";
        MoveIn = "move_in", "迁入", "moved in";
        Marriage = "marriage", "结婚", "marriage";
        Adoption = "adoption", "收养或认领", "adoption or recognition";
        Split = "split", "分户", "household split";
        Merge = "merge", "并户", "households merged";
        Returned = "returned", "回归(刑满、退役、寻回)", "returned (prison, service, missing)";
        Other = "other", "其他", "other";
    }
}

coded! {
    /// Why somebody left.
    LeaveReason {
        Death = "death", "死亡", "death";
        MoveOut = "move_out", "迁出", "moved out";
        Marriage = "marriage", "婚姻变动", "marriage or divorce";
        Split = "split", "分户", "household split";
        Merge = "merge", "并户", "households merged";
        Enlisted = "enlisted", "参军", "military service";
        Prison = "prison", "服刑或强制戒毒", "prison or compulsory rehabilitation";
        Missing = "missing", "失踪", "missing";
        Correction = "correction", "更正", "correction";
        Other = "other", "其他", "other";
    }
}

/// One period of membership, as the invariants see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Who.
    pub resident: ResidentId,
    /// Relation to the head.
    pub relation: Relation,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; open if `None`.
    pub to_on: Option<NaiveDate>,
}

/// A household that would break an invariant of `domain.md` §2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HouseholdFault {
    /// Nobody lives in an open household.
    #[error("no members")]
    Empty,
    /// Nobody is the head.
    #[error("no head")]
    NoHead,
    /// More than one member is the head.
    #[error("{0} heads")]
    TwoHeads(usize),
    /// The same person twice at the same time.
    #[error("overlapping membership of {0}")]
    Overlap(ResidentId),
    /// A period that ends before it begins.
    #[error("the membership of {0} ends before it begins")]
    Backwards(ResidentId),
    /// A membership before the household was opened.
    #[error("the membership of {0} begins before the household")]
    BeforeOpening(ResidentId),
    /// A person is asked for who is no open member.
    #[error("{0} is not a member")]
    NotMember(ResidentId),
    /// On a change of head somebody's relation was not given anew.
    #[error("no new relation for {0}")]
    RelationMissing(ResidentId),
}

impl HouseholdFault {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            HouseholdFault::Empty => "户内至少要有一名成员。".to_owned(),
            HouseholdFault::NoHead => "每户必须有一名户主(与户主关系 02)。".to_owned(),
            HouseholdFault::TwoHeads(n) => format!("一户只能有一名户主,现在有 {n} 名。"),
            HouseholdFault::Overlap(_) => {
                "该成员在同类家庭中的时间重叠,请先在原户登记离开。".to_owned()
            }
            HouseholdFault::Backwards(_) => "成员离开日期不能早于加入日期。".to_owned(),
            HouseholdFault::BeforeOpening(_) => "成员加入日期不能早于建户日期。".to_owned(),
            HouseholdFault::NotMember(_) => "该人不是本户现有成员。".to_owned(),
            HouseholdFault::RelationMissing(_) => {
                "户主变更后,每名成员与新户主的关系都要重新填写。".to_owned()
            }
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            HouseholdFault::Empty => "A household has at least one member.".to_owned(),
            HouseholdFault::NoHead => {
                "A household needs exactly one head (relation 02).".to_owned()
            }
            HouseholdFault::TwoHeads(n) => {
                format!("A household has only one head; there are {n}.")
            }
            HouseholdFault::Overlap(_) => "This person is in a household of the same kind at the \
                 same time. Register their leaving there first."
                .to_owned(),
            HouseholdFault::Backwards(_) => {
                "A member cannot leave before the day of joining.".to_owned()
            }
            HouseholdFault::BeforeOpening(_) => {
                "A member cannot join before the household is opened.".to_owned()
            }
            HouseholdFault::NotMember(_) => {
                "This person is not a member of the household now.".to_owned()
            }
            HouseholdFault::RelationMissing(_) => "After a change of head every member's \
                 relation to the new head must be given."
                .to_owned(),
        }
    }

    /// Which input the fault is about.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            HouseholdFault::NoHead | HouseholdFault::TwoHeads(_) => "head",
            HouseholdFault::Empty | HouseholdFault::NotMember(_) => "members",
            HouseholdFault::RelationMissing(_) => "relation",
            HouseholdFault::Overlap(_)
            | HouseholdFault::Backwards(_)
            | HouseholdFault::BeforeOpening(_) => "from_on",
        }
    }
}

/// Checks the periods of one household that stays open: exactly one head among
/// the open members, date order, no overlap within the household. Whether
/// somebody is in another household of the kind is the store's question.
#[must_use]
pub fn faults(opened_on: NaiveDate, spans: &[Span]) -> Vec<HouseholdFault> {
    let mut faults = Vec::new();
    let open = spans.iter().filter(|s| s.to_on.is_none());
    let heads = open.clone().filter(|s| s.relation.is_head()).count();
    match (open.count(), heads) {
        (0, _) => faults.push(HouseholdFault::Empty),
        (_, 0) => faults.push(HouseholdFault::NoHead),
        (_, 1) => {}
        (_, n) => faults.push(HouseholdFault::TwoHeads(n)),
    }
    for (at, span) in spans.iter().enumerate() {
        if span.to_on.is_some_and(|to| to < span.from_on) {
            faults.push(HouseholdFault::Backwards(span.resident));
        }
        if span.from_on < opened_on {
            faults.push(HouseholdFault::BeforeOpening(span.resident));
        }
        let later = spans.iter().skip(at + 1);
        if later.clone().any(|other| other.resident == span.resident && overlap(span, other)) {
            faults.push(HouseholdFault::Overlap(span.resident));
        }
    }
    faults
}

/// Whether two periods share a day. Days are inclusive at both ends: who left
/// on the 31st can join elsewhere on the 1st.
#[must_use]
pub fn overlap(a: &Span, b: &Span) -> bool {
    let a_to = a.to_on.unwrap_or(NaiveDate::MAX);
    let b_to = b.to_on.unwrap_or(NaiveDate::MAX);
    a.from_on <= b_to && b.from_on <= a_to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: i64, relation: &str, from: &str, to: Option<&str>) -> Span {
        Span {
            resident: ResidentId(id),
            relation: Relation::parse(relation).expect("a relation"),
            from_on: from.parse().expect("a date"),
            to_on: to.map(|t| t.parse().expect("a date")),
        }
    }

    #[test]
    fn an_open_household_has_exactly_one_head() {
        let day: NaiveDate = "2020-01-01".parse().expect("a date");
        let head = span(1, "02", "2020-01-01", None);
        let wife = span(2, "12", "2020-01-01", None);
        let second = span(3, "02", "2020-01-01", None);
        let left = span(4, "02", "2020-01-01", Some("2021-01-01"));
        assert_eq!(faults(day, &[head, wife, left]), vec![]);
        assert_eq!(faults(day, &[wife]), vec![HouseholdFault::NoHead]);
        assert_eq!(faults(day, &[head, second]), vec![HouseholdFault::TwoHeads(2)]);
        assert_eq!(faults(day, &[left]), vec![HouseholdFault::Empty]);
    }

    #[test]
    fn periods_are_in_order_and_do_not_overlap() {
        let day: NaiveDate = "2020-01-01".parse().expect("a date");
        let head = span(1, "02", "2020-01-01", None);
        let first = span(2, "12", "2020-01-01", Some("2020-06-30"));
        let again = span(2, "12", "2020-06-30", None);
        let fine = span(2, "12", "2020-07-01", None);
        let backwards = span(3, "21", "2020-02-02", Some("2020-02-01"));
        let early = span(4, "21", "2019-12-31", None);
        assert_eq!(
            faults(day, &[head, first, again]),
            vec![HouseholdFault::Overlap(ResidentId(2))]
        );
        assert_eq!(faults(day, &[head, first, fine]), vec![]);
        assert_eq!(
            faults(day, &[head, backwards, early]),
            vec![
                HouseholdFault::Backwards(ResidentId(3)),
                HouseholdFault::BeforeOpening(ResidentId(4))
            ]
        );
    }
}
