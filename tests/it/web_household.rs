//! A household corrected by two people, a second one at the same address, and
//! one resident on two devices in many orders.

use std::collections::BTreeMap;

use actix_web::test::init_service;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::store::dump;

use crate::harness::TestRegistry;
use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, GRID, Office, number};

/// A form as a browser would send it.
type Pairs = BTreeMap<String, String>;

fn encoded(pairs: &Pairs) -> String {
    let text = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", text(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    let value = rest.split('"').next()?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}

/// What the form that begins with `mark` holds: texts, hidden fields, what is
/// chosen.
fn form(body: &str, mark: &str) -> Pairs {
    let start = body.find(mark).unwrap_or_else(|| panic!("no {mark}: {body}"));
    let text = &body[start..];
    let text = &text[..text.find("</form>").expect("an end")];
    let (mut pairs, mut select) = (Pairs::new(), None);
    for tag in text.split('<').map(|part| part.split('>').next().unwrap_or_default()) {
        let tag = &format!("{tag} ");
        if tag.starts_with("select ") {
            select = attribute(tag, "name");
            pairs.insert(select.clone().expect("a name"), String::new());
        } else if let (true, Some(name)) = (tag.starts_with("option "), &select) {
            if tag.contains(" selected ") || pairs[name].is_empty() && tag.contains("value=\"\"") {
                pairs.insert(name.clone(), attribute(tag, "value").expect("a value"));
            }
        } else if tag.starts_with("textarea ") {
            pairs.insert(attribute(tag, "name").expect("a name"), String::new());
        } else if tag.starts_with("input ") {
            let chosen = !tag.contains("type=\"radio\"") && !tag.contains("type=\"checkbox\"");
            if let (true, Some(name)) =
                (chosen || tag.contains(" checked "), attribute(tag, "name"))
            {
                pairs.insert(name, attribute(tag, "value").unwrap_or_default());
            }
        }
    }
    pairs
}

/// Of every field that has to be chosen: theirs and mine.
fn choices(body: &str) -> BTreeMap<String, (String, String)> {
    body.split("<fieldset tabindex=\"-1\" class=\"field conflict\" id=\"")
        .skip(1)
        .map(|part| {
            let name = part.split('"').next().expect("a name").to_owned();
            let side = |side: &str| {
                let mark = format!("data-side=\"{side}\"");
                let tag = part.split('<').find(|tag| tag.contains(&mark)).expect("a side");
                attribute(tag, "value").expect("a value")
            };
            (name, (side("theirs"), side("mine")))
        })
        .collect()
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").to_owned()
}

fn worker(registry: &TestRegistry, username: &str) -> Browser {
    add_user(registry, username, Role::Supervisor);
    Browser::with_session(&open_session(registry, username, Profile::Demo).0)
}

/// A new household's form, filled in.
fn filled(body: &str, address: &str, head: (&str, &str)) -> Pairs {
    let mut pairs = form(body, "<form id=\"household-form\"");
    for (name, value) in
        [("address", address), ("name", head.0), ("doc_no", head.1), ("area", EAST)]
    {
        pairs.insert(name.to_owned(), value.to_owned());
    }
    pairs
}

const EDIT: &str = "<form id=\"household-edit\"";

on_both! {
    fn a_household_is_corrected_by_two_people(registry) {
        let _areas = Office::new(registry);
        let state = state(registry, Profile::Demo);
        let (mut one, mut two) = (worker(registry, "one"), worker(registry, "two"));
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let new = one.get(&app, "/households/new").await;
            let pairs = filled(&new.body, "测试路9号2幢301室", ("张三", &number("1949-01-01", 1)));
            let page = location(&one.post(&app, "/households/new", &encoded(&pairs)).await);
            let edit = format!("{page}/edit");
            let opened = form(&two.get(&app, &edit).await.body, EDIT);
            let change = |values: &[(&str, &str)], pairs: &Pairs| {
                let mut pairs = pairs.clone();
                for (name, value) in values {
                    pairs.insert((*name).to_owned(), (*value).to_owned());
                }
                pairs.insert("reason".to_owned(), "走访核对".to_owned());
                encoded(&pairs)
            };
            // Nothing may be empty, and what was typed stays.
            let wrong = two.post(&app, &edit, &change(&[("address", "")], &opened)).await;
            assert!(wrong.status == 422 && wrong.body.contains("address-error"), "{}", wrong.body);
            let mine = form(&one.get(&app, &edit).await.body, EDIT);
            let moved = change(&[("area", GRID), ("address", "测试路9号2幢302室")], &mine);
            assert_eq!(location(&one.post(&app, &edit, &moved).await), page);
            // The head stood in the same wrong area.
            let shown = one.get(&app, &page).await;
            assert!(shown.body.contains("302室") && shown.body.contains("户信息"), "{}", shown.body);
            let head = shown.body.split("href=\"/residents/").nth(1).and_then(|r| r.split('"').next());
            let head = one.get(&app, &format!("/residents/{}", head.expect("a head"))).await;
            assert!(head.body.contains("第1网格"), "{}", head.body);
            // Another field of the version before: put together.
            let joined = two.post(&app, &edit, &change(&[("kind", "hukou")], &opened)).await;
            assert_eq!(location(&joined), page);
            let shown = two.get(&app, &page).await;
            assert!(shown.body.contains("302室") && shown.body.contains("户籍户"), "{}", shown.body);
            // The same field: who saved, when, which version, and a choice.
            let choose = two.post(&app, &edit, &change(&[
                ("address", "测试路9号2幢303室"), ("draft", "draft-of-the-third-form"),
            ], &opened)).await;
            assert_eq!(choose.status, 409, "{}", choose.body);
            assert!(choose.body.contains("您打开后，测试于 2023-11-20"), "{}", choose.body);
            assert!(choose.body.contains("第 1 版 → 第 3 版"), "{}", choose.body);
            let sides = choices(&choose.body);
            assert_eq!(sides.len(), 1, "{sides:?}");
            assert_eq!(sides["address"].0, "测试路9号2幢302室");
            let mut chosen = form(&choose.body, "<form id=\"conflict-form\"");
            assert_eq!(chosen["kind"], "hukou", "what was put together stays");
            chosen.insert("address".to_owned(), sides["address"].1.clone());
            assert_eq!(location(&two.post(&app, &edit, &encoded(&chosen)).await), page);
            let shown = two.get(&app, &page).await;
            for value in ["303室", "户籍户", "第1网格", "走访核对"] {
                assert!(shown.body.contains(value), "{value}: {}", shown.body);
            }
            // An assistance household is no name that a household can be given.
            let now = form(&two.get(&app, &edit).await.body, EDIT);
            let assist = two.post(&app, &edit, &change(&[("kind", "assist")], &now)).await;
            assert!(assist.status == 422 && assist.body.contains("kind-error"), "{}", assist.body);
            let future = two.post(&app, &edit, &change(&[("opened_on", "2024-01-01")], &now)).await;
            assert!(future.status == 422 && future.body.contains("opened_on-error"), "{}", future.body);
        });
        registry.store.read(|conn| {
            // Created once; area and address, kind, address.
            let fields: Vec<_> = mingce::store::household::list_households(
                conn, &mingce::services::Scope::street(crate::harness::STREET),
                mingce::domain::ids::HouseholdId(0), 10,
            )?;
            assert_eq!(fields.len(), 1);
            let rows = mingce::store::history::list_history(
                conn, crate::harness::STREET, "household", fields[0].id.0)?;
            let names: Vec<_> = rows.iter().filter_map(|row| row.field.as_deref()).collect();
            assert_eq!(names, ["area_code", "address", "kind", "address"]);
            Ok(())
        }).expect("read");
    }

    fn a_second_household_at_an_address_is_asked_about(registry) {
        let _areas = Office::new(registry);
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry, "one");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let at = "测试路9号2幢301室";
            let new = browser.get(&app, "/households/new").await;
            let first = filled(&new.body, at, ("张三", &number("1949-01-01", 1)));
            let page = location(&browser.post(&app, "/households/new", &encoded(&first)).await);
            let new = browser.get(&app, "/households/new").await;
            let mut second = filled(&new.body, at, ("李四", &number("1951-01-01", 2)));
            let asked = browser.post(&app, "/households/new", &encoded(&second)).await;
            assert_eq!(asked.status, 422, "{}", asked.body);
            assert!(asked.body.contains("该门牌已有住户档案"), "{}", asked.body);
            assert!(asked.body.contains(&format!("<a href=\"{page}\">{at}")), "{}", asked.body);
            let typed = form(&asked.body, "<form id=\"household-form\"");
            assert_eq!((&typed["name"], &typed["draft"]), (&second["name"], &second["draft"]));
            second.insert("anyway".to_owned(), "1".to_owned());
            // Another error does not ask again.
            let mut wrong = second.clone();
            wrong.insert("doc_no".to_owned(), "123".to_owned());
            let wrong = browser.post(&app, "/households/new", &encoded(&wrong)).await;
            assert!(wrong.body.contains("name=\"anyway\" value=\"1\""), "{}", wrong.body);
            let other = location(&browser.post(&app, "/households/new", &encoded(&second)).await);
            assert_ne!(other, page);
            // Elsewhere, or of another kind, nobody is asked.
            let new = browser.get(&app, "/households/new").await;
            let mut third = filled(&new.body, at, ("王五", &number("1952-01-01", 3)));
            third.insert("kind".to_owned(), "hukou".to_owned());
            let third = location(&browser.post(&app, "/households/new", &encoded(&third)).await);
            // A correction that leads to the same address is asked about, too.
            let edit = format!("{third}/edit");
            let mut pairs = form(&browser.get(&app, &edit).await.body, EDIT);
            pairs.insert("address".to_owned(), "测试路9号2幢302室".to_owned());
            pairs.insert("reason".to_owned(), "笔误".to_owned());
            location(&browser.post(&app, &edit, &encoded(&pairs)).await);
            let mut pairs = form(&browser.get(&app, &edit).await.body, EDIT);
            pairs.insert("reason".to_owned(), "笔误".to_owned());
            pairs.insert("address".to_owned(), at.to_owned());
            pairs.insert("kind".to_owned(), "residence".to_owned());
            let asked = browser.post(&app, &edit, &encoded(&pairs)).await;
            assert!(asked.status == 422 && asked.body.contains("id=\"twins\""), "{}", asked.body);
        });
        let homes = registry.store.read(|conn| Ok(dump::count(conn, "household")?));
        assert_eq!(homes.expect("read"), 3);
    }

    fn two_devices_edit_one_resident_in_any_order(registry) {
        let _areas = Office::new(registry);
        let state = state(registry, Profile::Demo);
        let mut devices = [worker(registry, "one"), worker(registry, "two")];
        // The whole trial: MINGCE_ROUNDS=200.
        let rounds: u64 = std::env::var("MINGCE_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
        let mut asked = 0_u64;
        let mut saved = 0_u64;
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let new = devices[0].get(&app, "/residents/new").await;
            let mut pairs = form(&new.body, "<form data-draft-form");
            for (name, value) in [("name", "张三"), ("doc_no", &number("1949-01-01", 1)), ("area", EAST)] {
                pairs.insert(name.to_owned(), value.to_owned());
            }
            let page = location(&devices[0].post(&app, "/residents/new", &encoded(&pairs)).await);
            let edit = format!("{page}/edit");
            let mark = "<form data-draft-form";
            let fields: [(&str, &[&str]); 5] = [
                ("marital", &["10", "20", "30", "40"]),
                ("education", &["10", "20", "60", "70", "80"]),
                ("residence_status", &["R1", "R2", "R3"]),
                ("ethnicity", &["01", "03", "11", "15"]),
                ("phone", &["13800000001", "13800000002", "13800000003", "13800000004"]),
            ];
            // What the record must hold: whatever was saved last, field by field.
            let mut record = form(&devices[0].get(&app, &edit).await.body, mark);
            let mut phone = String::new();
            for seed in 0..rounds {
                let mut noise = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
                let mut next = |below: usize| {
                    noise ^= noise << 13;
                    noise ^= noise >> 7;
                    noise ^= noise << 17;
                    usize::try_from(noise % below as u64).expect("small")
                };
                let mut opened: [Option<(Pairs, String)>; 2] = [None, None];
                for _ in 0..6 {
                    let at = next(2);
                    let device = &mut devices[at];
                    let Some((before, phone_then)) = opened[at].take() else {
                        let answer = device.get(&app, &edit).await;
                        opened[at] = Some((form(&answer.body, mark), phone.clone()));
                        continue;
                    };
                    let mut typed = before.clone();
                    typed.insert("reason".to_owned(), format!("第{seed}轮"));
                    let mut mine = Pairs::new();
                    for _ in 0..=next(3) {
                        let (name, values) = fields[next(fields.len())];
                        let value = values[next(values.len())];
                        typed.insert(name.to_owned(), value.to_owned());
                        mine.insert(name.to_owned(), value.to_owned());
                    }
                    mine.retain(|name, value| before[name] != *value);
                    let answer = device.post(&app, &edit, &encoded(&typed)).await;
                    if answer.status == 409 {
                        asked += 1;
                        let sides = choices(&answer.body);
                        let mut chosen = form(&answer.body, "<form id=\"conflict-form\"");
                        for (name, value) in &mine {
                            let (then, now) = match name.as_str() {
                                "phone" => (&phone_then, &phone),
                                other => (&before[other], &record[other]),
                            };
                            let fought = then != now && (name == "phone" || value != now);
                            assert_eq!(sides.contains_key(name), fought, "{seed} {name} {sides:?}");
                        }
                        for (name, (theirs, ours)) in &sides {
                            assert_eq!(*ours, mine[name], "{seed}: what was typed is shown");
                            if name != "phone" {
                                assert_eq!(*theirs, record[name], "{seed}: what was saved is shown");
                            }
                            if next(2) == 0 {
                                mine.remove(name);
                                chosen.insert(name.clone(), theirs.clone());
                            } else {
                                chosen.insert(name.clone(), ours.clone());
                            }
                        }
                        let done = device.post(&app, &edit, &encoded(&chosen)).await;
                        assert_eq!(location(&done), page, "{seed}");
                    } else {
                        assert_eq!(location(&answer), page, "{seed}");
                    }
                    saved += 1;
                    if let Some(number) = mine.remove("phone") {
                        phone = number;
                    }
                    record.extend(mine);
                    // Nothing else changed, and nothing that was saved is gone.
                    let now = form(&device.get(&app, &edit).await.body, mark);
                    for (name, _) in &fields[..4] {
                        assert_eq!(now[*name], record[*name], "round {seed}: {name}");
                    }
                    if !phone.is_empty() {
                        let shown = device.get(&app, &page).await;
                        assert!(shown.body.contains(&phone[7..]), "round {seed}: {phone}");
                    }
                }
            }
        });
        assert!(asked * 20 >= rounds && saved > rounds, "{asked} comparisons of {saved} corrections");
    }
}
