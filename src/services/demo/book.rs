//! The opening books: what the office had on paper at the end of 2022, as the
//! import takes it, and the visits of the year.

use super::cast::day;
use super::district::VisitPlan;
use super::home::{COMMUNITIES, Home, Member, STREET, STREET_NAME};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::services::import::MemoryBook;

/// Opened long before anything of the demo happens.
const LONG_AGO: &str = "2000-01-01";
/// The last month of the former system.
pub const LAST_MONTH: &str = "2022-12";

type Row = Vec<String>;

fn texts<const N: usize>(cells: [&str; N]) -> Row {
    cells.into_iter().map(str::to_owned).collect()
}

fn put(book: &mut MemoryBook, sheet: &str, header: &[&str], rows: impl IntoIterator<Item = Row>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    book.sheet(sheet, header);
    for row in rows {
        book.row(row);
    }
}

/// Street, communities, grids, and the first month of every program.
#[must_use]
pub fn area_book(grids: &[usize; 5], programs: &[String], first: Month) -> MemoryBook {
    let mut book = MemoryBook::new("区划.demo");
    let communities = COMMUNITIES.iter().map(|c| texts([c.code, c.name, LONG_AGO]));
    let grids = COMMUNITIES.iter().zip(grids).flat_map(|(community, count)| {
        (1..=*count).map(|number| {
            let code = format!("{}{number:03}", community.code);
            texts([&code, &format!("{}第{number}网格", community.name), LONG_AGO])
        })
    });
    let street = std::iter::once(texts([STREET, STREET_NAME, LONG_AGO]));
    put(&mut book, "areas", &["code", "name", "opened_on"], street.chain(communities).chain(grids));
    let starts = programs.iter().map(|code| vec![code.clone(), first.to_string()]);
    put(&mut book, "starts", &["program", "first_month"], starts);
    book
}

/// Everything known about these homes.
#[must_use]
pub fn registry_book(homes: &[Home]) -> MemoryBook {
    let mut book = MemoryBook::new("期初.demo");
    residents(&mut book, homes);
    households(&mut book, homes);
    members(&mut book, homes);
    facts(&mut book, homes);
    certificates(&mut book, homes);
    guardians(&mut book, homes);
    accounts(&mut book, homes);
    awards(&mut book, homes);
    book
}

fn each(homes: &[Home]) -> impl Iterator<Item = (&Home, &Member)> {
    homes.iter().flat_map(|home| home.members.iter().map(move |member| (home, member)))
}

fn residents(book: &mut MemoryBook, homes: &[Home]) {
    let header =
        ["name", "doc_kind", "doc_no", "sex", "birth_on", "area", "phone", "residence_status"];
    let rows = each(homes).map(|(home, member)| {
        let person = &member.person;
        vec![
            person.name.clone(),
            person.doc_kind.code().to_owned(),
            person.id_no.clone(),
            person.sex.code().to_owned(),
            person.born.to_string(),
            home.grid_code(),
            person.phone.clone().unwrap_or_default(),
            person.status.code().to_owned(),
        ]
    });
    put(book, "residents", &header, rows);
}

/// The kinds of household that a home has: 户籍户, 居住户, 救助家庭.
fn kinds(home: &Home) -> impl Iterator<Item = (&'static str, String)> {
    let opened = |member: &Member| member.person.born.max(day(LONG_AGO)).to_string();
    let since = home.members.first().map(opened).unwrap_or_default();
    let assist = home.assist.as_ref().map(|a| ("assist", a.decided_on.to_string()));
    let hukou = home.is_registered().then(|| ("hukou", since.clone()));
    let residence = home.has_residence().then_some(("residence", since));
    [hukou, residence, assist].into_iter().flatten()
}

fn households(book: &mut MemoryBook, homes: &[Home]) {
    let header = ["kind", "household_no", "area", "address", "opened_on"];
    let rows = homes.iter().flat_map(|home| {
        kinds(home).map(|(kind, opened)| {
            vec![kind.to_owned(), home.household_no(), home.grid_code(), home.address(), opened]
        })
    });
    put(book, "households", &header, rows);
}

