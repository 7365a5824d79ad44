//! The demo shows the figures of the report because the engine computes them.

use mingce::domain::annual::{Annual, FigureId};
use mingce::domain::money::Fen;
use mingce::domain::role::Role;
use mingce::domain::summary::Summary;
use mingce::error::ErrorCode;
use mingce::services::demo::{self, Mark, Options, Progress};
use mingce::services::payout::{self, DraftOptions};
use mingce::services::report::{self, AnnualQuery};
use mingce::services::verify;

use crate::harness::TestRegistry;
use crate::on_both;

struct Silent;

impl Progress for Silent {
    fn step(&mut self, _: usize, _: usize, _: &str, _: &str) {}
}

fn build(registry: &TestRegistry, residents: usize) {
    demo::build(&registry.store, Options { residents, seed: 2023 }, &mut Silent)
        .expect("the demo is built");
}

fn november(registry: &TestRegistry) -> (Summary, Annual) {
    let actor = registry.actor("jingban", Role::Clerk);
    let by = actor.authorize().expect("a clerk reads reports");
    let through = demo::through();
    let query = AnnualQuery { through, roster: None, public: false };
    let summary = report::month_summary(&registry.store, &by, through).expect("the table");
    (summary, report::annual(&registry.store, &by, query).expect("the figures"))
}

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).expect("an amount")
}

