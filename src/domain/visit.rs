//! Home visits 走访 (`domain.md` §1.3).

coded! {
    /// What the visit was for.
    Purpose {
        Population = "population", "人口核实", "population check";
        DibaoReview = "dibao_review", "低保复核", "dibao review";
        Child = "child", "困境儿童探访", "child in difficulty";
        Disabled = "disabled", "残疾人探访", "person with a disability";
        Mental = "mental", "精神障碍随访", "mental health follow-up";
        LivingAlone = "living_alone", "独居老人", "elder living alone";
        Safety = "safety", "安全检查", "safety check";
        Other = "other", "其他", "other";
    }
}

coded! {
    /// What came of it.
    VisitResult {
        Met = "met", "已见面", "met";
        Family = "family", "家属代答", "answered by family";
        Absent = "absent", "无人", "nobody there";
        Refused = "refused", "拒访", "refused";
        NoAddress = "no_address", "地址不存在", "no such address";
        MovedAway = "moved_away", "已搬离", "moved away";
    }
}

impl VisitResult {
    /// Whether the persons count as verified.
    #[must_use]
    pub const fn verifies(self) -> bool {
        matches!(self, VisitResult::Met | VisitResult::Family)
    }
}

coded! {
    /// State: 计划 → 已派 → 已完成 → 已审核. Overdue is derived, not stored.
    VisitStatus {
        Planned = "planned", "计划", "planned";
        Assigned = "assigned", "已派", "assigned";
        Done = "done", "已完成", "done";
        Reviewed = "reviewed", "已审核", "reviewed";
    }
}

impl VisitStatus {
    /// The state after this one.
    #[must_use]
    pub const fn next(self) -> Option<VisitStatus> {
        match self {
            VisitStatus::Planned => Some(VisitStatus::Assigned),
            VisitStatus::Assigned => Some(VisitStatus::Done),
            VisitStatus::Done => Some(VisitStatus::Reviewed),
            VisitStatus::Reviewed => None,
        }
    }

    /// Whether the visit has taken place: then it has a date and a result.
    #[must_use]
    pub const fn is_past(self) -> bool {
        matches!(self, VisitStatus::Done | VisitStatus::Reviewed)
    }
}