fn members(book: &mut MemoryBook, homes: &[Home]) {
    let header = ["kind", "household_no", "person", "relation", "from_on"];
    let rows = homes.iter().flat_map(|home| {
        kinds(home).flat_map(move |(kind, opened)| {
            let count = if kind == "hukou" { home.tenants_from } else { home.members.len() };
            home.members.iter().take(count).map(move |member| {
                let person = &member.person;
                let from = day(&opened).max(person.born).to_string();
                vec![
                    kind.to_owned(),
                    home.household_no(),
                    person.id_no.clone(),
                    person.relation.to_owned(),
                    from,
                ]
            })
        })
    });
    put(book, "members", &header, rows);
}

fn facts(book: &mut MemoryBook, homes: &[Home]) {
    let header = ["person", "kind", "code", "amount", "from_month", "decided_on", "known_on"];
    let mut rows = Vec::new();
    for (home, member) in each(homes) {
        let id = &member.person.id_no;
        if let Some((kind, yuan)) = member.income {
            // Income is entered per year.
            let year = Fen::from_yuan(yuan * 12).to_plain();
            let on = home.assist.as_ref().map_or(day("2022-01-10"), |a| a.decided_on);
            let month = Month::of(on).to_string();
            let on = on.to_string();
            rows.push(texts([id, "income", kind, &year, &month, &on, &on]));
        }
        for fact in &member.facts {
            let month = Month::of(fact.since).to_string();
            let on = fact.since.to_string();
            rows.push(texts([id, fact.kind, fact.code, "", &month, &on, &on]));
        }
    }
    put(book, "facts", &header, rows);
}

fn certificates(book: &mut MemoryBook, homes: &[Home]) {
    let header =
        ["person", "cert_no", "first_issue", "issued_on", "valid_to", "from_month", "known_on"];
    let rows = each(homes).filter_map(|(_, member)| {
        let certificate = member.certificate.as_ref()?;
        let id = &member.person.id_no;
        let issued = certificate.issued_on.to_string();
        Some(vec![
            id.clone(),
            format!("{id}{}{}", certificate.category, certificate.grade),
            "是".to_owned(),
            issued.clone(),
            certificate.valid_to.map(|day| day.to_string()).unwrap_or_default(),
            Month::of(certificate.issued_on).to_string(),
            issued,
        ])
    });
    put(book, "certificates", &header, rows);
}

fn guardians(book: &mut MemoryBook, homes: &[Home]) {
    let header = ["person", "guardian", "name", "kind", "basis", "from_on"];
    let rows = each(homes).filter_map(|(home, member)| {
        let (at, kind) = member.guardian?;
        let guardian = &home.members.get(at)?.person;
        let from = member.person.born.max(day("2019-01-01")).to_string();
        let basis = if kind == "spouse" { "law" } else { "appointed" };
        let (ward, id) = (&member.person.id_no, &guardian.id_no);
        Some(texts([ward, id, &guardian.name, kind, basis, &from]))
    });
    put(book, "guardians", &header, rows);
}

fn accounts(book: &mut MemoryBook, homes: &[Home]) {
    let header = [
        "person",
        "holder_name",
        "holder_doc",
        "relation",
        "bank_name",
        "account",
        "opened_on",
        "agreement_no",
    ];
    let rows = each(homes).filter_map(|(home, member)| {
        let (number, holder) = member.account.as_ref()?;
        let person = &member.person;
        let (name, id, relation, agreement) = match holder.and_then(|at| home.members.get(at)) {
            None => (&person.name, "", "self", String::new()),
            Some(other) => {
                let spouse = member.guardian.is_some_and(|(_, kind)| kind == "spouse");
                let relation = if spouse { "spouse" } else { "guardian" };
                let agreement = format!("代领{}", home.household_no());
                (&other.person.name, other.person.id_no.as_str(), relation, agreement)
            }
        };
        let opened = person.born.max(day("2018-06-01")).to_string();
        let bank = "示例农商银行";
        Some(texts([&person.id_no, name, id, relation, bank, number, &opened, &agreement]))
    });
    put(book, "accounts", &header, rows);
}

