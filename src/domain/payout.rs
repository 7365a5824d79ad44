//! Payout runs: the words, the states and which move leads from which state to
//! which (`rulings.md` M11). One run is one street, one program, one month.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::money::Fen;
use super::month::Month;

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

/// What decides about a line's place in the content hash, and its digest.
///
/// Ids of lines and their encrypted inputs are left out: a draft that is made
/// again from the same facts has the same hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineDigest {
    beneficiary: i64,
    month: Month,
    kind: LineKind,
    digest: [u8; 32],
}

/// The fields of a line that its run's hash covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineContent<'a> {
    /// Who receives.
    pub beneficiary: i64,
    /// The award.
    pub award: i64,
    /// The month it is for.
    pub month: Month,
    /// What it is.
    pub kind: LineKind,
    /// Signed.
    pub amount: Fen,
    /// Without top-ups.
    pub base: Fen,
    /// Top-ups.
    pub supplement: Fen,
    /// People behind it.
    pub persons: i32,
    /// Community code.
    pub area: &'a str,
    /// Tier code.
    pub tier: Option<&'a str>,
    /// Reason code.
    pub reason: Option<&'a str>,
}

impl LineContent<'_> {
    /// The line's digest.
    #[must_use]
    pub fn digest(&self) -> LineDigest {
        let mut hash = Sha256::new();
        for number in [
            self.beneficiary,
            self.award,
            i64::from(self.month.index()),
            self.amount.0,
            self.base.0,
            self.supplement.0,
            i64::from(self.persons),
        ] {
            hash.update(number.to_be_bytes());
        }
        for text in
            [self.kind.code(), self.area, self.tier.unwrap_or(""), self.reason.unwrap_or("")]
        {
            hash.update(text.as_bytes());
            hash.update([0]);
        }
        LineDigest {
            beneficiary: self.beneficiary,
            month: self.month,
            kind: self.kind,
            digest: hash.finalize().into(),
        }
    }
}

/// SHA-256 over the program, the month and the digests of all lines in the
/// order beneficiary, month, kind.
#[must_use]
pub fn content_hash(program: &str, month: Month, lines: &mut [LineDigest]) -> [u8; 32] {
    lines.sort_unstable();
    let mut hash = HashInOrder::new(program, month);
    for line in lines.iter() {
        hash.add(line);
    }
    hash.finish()
}

/// The same hash for lines that arrive in order.
#[derive(Debug, Clone)]
pub struct HashInOrder(Sha256);

impl HashInOrder {
    /// Of a run of `program` for `month`.
    #[must_use]
    pub fn new(program: &str, month: Month) -> HashInOrder {
        let mut hash = Sha256::new();
        hash.update(program.as_bytes());
        hash.update([0]);
        hash.update(month.index().to_be_bytes());
        HashInOrder(hash)
    }

    /// The next line in the order beneficiary, month, kind.
    pub fn add(&mut self, line: &LineDigest) {
        self.0.update(line.digest);
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// As people compare it: the first 12 hexadecimal digits are enough to tell
/// two drafts apart, all 64 are stored.
#[must_use]
pub fn hash_text(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
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

    #[test]
    fn the_hash_depends_on_content_not_on_order() {
        let line = |beneficiary, amount| LineContent {
            beneficiary,
            award: 1,
            month: Month::from_index(24_284),
            kind: LineKind::Regular,
            amount: Fen(amount),
            base: Fen(amount),
            supplement: Fen::ZERO,
            persons: 1,
            area: "320899001001",
            tier: None,
            reason: None,
        };
        let month = Month::from_index(24_284);
        let mut one = [line(1, 100).digest(), line(2, 200).digest()];
        let mut two = [line(2, 200).digest(), line(1, 100).digest()];
        let mut other = [line(1, 100).digest(), line(2, 201).digest()];
        let hash = content_hash("dibao", month, &mut one);
        assert_eq!(hash, content_hash("dibao", month, &mut two));
        assert_ne!(hash, content_hash("dibao", month, &mut other));
        assert_ne!(hash, content_hash("care", month, &mut one));
    }
}
