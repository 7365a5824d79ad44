//! What a policy officer can switch.

use super::*;

fn with(from: &str, to: &str) -> Policy {
    assert!(PROFILE.contains(from), "the profile no longer contains {from:?}");
    parse(&PROFILE.replacen(from, to, 1))
}

const SHORTFALL: &str = "shortfall = { standard = \"dibao\", rounding = \"ceil_yuan\" }";

/// Two people (one aged 72) with 1,615.90 a month.
fn thin_gap(policy: &Policy) -> Due {
    let mut unit = Unit::new(policy);
    unit.member("1951-05", "1615.90");
    unit.member("1960-05", "0");
    let award = unit.award(policy, "dibao", 0);
    unit.due(policy, award, "2023-08", "2023-08-15").expect("in force")
}

/// W13b with the base in fen, W13c.
#[test]
fn rounding_and_minimum_of_the_base() {
    let fen = with(SHORTFALL, "shortfall = { standard = \"dibao\", rounding = \"half_up_fen\" }");
    assert_eq!(thin_gap(&fen).amount, yuan("81.10"));
    let least = with(
        SHORTFALL,
        "shortfall = { standard = \"dibao\", rounding = \"ceil_yuan\", min_payout = \"50\" }",
    );
    let due = thin_gap(&least);
    assert_eq!((due.base, due.supplement, due.amount), (Fen(5_000), Fen(8_100), Fen(13_100)));
}

#[test]
fn a_severely_disabled_member_may_count_without_income() {
    let full = with(
        SHORTFALL,
        "shortfall = { standard = \"dibao\", rounding = \"ceil_yuan\", \
         full_standard_for_severe = true }",
    );
    for (policy, expected) in [(&parse(PROFILE), "616.00"), (&full, "1416.00")] {
        let mut unit = Unit::new(policy);
        let disabled = unit.member("1980-05", "800");
        unit.member("1980-05", "200");
        unit.certificate(disabled, 6, 3);
        let award = unit.award(policy, "dibao", 0);
        assert_eq!(unit.pays(policy, award, "2023-08", "2023-08-15"), expected);
    }
}

/// W19: flat and tapering.
#[test]
fn grace_is_flat_or_tapers() {
    let taper = with("[100, 100, 100, 100, 100, 100]", "[100, 100, 100, 50, 50, 50]");
    for (policy, late) in [(&parse(PROFILE), "716.00"), (&taper, "358.00")] {
        let mut unit = Unit::new(policy);
        let earner = unit.member("1980-05", "900");
        unit.member("1982-05", "0");
        unit.income(earner, "2000", "2023-10", "2023-09-10");
        let award = unit.award(policy, "dibao", 0);
        unit.decide(award, DecisionKind::Grace, "2023-10", "2023-09-10");
        let pays: Vec<String> = ["2023-09", "2023-10", "2023-12", "2024-01", "2024-03", "2024-04"]
            .iter()
            .map(|m| unit.pays(policy, award, m, "2024-04-15"))
            .collect();
        assert_eq!(pays, ["716.00", "716.00", "716.00", late, late, "0.00"]);
    }
}

#[test]
fn grace_ends_above_the_edge_line_and_is_capped_by_the_members() {
    let policy = parse(PROFILE);
    let mut unit = Unit::new(&policy);
    let earner = unit.member("1980-05", "100");
    let other = unit.member("1982-05", "0");
    unit.income(earner, "1700", "2023-10", "2023-09-10");
    let award = unit.award(&policy, "dibao", 0);
    unit.decide(award, DecisionKind::Grace, "2023-10", "2023-09-10");
    assert_eq!(unit.pays(&policy, award, "2023-11", "2023-11-15"), "1516.00");
    // One member dies: 1,700 for one person lies above the edge line of 1,616.
    unit.death(other, "2023-11-20", "2023-11-22", Some("2023-11-25"));
    let due = unit.due(&policy, award, "2023-12", "2023-12-15").expect("in force");
    assert!(matches!(due.reason, Reason::Condition(_)), "{due:?}");
    unit.income(earner, "1600", "2023-12", "2023-11-25");
    assert_eq!(unit.pays(&policy, award, "2023-12", "2023-12-15"), "808.00");
}

#[test]
fn orphans_at_school_may_continue() {
    let policy = with(
        "when = { age_under = 18 }",
        "when = { any = [{ age_under = 18 }, { all = [{ child_class = [\"C1b\"] }, \
         { fact = { kind = \"study\", code = [\"full_time\"] } }] }] }",
    );
    let mut unit = Unit::new(&policy);
    let child = unit.member("2005-08", "0");
    unit.fact(child, ("child_class", "C1b"), "1990-01", "1990-01-01");
    unit.fact(child, ("study", "full_time"), "1990-01", "1990-01-01");
    let award = unit.award(&policy, "children", child);
    assert_eq!(unit.pays(&policy, award, "2023-09", "2023-09-15"), "1508.00");
    unit.fact(child, ("study", "none"), "2023-10", "2023-09-20");
    assert_eq!(unit.pays(&policy, award, "2023-10", "2023-10-15"), "0.00");
}

