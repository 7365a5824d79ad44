//! The part of the cast that is paid person by person: children in difficulty,
//! persons with disabilities, patients, applicants of temporary assistance.

use super::cast::{Caster, day};
use super::home::{Award, COMMUNITIES, Fact, Home, Opening};
use crate::domain::code_table::Sex;
use crate::domain::money::Fen;

/// Children in November by community: orphans; 80 %; 60 %.
const CHILDREN: [(&str, &str, i128, [usize; 5]); 3] = [
    ("O", "C1b", 100, [2, 2, 0, 0, 0]),
    ("P", "C2", 80, [5, 4, 3, 2, 1]),
    ("R", "C3", 60, [5, 4, 3, 2, 1]),
];
/// Care subsidy, grade 1 and grade 2.
const CARE: [[usize; 5]; 2] = [[41, 35, 27, 20, 13], [35, 29, 23, 17, 11]];
/// Living subsidy outside dibao (100 %); all of them have care too.
const LIVING: [usize; 5] = [21, 18, 14, 10, 6];
/// Grades 3–4 outside dibao.
const OUTSIDE: [usize; 5] = [3, 3, 1, 1, 0];
/// Registered patients.
const PATIENTS: [usize; 5] = [27, 23, 18, 13, 8];
/// Applicants of temporary assistance.
const APPLICANTS: [usize; 5] = [8, 7, 5, 4, 2];

/// A home's label in a community.
fn label(kind: &str, community: usize, number: usize) -> String {
    let code = COMMUNITIES.get(community).map_or('?', |c| c.letter);
    format!("{kind}-{code}{number}")
}

/// Children in difficulty, each with a guardian.
pub fn children(caster: &mut Caster<'_>) {
    for (kind, class, percent, counts) in CHILDREN {
        for (community, count) in counts.into_iter().enumerate() {
            for number in 1..=count {
                let name = label(kind, community, number);
                child(caster, &name, community, class, percent);
            }
        }
    }
    // One turns 18 in August, one is adopted in September.
    child(caster, "PX-18", 3, "C2", 80);
    child(caster, "OX-1", 0, "C1b", 100);
}

fn child(caster: &mut Caster<'_>, name: &str, community: usize, class: &'static str, pc: i128) {
    let roles = [("02", None, 62, 74), ("41", Some(Sex::Male), 5, 14)];
    let mut home = caster.home(name, community, &roles);
    let (class, percent) = if name == "P-S1" { ("C3", 60) } else { (class, pc) };
    let opening = caster.share(caster.scale.orphan, percent, class);
    let award = caster.award("children", Some(opening));
    let account = caster.maker.account();
    let grown = (name == "PX-18").then(|| caster.person(Sex::Male, day("2005-08-15"), "41"));
    if let Some(child) = home.members.get_mut(1) {
        if let Some(person) = grown {
            child.person = person;
        }
        child.facts.push(Fact { kind: "child_class", code: class, since: award.decided_on });
        child.account = Some((account, Some(0)));
        child.guardian = Some((0, "grandparent"));
        // New in February.
        if name == "P-D1" {
            child.facts.clear();
        } else {
            child.awards.push(award);
        }
    }
    caster.homes.push(home);
}

/// Persons with disabilities: care, living, outside dibao.
pub fn disabled(caster: &mut Caster<'_>) {
    in_dibao(caster);
    for community in 0..COMMUNITIES.len() {
        let at = |counts: &[usize; 5]| counts.get(community).copied().unwrap_or(0);
        let [first, second] = CARE;
        let in_dibao = usize::from(community < 3); // A-D4, A-S2, A-Q2 have grade 1
        let living = at(&LIVING);
        let living_first = living.div_ceil(2);
        for number in 1..=living {
            let grade = if number <= living_first { 1 } else { 2 };
            living_home(caster, &label("L", community, number), community, grade);
        }
        let care_first = at(&first) - in_dibao - living_first;
        let care_second = at(&second) - (living - living_first);
        for number in 1..=care_first + care_second {
            let grade = if number <= care_first { 1 } else { 2 };
            care_home(caster, &label("K", community, number), community, grade);
        }
        for number in 1..=at(&OUTSIDE) {
            outside_home(caster, &label("V", community, number), community);
        }
    }
    for (name, community, grade) in [
        ("KX-1", 0, 1),
        ("KX-2", 1, 2),
        ("KX-3", 2, 2),
        ("KX-4", 0, 1),
        ("KX-5", 3, 2),
        ("KX-6", 1, 1),
    ] {
        care_home(caster, name, community, grade);
    }
    living_home(caster, "LX-1", 2, 2);
    outside_home(caster, "VX-1", 1);
}

/// Members of dibao households with a disability: three severe with care and
/// L1, two not severe with L2.
fn in_dibao(caster: &mut Caster<'_>) {
    let standard = caster.scale.dibao;
    for (name, severe) in
        [("A-D4", true), ("A-S2", true), ("A-Q2", true), ("A-D5", false), ("A-S3", false)]
    {
        let certificate = caster.certificate(4, if severe { 1 } else { 3 });
        // A-D4 is outside dibao until April.
        let (percent, tier) = match (name, severe) {
            ("A-D4", _) => (100, "L3"),
            (_, true) => (40, "L1"),
            (_, false) => (25, "L2"),
        };
        let opening = caster.share(standard, percent, tier);
        let living = caster.award("living", Some(opening));
        let care = severe.then(|| care_award(caster, 1));
        let found = caster.homes.iter_mut().find(|h| h.label == name);
        let Some(member) = found.and_then(|h| h.members.first_mut()) else { continue };
        member.certificate = Some(certificate);
        if name == "A-D4" {
            let since = living.decided_on;
            let code = "no_fixed_income";
            member.facts.push(Fact { kind: "living_condition", code, since });
        }
        member.awards.push(living);
        member.awards.extend(care);
    }
}

