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

    /// Whether somebody has to come again: nobody was met who lives there.
    #[must_use]
    pub const fn calls_for_another(self) -> bool {
        matches!(self, VisitResult::Absent | VisitResult::Refused)
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

coded! {
    /// What a visit found changed; the change itself is entered at its place.
    Finding {
        Phone = "phone", "电话", "telephone";
        Living = "living", "居住状态", "living situation";
        Members = "members", "家庭成员", "members";
        Health = "health", "健康状况", "health";
        House = "house", "房屋用途", "use of the home";
        Other = "other", "其他", "other";
    }
}

impl Finding {
    /// As stored: codes, separated by commas.
    #[must_use]
    pub fn list(findings: &[Finding]) -> String {
        findings.iter().map(|finding| finding.code()).collect::<Vec<_>>().join(",")
    }
}

/// The building of an address, as people group their rounds: what stands before
/// 幢, 栋, 座 or 号楼, with it; without one the court or the house number.
#[must_use]
pub fn building_of(address: &str) -> &str {
    for mark in ["号楼", "幢", "栋", "座", "号院", "弄", "号"] {
        if let Some((before, _)) = address.split_once(mark) {
            return address.get(..before.len() + mark.len()).unwrap_or(address);
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_building() {
        for (address, building) in [
            ("东长花园3号院9幢2单元301室", "东长花园3号院9幢"),
            ("淮海路12号楼301", "淮海路12号楼"),
            ("测试路9号", "测试路9号"),
            ("西村", "西村"),
        ] {
            assert_eq!(building_of(address), building);
        }
    }
}