#[test]
fn start_and_stop_months_follow_the_program() {
    let policy = parse(PROFILE);
    let first = |code: &str| {
        let index = policy.program_index(code).expect("a program");
        let program = policy.program(index).expect("a program");
        program.first_month(day("2023-08-30"), day("2023-09-20"))
    };
    assert_eq!(first("dibao"), month("2023-10"));
    assert_eq!(first("care"), month("2023-08"));
    assert_eq!(first("temp"), month("2023-09"));
    let dibao = policy.program(policy.program_index("dibao").expect("dibao")).expect("dibao");
    assert_eq!(dibao.stop_month(day("2023-08-12")), month("2023-09"));
    assert_eq!((dibao.grace_months(), dibao.allows_single()), (6, true));
}

#[test]
fn a_recovery_takes_at_most_its_share_in_whole_yuan() {
    let settings = parse(PROFILE).settings;
    assert_eq!(settings.recovery_cap(yuan("716.00")), yuan("214.00"));
    assert_eq!(settings.recovery_cap(Fen::ZERO), Fen::ZERO);
}

#[test]
fn a_quarterly_program_is_cut_off_with_its_quarter() {
    let policy = parse(PROFILE);
    let of = |code: &str| policy.program_index(code).expect("a program");
    assert_eq!(policy.cut_off_of(of("dibao"), month("2023-09")), day("2023-09-15"));
    assert_eq!(policy.cut_off_of(of("guardian"), month("2023-09")), day("2023-09-30"));
}

/// 分档 instead of 补差: bands of a fixed amount per person.
#[test]
fn bands_pay_per_member() {
    let bands = "
tier = [
    { code = \"A\", zh = \"A档\", en = \"band A\", when = { fact = { kind = \"labour\", code = [\"none\"] } }, share = { standard = \"dibao\", percent = 90, rounding = \"half_up_yuan\" } },
    { code = \"B\", zh = \"B档\", en = \"band B\", share = { standard = \"dibao\", percent = 50, rounding = \"half_up_yuan\" } },
]
";
    let text = PROFILE.replacen(SHORTFALL, bands, 1);
    let without = |text: &str, from: &str, to: &str| {
        let (head, rest) = text.split_once(from).expect("there");
        let (_, tail) = rest.split_once(to).expect("there");
        format!("{head}{to}{tail}")
    };
    let text = without(&text, "single = {", "# 渐退期");
    let policy = parse(&without(&text, "grace = {", "# 分类施保"));
    let mut unit = Unit::new(&policy);
    let person = unit.member("1951-05", "600");
    unit.member("1960-05", "0");
    let award = unit.award(&policy, "dibao", 0);
    assert_eq!(unit.pays(&policy, award, "2023-08", "2023-08-15"), "889.00");
    unit.fact(person, ("labour", "none"), "1990-01", "1990-01-01");
    let due = unit.due(&policy, award, "2023-08", "2023-08-15").expect("in force");
    assert_eq!((due.base, due.supplement, due.tier), (yuan("1454.00"), yuan("81.00"), 0));
}

/// The district's limit on property, asked of everybody in the household.
#[test]
fn property_per_head_may_be_limited() {
    let policy = with(
        "excluded_by = [\"tekun\"]\n# 保障金",
        "excluded_by = [\"tekun\"]\nwhen = { property_per_head = { standard = \"dibao\", \
         at_most_times = 24 } }\n# 保障金",
    );
    for (flat, deposit, expected) in [("10000", "28784", "1616.00"), ("10000", "28784.01", "0.00")]
    {
        let mut unit = Unit::new(&policy);
        let owner = unit.member("1970-05", "0");
        unit.member("1972-05", "0");
        for (code, amount) in [("flat", flat), ("deposit", deposit)] {
            unit.fact(owner, ("property", code), "1990-01", "1990-01-01");
            unit.facts.facts.last_mut().expect("pushed").amount = yuan(amount);
        }
        let award = unit.award(&policy, "dibao", 0);
        assert_eq!(unit.pays(&policy, award, "2023-08", "2023-08-15"), expected);
    }
}

/// W20 and its limits: only from an edge household, only the named member.
#[test]
fn single_enrolment_needs_an_edge_household() {
    let policy = parse(PROFILE);
    for (income, expected) in [("3000", "526.00"), ("4848", "0.00")] {
        let mut unit = Unit::new(&policy);
        unit.member("1970-05", income);
        unit.member("1972-05", "0");
        let member = unit.member("1995-05", "0");
        unit.certificate(member, 6, 3);
        let award = unit.award(&policy, "dibao", member);
        unit.facts.awards.last_mut().expect("pushed").single = true;
        let due = unit.due(&policy, award, "2023-08", "2023-08-15").expect("in force");
        assert_eq!(due.amount, yuan(expected));
        assert_eq!(due.persons, u16::from(due.amount.is_positive()));
    }
}
