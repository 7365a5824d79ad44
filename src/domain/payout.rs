//! Payout runs: the words, the states and which move leads from which state to
//! which (`rulings.md` M11). One run is one street, one program, one month.

coded! {
    /// Where a run stands.
    RunState {
        Generating = "generating", "生成中", "being generated";
        Draft = "draft", "草稿", "draft";
        Submitted = "submitted", "已提交", "submitted";
        Approved = "approved", "已审批", "approved";
        Paid = "paid", "已发放", "paid";
        Closed = "closed", "已归档", "closed";
        Void = "void", "已作废", "void";
    }
}

coded! {
    /// What moves a run on.
    RunMove {
        Show = "show", "生成完毕", "generation finished";
        Refresh = "refresh", "重新生成", "draft again";
        Submit = "submit", "提交", "submit";
        Withdraw = "withdraw", "撤回", "withdraw";
        Return = "return", "退回", "return";
        Approve = "approve", "审批", "approve";
        Void = "void", "作废", "void";
        RecordPayment = "record_payment", "登记发放", "record the payment";
        Close = "close", "归档", "close";
    }
}

coded! {
    /// How a run came about.
    RunOrigin {
        Engine = "engine", "系统计算", "computed";
        Opening = "opening", "期初导入", "imported as opening";
    }
}

coded! {
    /// What a line is. The order is that of the codes, so that a sort by
    /// stored code and by value agree.
    LineKind {
        Arrears = "arrears", "补发", "arrears";
        Claim = "claim", "追回", "claim";
        Deduction = "deduction", "扣发", "deduction";
        Held = "held", "暂缓", "held";
        Regular = "regular", "正常发放", "regular";
        Waived = "waived", "豁免(仅调标)", "waived (rate only)";
    }
}

coded! {
    /// How a payment of a line ended.
    AttemptState {
        Pending = "pending", "待发放", "pending";
        Paid = "paid", "成功", "paid";
        Returned = "returned", "退票", "returned";
        Cancelled = "cancelled", "取消", "cancelled";
    }
}

coded! {
    /// Why the bank returned a payment (`domain.md` §9.5).
    ReturnReason {
        WrongName = "F01", "户名不符", "the name does not match";
        NoAccount = "F02", "账号不存在", "no such account";
        AccountClosed = "F03", "账户销户", "account closed";
        Frozen = "F04", "账户冻结或只收不付", "account frozen";
        Dormant = "F05", "长期不动户", "dormant account";
        DocumentExpired = "F06", "证件过期限制", "identity document expired";
        OverLimit = "F07", "超限", "over a limit";
        Other = "F09", "其他", "other";
    }
}

coded! {
    /// Where a claim stands.
    ClaimStatus {
        Open = "open", "未结清", "open";
        Settled = "settled", "已结清", "settled";
        WrittenOff = "written_off", "已核销", "written off";
    }
}

coded! {
    /// What moved a claim's account.
    ClaimLineKind {
        Opened = "opened", "立案", "opened";
        Deducted = "deducted", "扣发抵扣", "deducted";
        Repaid = "repaid", "退回", "repaid";
        WrittenOff = "written_off", "核销", "written off";
    }
}

coded! {
    /// Why a line that is not regular exists.
    LineReason {
        Standard = "standard", "调标", "standard changed";
        WrongStop = "wrong_stop", "错停", "stopped by mistake";
        Late = "late", "漏发或延迟审批", "missed or decided late";
        Released = "released", "暂缓恢复", "hold released";
        Changed = "changed", "情况变更", "circumstances changed";
        Renewed = "renewed", "换证延误", "certificate renewed late";
        Deceased = "deceased", "死亡", "death";
        Away = "away", "迁出", "moved out";
        NotInForce = "not_in_force", "待遇已停", "award not in force";
        Excluded = "excluded", "享受其他待遇", "another program is received";
        Recovery = "recovery", "分期扣发", "recovery by instalments";
        Hold = "hold", "人工或核查暂缓", "held";
        LateEvent = "late_event", "截止后确认死亡或迁出", "death or move confirmed after the cut-off";
        Closed = "closed", "已停待遇不补发", "no arrears to a closed award";
    }
}

/// A move that the run's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {} cannot take the step \"{}\"", .state.en(), .step.en())]
pub struct IllegalMove {
    /// Where the run stands.
    pub state: RunState,
    /// What was asked.
    pub step: RunMove,
}

