//! What the product says when something is wrong (`ux.md` §13): each message
//! is reached as a person would reach it, in both languages. What is said about
//! codes, files, conflicts and months stands with the tests of those.

use actix_web::test::init_service;
use mingce::domain::role::Role;
use mingce::services::access::Profile;

use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, number};

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A form with one thing changed.
fn with(fields: &[(&str, &str)], changed: &[(&str, &str)]) -> String {
    let value = |name: &str, value: &str| {
        let other = changed
            .iter()
            .find(|(other, _)| *other == name)
            .map_or(value.to_owned(), |(_, v)| (*v).to_owned());
        format!("{name}={}", encoded(&other))
    };
    fields.iter().map(|(name, text)| value(name, text)).collect::<Vec<_>>().join("&")
}

const PERSON: [(&str, &str); 12] = [
    ("name", "张三"),
    ("doc_kind", "111"),
    ("doc_no", "320899194901010010"),
    ("sex", ""),
    ("birth_on", ""),
    ("mismatch_reason", ""),
    ("phone", ""),
    ("ethnicity", ""),
    ("marital", ""),
    ("education", ""),
    ("residence_status", "R1"),
    ("area", EAST),
];

const HOME: [(&str, &str); 7] = [
    ("kind", "residence"),
    ("household_no", ""),
    ("address", "测试路9号2幢301室"),
    ("opened_on", "2020-01-01"),
    ("decided_on", "2020-01-01"),
    ("reason", "opening"),
    ("then", ""),
];

/// What is wrong with a person's form: number of the message, what was typed,
/// the words in Chinese and English.
const WRONG: [(&str, &[(&str, &str)], &str, &str); 8] = [
    ("M-05", &[("name", " ")], "请填写姓名。", "Enter the name."),
    (
        "M-06",
        &[("doc_no", "12345")],
        "身份证号应为 18 位",
        "must have 18 characters. You entered 5.",
    ),
    (
        "M-07",
        &[("doc_no", "320899194901010011")],
        "第 18 位校验不通过",
        "The last character of the ID number does not match.",
    ),
    (
        "M-08",
        &[("doc_no", "320899195802290031")],
        "第 7–14 位不是真实日期",
        "Characters 7 to 14 of the ID number are not a real date",
    ),
    ("M-10 birth", &[("birth_on", "1950-01-01")], "请选择以哪个为准", "Choose which is right"),
    ("M-10 sex", &[("sex", "2")], "请选择以哪个为准", "Choose which is right"),
    ("M-13", &[("phone", "1380000123")], "联系电话应为 11 位手机号", "You entered 10 digits."),
    ("M-20 place", &[("area", "320899009009")], "area-error", "area-error"),
];

on_both! {
    fn every_message_of_a_form_is_reached_in_both_languages(registry) {
        let _areas = Office::new(registry);
        let state = state(registry, Profile::Demo);
        add_user(registry, "worker", Role::Supervisor);
        let token = open_session(registry, "worker", Profile::Demo).0;
        let in_language = |tag: &'static str| {
            let mut browser = Browser::with_session(&token);
            browser.jar.insert("lang".to_owned(), tag.to_owned());
            browser
        };
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut both = [in_language("zh-CN"), in_language("en")];
            let said = |id: &str, answer: &Answer, at: usize, words: [&str; 2]| {
                assert!(answer.body.contains(words[at]), "{id} in {}: {}", ["Chinese", "English"][at], answer.body);
            };
            let new = "/residents/new";
            for (id, typed, zh, en) in WRONG {
                for (at, browser) in both.iter_mut().enumerate() {
                    let answer = browser.submit(&app, new, new, &with(&PERSON, typed)).await;
                    assert_eq!(answer.status, 422, "{id}");
                    said(id, &answer, at, [zh, en]);
                    // The summary leads to the field, the title says that something is wrong.
                    assert!(answer.body.contains("id=\"error-summary\""), "{id}");
                    said(id, &answer, at, ["<title>错误", "<title>Error"]);
                }
            }
            // M-11: the number is somebody's; M-12: a household is at that door.
            let made = both[0].submit(&app, "/households/new", "/households/new",
                &format!("{}&{}", with(&PERSON, &[]), with(&HOME, &[]))).await;
            assert_eq!(made.status, 303, "{}", made.body);
            for (at, browser) in both.iter_mut().enumerate() {
                let answer = browser.submit(&app, new, new, &with(&PERSON, &[])).await;
                assert!(answer.status == 422 || answer.status == 409, "M-11: {}", answer.status);
                said("M-11", &answer, at, ["该证件号已登记在", "already registered in"]);
                let second = [("name", "李四"), ("doc_no", &number("1960-01-01", 2))];
                let answer = browser.submit(&app, "/households/new", "/households/new",
                    &format!("{}&{}", with(&PERSON, &second), with(&HOME, &[]))).await;
                assert_eq!(answer.status, 422, "M-12");
                said("M-12", &answer, at, ["该门牌已有住户档案", "A household exists at this address"]);
                // M-09: a death before the birth.
                let person = "/residents?name=%E5%BC%A0%E4%B8%89";
                let list = browser.get(&app, person).await;
                let page = list.body.split("href=\"/residents/").filter_map(|rest| rest.split('"').next())
                    .find(|id| id.bytes().all(|b| b.is_ascii_digit())).expect("a person").to_owned();
                let death = format!("/residents/{page}/death");
                let answer = browser.submit(&app, &death, &death,
                    "event_on=1940-01-01&reported_on=2023-10-01&confidence=1&note=").await;
                assert_eq!(answer.status, 422, "M-09");
                said("M-09", &answer, at, ["发生日期不能早于出生日期", "must not lie before the date of birth"]);
            }
        });
    }

    fn the_messages_of_the_sign_in_in_both_languages(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "worker", Role::Supervisor);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for (at, tag) in ["zh-CN", "en"].into_iter().enumerate() {
                // M-01: one message for every cause.
                for name in ["worker", "nobody"] {
                    let mut browser = Browser::default();
                    browser.jar.insert("lang".to_owned(), tag.to_owned());
                    let answer = browser.submit(&app, "/login", "/login", &format!("username={name}&password=x&next=")).await;
                    assert_eq!(answer.status, 401);
                    let words = ["用户名或密码不正确", "The username or password is not correct"][at];
                    assert!(answer.body.contains(words), "M-01 {name}: {}", answer.body);
                }
                // M-03, M-04: a password that is too short or easily guessed.
                let mut browser = Browser::with_session(&open_session(registry, "worker", Profile::Demo).0);
                browser.jar.insert("lang".to_owned(), tag.to_owned());
                for (new, zh, en) in [
                    ("short", "密码至少 12 个字符", "at least 12 characters"),
                    ("password1234", "密码容易被猜到", "easy to guess"),
                ] {
                    let body = format!("current={}&password={new}", encoded(crate::harness::http::PASSWORD));
                    let answer = browser.submit(&app, "/me/password", "/me/password", &body).await;
                    assert!(answer.status == 422 && answer.body.contains([zh, en][at]), "{new} {tag}: {} {}", answer.status, answer.body);
                }
            }
        });
    }
}