/// Awards, their confirmations, and what was paid for December.
fn awards(book: &mut MemoryBook, homes: &[Home]) {
    let (mut awards, mut decisions, mut opening) = (Vec::new(), Vec::new(), Vec::new());
    for home in homes {
        let household = home.household_no();
        let head = home.members.first();
        if let (Some(assist), Some(head)) = (&home.assist, head) {
            let account = head.account.as_ref().map_or("", |(number, _)| number);
            let on = assist.decided_on.to_string();
            let certificate = format!("DB{household}");
            let who = ["dibao", "household", &head.person.id_no, &household];
            let [program, kind, id, number] = who;
            awards.push(texts([program, kind, id, number, &certificate, account, "A", &on]));
            decisions.push(decision(program, kind, "", number, assist.decided_on));
            opening.push(opened(program, kind, "", number, &assist.opening));
        }
        for member in &home.members {
            let id = &member.person.id_no;
            let account = member.account.as_ref().map_or("", |(number, _)| number);
            for award in &member.awards {
                let (program, on) = (award.program, award.decided_on.to_string());
                awards.push(texts([program, "person", id, "", "", account, "", &on]));
                decisions.push(decision(program, "person", id, "", award.decided_on));
                if let Some(paid) = &award.opening {
                    opening.push(opened(program, "person", id, "", paid));
                }
            }
        }
    }
    let who = ["program", "beneficiary", "person", "household_no"];
    let header = |rest: &[&'static str]| [&who[..], rest].concat();
    put(book, "awards", &header(&["cert_no", "account", "review_class", "opened_on"]), awards);
    put(book, "decisions", &header(&["kind", "from_month", "decided_on"]), decisions);
    let rest = ["month", "amount", "base", "supplement", "persons", "tier"];
    put(book, "opening", &header(&rest), opening);
}

fn decision(program: &str, kind: &str, id: &str, number: &str, on: chrono::NaiveDate) -> Row {
    let month = Month::of(on).next().to_string();
    texts([program, kind, id, number, "confirm", &month, &on.to_string()])
}

fn opened(program: &str, kind: &str, id: &str, number: &str, paid: &super::home::Opening) -> Row {
    let (base, top) = (paid.base.to_plain(), paid.supplement.to_plain());
    let amount = (paid.base + paid.supplement).to_plain();
    let persons = paid.persons.to_string();
    let tier = paid.tier.unwrap_or_default();
    texts([program, kind, id, number, LAST_MONTH, &amount, &base, &top, &persons, tier])
}

/// Visits that have taken place.
#[must_use]
pub fn visit_book(visits: &[&VisitPlan], first_number: usize) -> MemoryBook {
    let mut book = MemoryBook::new("走访.demo");
    let numbered = || visits.iter().enumerate().map(|(at, v)| (visit_no(first_number + at), v));
    let header = [
        "visit_no",
        "household_kind",
        "household_no",
        "purpose",
        "done_on",
        "worker",
        "result",
        "status",
        "reviewed_on",
    ];
    let rows = numbered().map(|(number, visit)| {
        let (kind, household) = (visit.household.0, visit.household.1.as_str());
        let (done, reviewed) = (visit.done_on.to_string(), visit.reviewed_on.to_string());
        let worker = visit.worker.as_str();
        texts([
            &number,
            kind,
            household,
            "population",
            &done,
            worker,
            visit.result,
            "reviewed",
            &reviewed,
        ])
    });
    put(&mut book, "visits", &header, rows);
    let persons = numbered().flat_map(|(number, visit)| {
        visit.persons.iter().map(move |id| vec![number.clone(), id.clone()])
    });
    put(&mut book, "visit_persons", &["visit_no", "person"], persons);
    book
}

fn visit_no(number: usize) -> String {
    format!("ZF2023-{number:06}")
}