fn care_award(caster: &mut Caster<'_>, grade: u8) -> Award {
    let [first, second] = caster.scale.care;
    let (base, tier) = if grade == 1 { (first, "G1") } else { (second, "G2") };
    let opening = Opening { base, supplement: Fen::ZERO, persons: 1, tier: Some(tier) };
    caster.award("care", Some(opening))
}

/// A couple of which the head has the disability.
fn disabled_home(caster: &mut Caster<'_>, name: &str, community: usize) -> Home {
    let alone = [("02", None, 22, 78)];
    let couple = [("02", Some(Sex::Male), 30, 78), ("12", Some(Sex::Female), 28, 76)];
    let roles: &[_] = if caster.random.chance(40) { &alone } else { &couple };
    caster.home(name, community, roles)
}

fn care_home(caster: &mut Caster<'_>, name: &str, community: usize, grade: u8) {
    let mut home = disabled_home(caster, name, community);
    let category = caster.random.pick(&[1, 2, 4, 4, 4, 5, 6]);
    let mut certificate = caster.certificate(category, grade);
    if name == "K-D5" {
        // Lapses in April, renewed in June.
        certificate.issued_on = day("2013-05-01");
        certificate.valid_to = Some(day("2023-04-30"));
    }
    let award = care_award(caster, grade);
    if let Some(member) = home.members.first_mut() {
        member.certificate = Some(certificate);
        if is_new(name) {
            // Gets a first certificate in the course of the year.
            member.certificate = None;
        } else {
            member.awards.push(award);
        }
    }
    caster.homes.push(home);
}

/// Who gets a first certificate in 2023, with its day.
pub const FIRST_CERTIFICATES: [(&str, &str); 12] = [
    ("K-D1", "2023-01-10"),
    ("K-S1", "2023-02-07"),
    ("K-Q1", "2023-02-21"),
    ("K-D2", "2023-03-09"),
    ("K-X1", "2023-04-11"),
    ("K-S2", "2023-05-16"),
    ("K-D3", "2023-06-06"),
    ("K-Q2", "2023-07-11"),
    ("K-G1", "2023-08-08"),
    ("K-X2", "2023-09-07"),
    ("K-S3", "2023-10-10"),
    ("K-D4", "2023-10-24"),
];

fn is_new(name: &str) -> bool {
    FIRST_CERTIFICATES.iter().any(|(label, _)| *label == name)
}

fn living_home(caster: &mut Caster<'_>, name: &str, community: usize, grade: u8) {
    let mut home = disabled_home(caster, name, community);
    let category = caster.random.pick(&[1, 4, 4, 5, 6]);
    let certificate = caster.certificate(category, grade);
    let care = care_award(caster, grade);
    let opening = caster.share(caster.scale.dibao, 100, "L3");
    let living = caster.award("living", Some(opening));
    if let Some(member) = home.members.first_mut() {
        member.certificate = Some(certificate);
        // L-S1 applies in June, LX-1 has only the living subsidy.
        if name != "L-S1" {
            let since = living.decided_on;
            let code = "no_fixed_income";
            member.facts.push(Fact { kind: "living_condition", code, since });
            member.awards.push(living);
        }
        if name != "LX-1" {
            member.awards.push(care);
        }
    }
    caster.homes.push(home);
}

fn outside_home(caster: &mut Caster<'_>, name: &str, community: usize) {
    let mut home = disabled_home(caster, name, community);
    let (category, grade) = (caster.random.pick(&[5, 6]), caster.random.pick(&[3, 4]));
    let certificate = caster.certificate(category, grade);
    let opening = caster.share(caster.scale.dibao, 40, "L5");
    let award = caster.award("living_l5", Some(opening));
    if let Some(member) = home.members.first_mut() {
        member.certificate = Some(certificate);
        // V-D1 applies in August.
        if name != "V-D1" {
            member.awards.push(award);
        }
    }
    caster.homes.push(home);
}

/// Registered patients, each with a guardian; then applicants of temporary
/// assistance, about whom nothing is known yet.
pub fn patients(caster: &mut Caster<'_>) {
    for (community, count) in PATIENTS.into_iter().enumerate() {
        for number in 1..=count {
            patient(caster, &label("M", community, number), community);
        }
    }
    // One dies in March, one moves away in July.
    patient(caster, "MX-1", 0);
    patient(caster, "MX-2", 1);
    let roles = [("02", Some(Sex::Male), 35, 64), ("12", Some(Sex::Female), 33, 62)];
    for (community, count) in APPLICANTS.into_iter().enumerate() {
        for number in 1..=count {
            let home = caster.home(&label("T", community, number), community, &roles);
            caster.homes.push(home);
        }
    }
}

/// Who is registered as a patient only in 2023, with the day.
pub const NEW_PATIENTS: [(&str, &str); 3] =
    [("M-D1", "2023-02-14"), ("M-S1", "2023-05-20"), ("M-Q1", "2023-08-20")];

fn patient(caster: &mut Caster<'_>, name: &str, community: usize) {
    let roles = [("02", Some(Sex::Male), 34, 66), ("12", Some(Sex::Female), 32, 64)];
    let mut home = caster.home(name, community, &roles);
    let award = caster.award("guardian", None);
    let account = caster.maker.account();
    if let Some(member) = home.members.first_mut() {
        member.account = Some((account, Some(1)));
        member.guardian = Some((1, "spouse"));
        if !NEW_PATIENTS.iter().any(|(label, _)| *label == name) {
            let since = award.decided_on;
            member.facts.push(Fact { kind: "mental_register", code: "", since });
            member.awards.push(award);
        }
    }
    caster.homes.push(home);
}