/// Households, persons, yuan of the five communities and of the street.
type Rows = [(i64, i64, &'static str); 6];

/// The acceptance fixture of `domain.md` §9.4 by program.
const FIXTURE: &[(&str, Rows)] = &[
    (
        "dibao",
        [
            (31, 51, "26973"),
            (28, 44, "23717"),
            (18, 27, "16045"),
            (9, 13, "7647"),
            (7, 11, "6250"),
            (93, 146, "80632"),
        ],
    ),
    (
        "children",
        [
            (12, 12, "13571"),
            (10, 10, "11460"),
            (6, 6, "6333"),
            (4, 4, "4222"),
            (2, 2, "2111"),
            (34, 34, "37697"),
        ],
    ),
    (
        "care",
        [
            (76, 76, "13450"),
            (64, 64, "11350"),
            (50, 50, "8850"),
            (37, 37, "6550"),
            (24, 24, "4250"),
            (251, 251, "44450"),
        ],
    ),
    (
        "living",
        [
            (23, 23, "17493"),
            (20, 20, "15069"),
            (15, 15, "11635"),
            (10, 10, "8080"),
            (6, 6, "4848"),
            (74, 74, "57125"),
        ],
    ),
    (
        "living_l5",
        [(3, 3, "969"), (3, 3, "969"), (1, 1, "323"), (1, 1, "323"), (0, 0, "0"), (8, 8, "2584")],
    ),
];

fn check_fixture(summary: &Summary) {
    check_amounts(summary);
    assert!(summary.closed && summary.illustrative);
}

fn check_amounts(summary: &Summary) {
    for (program, rows) in FIXTURE {
        let block = summary.block(program).expect(program);
        let (street, communities) = rows.split_last().expect("six rows");
        assert_eq!(block.communities.len(), communities.len(), "{program}");
        let seen = block.communities.iter().map(|c| &c.row).chain([&block.total]);
        for (row, (households, persons, amount)) in seen.zip(communities.iter().chain([street])) {
            assert_eq!(row.due.households, *households, "{program} {}", block.total.due.amount);
            assert_eq!(row.due.persons, *persons, "{program}");
            assert_eq!(row.due.amount, yuan(amount), "{program}");
        }
    }
    let dibao = summary.block("dibao").expect("dibao");
    let tops: Vec<Fen> = dibao.communities.iter().map(|c| c.row.supplement).collect();
    assert_eq!(tops, ["1053", "1053", "729", "243", "162"].map(yuan));
    assert_eq!(dibao.total.supplement, yuan("3240"));
    assert_eq!(summary.monthly_total.due.amount, yuan("222488"));
}

fn check_figures(annual: &Annual, residents: i64) {
    let values = |id: FigureId| -> Vec<i64> {
        let figure = annual.figures.iter().find(|f| f.id == id).expect("a figure");
        figure.values.iter().filter_map(|v| v.value).collect()
    };
    assert_eq!(values(FigureId::R01), [residents]);
    assert_eq!(values(FigureId::R05), [93, 146]);
    assert_eq!(values(FigureId::R06), [8_063_200]);
    assert_eq!(values(FigureId::R07), [34, 34]);
    assert_eq!(values(FigureId::R08), [3_769_700]);
    assert_eq!(values(FigureId::R09), [18, 1_315_000]);
    assert_eq!(values(FigureId::R10), [8, 5_769_000]);
    assert_eq!(values(FigureId::R11), [12]);
    assert_eq!(values(FigureId::R12), [251]);
    assert_eq!(values(FigureId::R13), [74]);
    assert_eq!(values(FigureId::R14), [10_157_500]);
    assert_eq!(values(FigureId::R15), [8, 258_400]);
}

on_both! {
    fn the_demo_shows_the_figures_of_the_report(registry) {
        build(registry, 600);
        let (summary, annual) = november(registry);
        check_fixture(&summary);
        check_figures(&annual, 600);

        let auditor = registry.actor("shenji", Role::Auditor);
        let by = auditor.authorize().expect("an auditor verifies");
        let verified = verify::run(&registry.store, &by, true).expect("verified");
        assert!(verified.is_clean(), "{:?}", verified.failed());

        assert_eq!(demo::mark(&registry.store).expect("marked"), Mark::Demo);
        let again = demo::build(
            &registry.store,
            Options { residents: 600, seed: 2023 },
            &mut Silent,
        );
        assert_eq!(again.map(|_| ()).map_err(|e| e.code()), Err(ErrorCode::Conflict));

        let clerk = registry.actor("another", Role::Clerk);
        let by = clerk.authorize().expect("a clerk drafts");
        for month in demo::first_month().to(demo::through()) {
            let refused = payout::draft(&registry.store, &by, month, DraftOptions::default());
            assert_eq!(
                refused.map(|_| ()).map_err(|e| e.code()),
                Err(ErrorCode::MonthClosed),
                "{month}"
            );
        }
    }

    fn every_month_has_something_to_look_at(registry) {
        build(registry, 600);
        let actor = registry.actor("jingban", Role::Clerk);
        let by = actor.authorize().expect("a clerk reads reports");
        let mut seen = Seen::default();
        for month in demo::first_month().to(demo::through()) {
            let summary = report::month_summary(&registry.store, &by, month).expect("the table");
            for block in summary.blocks() {
                let row = &block.total;
                seen.joined += row.joined.households;
                seen.left += row.left.households;
                seen.moved += block.communities.iter().map(|c| c.row.moved_in.households).sum::<i64>();
                seen.arrears += row.arrears.count;
                seen.deduction += row.deduction.count;
                seen.reissued += row.reissued.count;
                seen.returned += row.returned.count;
                seen.claims += block.below.claims.count;
                seen.held += block.below.held.count;
                seen.up = seen.up.max(row.adjusted.up);
            }
            if month == demo::first_month() {
                let dibao = summary.block("dibao").expect("dibao");
                assert!(dibao.total.last.households > 80, "last month comes from the opening");
                assert_eq!(dibao.total.joined.households, 0);
                assert_eq!(dibao.total.arrears.count, 0);
                assert_eq!(dibao.total.last.amount, dibao.total.due.amount);
            }
        }
        assert!(seen.joined > 20 && seen.left > 10 && seen.moved == 1, "{seen:?}");
        assert!(seen.arrears > 100 && seen.deduction == 4, "{seen:?}");
        assert!(seen.returned == 3 && seen.reissued == 2, "{seen:?}");
        assert!(seen.claims >= 2 && seen.held >= 1 && seen.up.is_positive(), "{seen:?}");
    }
}

#[derive(Debug, Default)]
struct Seen {
    joined: i64,
    left: i64,
    moved: i64,
    arrears: i64,
    deduction: i64,
    reissued: i64,
    returned: i64,
    claims: i64,
    held: i64,
    up: Fen,
}

mod first_month {
    use std::fs;
    use std::path::Path;

    use mingce::domain::month::Month;
    use mingce::domain::payout::LineKind;
    use mingce::services::export::export_book;
    use mingce::services::import::{ImportOptions, import_book, open_book};
    use mingce::services::{Actor, policy, resident};
    use mingce::store::{award, household, line, run};

    use super::*;
    use crate::harness::STREET;

    /// The book of the demo as it is at the end, with October as what was paid
    /// before go-live and November as the first month.
    fn book_of_october(registry: &TestRegistry, book: &Path) {
        let actor = Actor::operator("test", STREET);
        export_book(&registry.store, &actor.authorize().expect("exports"), book, "首月检验")
            .expect("exported");
        let through = demo::through();
        let starts = fs::read_to_string(book.join("启用月份.csv")).expect("the first months");
        assert!(starts.contains(&demo::first_month().to_string()));
        let starts = starts.replace(&demo::first_month().to_string(), &through.to_string());
        fs::write(book.join("启用月份.csv"), starts).expect("written");
        fs::write(book.join("期初发放.csv"), october(registry, through.prev())).expect("written");
    }

    fn october(registry: &TestRegistry, month: Month) -> String {
        let actor = registry.actor("jingban", Role::Clerk);
        let by = actor.authorize().expect("a clerk reads");
        let scope = mingce::services::Scope::street(STREET);
        let mut csv = "program,beneficiary,person,household_no,month,amount,base,supplement,\
                       persons,area,tier\n"
            .to_owned();
        let lines: Vec<_> = registry
            .store
            .read(|conn| {
                let mut found = Vec::new();
                for run in run::list_runs_of_month(conn, STREET, month)? {
                    let lines = line::list_lines_of_run(conn, STREET, run.id, None, i64::MAX)?;
                    for line in lines.into_iter().filter(|l| l.kind == LineKind::Regular) {
                        let award =
                            award::find_award(conn, STREET, line.award_id)?.expect("an award");
                        let home = match award.household_id {
                            Some(id) => household::find_household(conn, &scope, id)?,
                            None => None,
                        };
                        found.push((run.program.clone(), award, home, line));
                    }
                }
                Ok(found)
            })
            .expect("October");
        for (program, award, home, line) in lines.iter().filter(|(program, ..)| program != "temp") {
            let (kind, person, number) = match home {
                Some(home) => ("household", String::new(), home.household_no.clone()),
                None => {
                    let found = resident::reveal(&registry.store, &by, award.resident_id, "首月");
                    let number = found.expect("a person").doc_no.expect("with a number");
                    ("person", number, String::new())
                }
            };
            csv += &format!(
                "{program},{kind},{person},{number},{month},{},{},{},{},{},{}\n",
                line.amount_fen.to_plain(),
                line.base_fen.to_plain(),
                line.supplement_fen.to_plain(),
                line.persons,
                line.area_code,
                line.tier.as_deref().unwrap_or_default(),
            );
        }
        csv
    }

    /// The office that goes live in November with October's payments.
    fn go_live(office: &TestRegistry, book: &Path) -> Summary {
        let operator = Actor::operator("test", STREET);
        office.clock.move_to(demo::through().day(16));
        let text = demo::policy::text(true).expect("the raised standard");
        let id = policy::propose(
            &office.store,
            &office.actor("clerk", Role::Clerk).authorize().expect("may"),
            &text,
        )
        .expect("proposed");
        policy::activate(
            &office.store,
            &office.actor("boss", Role::Approver).authorize().expect("may"),
            id,
        )
        .expect("in force");
        let mut source = open_book(book).expect("the book");
        let report = import_book(
            &office.store,
            &operator.authorize().expect("imports"),
            source.as_mut(),
            &ImportOptions::default(),
        )
        .expect("imported");
        assert_eq!(report.refusals, [], "everything is taken");

        let clerk = office.actor("jingban", Role::Clerk);
        let by = clerk.authorize().expect("drafts");
        payout::draft(&office.store, &by, demo::through(), DraftOptions::default())
            .expect("the first month is drafted");
        let by = clerk.authorize().expect("reads");
        report::month_summary(&office.store, &by, demo::through()).expect("the table")
    }

    on_both! {
        fn october_as_opening_gives_the_same_november(registry) {
            build(registry, 600);
            let (demo, _) = november(registry);
            let book = registry.dir.path().join("book");
            book_of_october(registry, &book);
            let office = TestRegistry::new(registry.store.backend());
            let first = go_live(&office, &book);
            check_amounts(&first);
            for (theirs, ours) in demo.monthly.iter().zip(&first.monthly) {
                assert_eq!(theirs.program.code, ours.program.code);
                for (a, b) in theirs.communities.iter().zip(&ours.communities) {
                    let at = format!("{} {}", theirs.program.code, a.name);
                    assert_eq!(a.row.due, b.row.due, "{at}");
                    assert_eq!(a.row.last, b.row.last, "{at}");
                    assert_eq!(a.row.joined, b.row.joined, "{at}");
                    assert_eq!(a.row.left, b.row.left, "{at}");
                    assert_eq!(a.row.adjusted, b.row.adjusted, "{at}");
                    assert_eq!(a.row.joined_by, b.row.joined_by, "{at}");
                    // Months before go-live are outside the ledger.
                    assert_eq!(b.row.arrears.count, 0, "{at}");
                }
            }
        }
    }
}
