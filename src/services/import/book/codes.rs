//! The closed lists behind the drop-downs, taken from the domain's code tables.

use crate::domain::account::HolderRelation;
use crate::domain::award::{AwardMode, BeneficiaryKind, DecisionKind, ReviewClass, StopReason};
use crate::domain::certificate::{Category, Grade};
use crate::domain::code_table::{Education, Ethnicity, Marital, Relation, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::fact::FactKind;
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use crate::domain::life_event::EventKind;
use crate::domain::resident::ResidentStatus;
use crate::domain::temp_case::{CaseKind, CaseLevel, Cause, FamilyCategory};
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};

/// Code, Chinese and English name.
pub type Named = (&'static str, &'static str, &'static str);

/// A closed list of values.
pub struct CodeList {
    /// Its name in the sheet of codes.
    pub zh: &'static str,
    /// All values.
    pub values: fn() -> Vec<Named>,
    /// Reads code or name; gives the code.
    pub parse: fn(&str) -> Option<&'static str>,
    /// The Chinese name of a code.
    pub name: fn(&str) -> Option<&'static str>,
}

impl std::fmt::Debug for CodeList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.zh)
    }
}

macro_rules! list {
    ($($name:ident = $zh:literal, $type:ty;)*) => {$(
        #[doc = $zh]
        pub(super) static $name: CodeList = CodeList {
            zh: $zh,
            values: || <$type>::ALL.iter().map(|v| (v.code(), v.zh(), v.en())).collect(),
            parse: |text| <$type>::parse(text).map(<$type>::code),
            name: |code| <$type>::from_code(code).map(<$type>::zh),
        };
    )*};
}

list! {
    SEX = "性别", Sex;
    DOC_KIND = "证件类型", DocKind;
    MARITAL = "婚姻状况", Marital;
    EDUCATION = "文化程度", Education;
    RESIDENCE = "居住状态", ResidenceStatus;
    RESIDENT_STATUS = "人员状态", ResidentStatus;
    HOUSEHOLD_KIND = "户类型", HouseholdKind;
    JOIN_REASON = "加入原因", JoinReason;
    LEAVE_REASON = "离开原因", LeaveReason;
    EVENT_KIND = "事件类型", EventKind;
    FACT_KIND = "情况类型", FactKind;
    CATEGORY = "残疾类别", Category;
    GRADE = "残疾等级", Grade;
    GUARDIAN_KIND = "监护人类型", GuardianKind;
    GUARDIAN_BASIS = "监护依据", GuardianBasis;
    HOLDER = "与受益人关系", HolderRelation;
    BENEFICIARY = "受益对象", BeneficiaryKind;
    AWARD_MODE = "享受方式", AwardMode;
    REVIEW_CLASS = "复核类别", ReviewClass;
    DECISION_KIND = "决定类型", DecisionKind;
    STOP_REASON = "停发原因", StopReason;
    CASE_KIND = "救助类型", CaseKind;
    CAUSE = "事由", Cause;
    CASE_LEVEL = "审批层级", CaseLevel;
    FAMILY = "家庭类别", FamilyCategory;
    PURPOSE = "走访目的", Purpose;
    VISIT_RESULT = "走访结果", VisitResult;
    VISIT_STATUS = "走访状态", VisitStatus;
}

pub(super) static RELATION: CodeList = CodeList {
    zh: "与户主关系",
    values: || Relation::all().map(|r| (r.code(), r.zh(), r.en())).collect(),
    parse: |text| Relation::parse(text).map(Relation::code),
    name: |code| Relation::parse(code).map(Relation::zh),
};

pub(super) static ETHNICITY: CodeList = CodeList {
    zh: "民族",
    values: || Ethnicity::all().map(|r| (r.code(), r.zh(), r.en())).collect(),
    parse: |text| Ethnicity::parse(text).map(Ethnicity::code),
    name: |code| Ethnicity::parse(code).map(Ethnicity::zh),
};

const CONFIDENCES: [Named; 3] =
    [("1", "已确认", "confirmed"), ("2", "已申报", "reported"), ("3", "仅比对", "matched only")];

pub(super) static CONFIDENCE: CodeList = CodeList {
    zh: "可信度",
    values: || CONFIDENCES.to_vec(),
    parse: |text| {
        let text = text.trim();
        let fits = |v: &&Named| v.0 == text || v.1 == text || v.2.eq_ignore_ascii_case(text);
        CONFIDENCES.iter().find(fits).map(|v| v.0)
    },
    name: |code| CONFIDENCES.iter().find(|v| v.0 == code).map(|v| v.1),
};
