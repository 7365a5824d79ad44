//! What waits for a person: changes that a second one has to confirm
//! (`rulings.md` P10), and things that somebody has to look at.

coded! {
    /// A kind of change that takes effect only when a second person confirms.
    ChangeKind {
        Fact = "fact", "收入等情况", "income or another fact";
        FactAnnul = "fact_annul", "撤销情况", "annulment of a fact";
        MemberAdd = "member_add", "家庭成员增加", "member joins";
        MemberRemove = "member_remove", "家庭成员减少", "member leaves";
        Certificate = "certificate", "残疾人证", "disability certificate";
        CertificateCancel = "certificate_cancel", "残疾人证注销", "certificate cancelled";
        Account = "account", "领款账户", "payee account";
        AwardAccount = "award_account", "更换领款账户", "another payee account";
        Split = "split", "分户", "split of a household";
        Merge = "merge", "并户", "merge of households";
        MoveOut = "move_out", "迁出", "departure";
        PersonMerge = "person_merge", "合并重复记录", "merge of two records";
    }
}

coded! {
    /// What became of a proposed change.
    ChangeState {
        Pending = "pending", "待确认", "to be confirmed";
        Confirmed = "confirmed", "已确认", "confirmed";
        Rejected = "rejected", "已退回", "rejected";
        Withdrawn = "withdrawn", "已撤回", "withdrawn";
    }
}

coded! {
    /// Why somebody has to look at an award.
    ReviewKind {
        Payee = "payee", "户主已变更,请核对领款账户", "the head changed: check the payee account";
    }
}