impl IllegalMove {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(self) -> String {
        let can: Vec<&str> = RunMove::ALL
            .iter()
            .filter(|step| self.state.after(**step).is_ok())
            .map(|step| step.zh())
            .collect();
        let can = if can.is_empty() { "无".to_owned() } else { can.join("、") };
        format!("该批次为“{}”,不能{};现在可以:{can}。", self.state.zh(), self.step.zh())
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(self) -> String {
        let can: Vec<&str> = RunMove::ALL
            .iter()
            .filter(|step| self.state.after(**step).is_ok())
            .map(|step| step.en())
            .collect();
        let can = if can.is_empty() { "nothing".to_owned() } else { can.join(", ") };
        format!(
            "The run is {} and cannot take the step \"{}\"; possible now: {can}.",
            self.state.en(),
            self.step.en()
        )
    }
}

impl RunState {
    /// The one table of moves (`rulings.md` M11).
    ///
    /// # Errors
    /// [`IllegalMove`] for every pair that is not in the table.
    pub const fn after(self, step: RunMove) -> Result<RunState, IllegalMove> {
        use RunMove as M;
        use RunState as S;
        match (self, step) {
            (S::Generating, M::Show) => Ok(S::Draft),
            (S::Draft, M::Refresh) => Ok(S::Generating),
            (S::Draft, M::Submit) => Ok(S::Submitted),
            (S::Submitted, M::Withdraw | M::Return) => Ok(S::Draft),
            (S::Submitted, M::Approve) => Ok(S::Approved),
            (S::Draft | S::Submitted | S::Approved, M::Void) => Ok(S::Void),
            (S::Approved, M::RecordPayment) => Ok(S::Paid),
            (S::Paid, M::Close) => Ok(S::Closed),
            (state, step) => Err(IllegalMove { state, step }),
        }
    }

    /// Whether the run's lines count as posted.
    #[must_use]
    pub const fn is_posted(self) -> bool {
        matches!(self, RunState::Approved | RunState::Paid | RunState::Closed)
    }

    /// Whether readers may see the run's lines (`rulings.md` S3).
    #[must_use]
    pub const fn is_visible(self) -> bool {
        !matches!(self, RunState::Generating | RunState::Void)
    }

    /// The states whose lines count as posted.
    pub const POSTED: [RunState; 3] = [RunState::Approved, RunState::Paid, RunState::Closed];
}

impl LineKind {
    /// Whether the amount is posted to the line's month.
    #[must_use]
    pub const fn is_posted(self) -> bool {
        matches!(self, LineKind::Regular | LineKind::Arrears | LineKind::Claim)
    }

    /// Whether the amount reaches (or lowers what reaches) the account.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        matches!(self, LineKind::Regular | LineKind::Arrears | LineKind::Deduction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All allowed moves, written down once more: everything else is refused.
    const ALLOWED: [(RunState, RunMove, RunState); 11] = [
        (RunState::Generating, RunMove::Show, RunState::Draft),
        (RunState::Draft, RunMove::Refresh, RunState::Generating),
        (RunState::Draft, RunMove::Submit, RunState::Submitted),
        (RunState::Draft, RunMove::Void, RunState::Void),
        (RunState::Submitted, RunMove::Withdraw, RunState::Draft),
        (RunState::Submitted, RunMove::Return, RunState::Draft),
        (RunState::Submitted, RunMove::Approve, RunState::Approved),
        (RunState::Submitted, RunMove::Void, RunState::Void),
        (RunState::Approved, RunMove::Void, RunState::Void),
        (RunState::Approved, RunMove::RecordPayment, RunState::Paid),
        (RunState::Paid, RunMove::Close, RunState::Closed),
    ];

    #[test]
    fn every_pair_of_state_and_move_is_decided() {
        for state in RunState::ALL {
            for step in RunMove::ALL {
                let listed = ALLOWED.iter().find(|(s, m, _)| s == state && m == step);
                match (state.after(*step), listed) {
                    (Ok(next), Some((_, _, expected))) => assert_eq!(next, *expected),
                    (Err(refused), None) => {
                        assert!(refused.zh().contains(state.zh()), "{}", refused.zh());
                        assert!(refused.en().contains(step.en()), "{}", refused.en());
                    }
                    (outcome, _) => panic!("{state:?} {step:?}: {outcome:?}"),
                }
            }
        }
    }

    #[test]
    fn a_closed_run_never_moves() {
        for step in RunMove::ALL {
            assert!(RunState::Closed.after(*step).is_err());
            assert!(RunState::Void.after(*step).is_err());
        }
    }

    #[test]
    fn kinds_sort_like_their_codes() {
        let mut codes: Vec<&str> = LineKind::ALL.iter().map(|k| k.code()).collect();
        let as_listed = codes.clone();
        codes.sort_unstable();
        assert_eq!(codes, as_listed);
    }
}
