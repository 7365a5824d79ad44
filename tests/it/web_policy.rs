//! Policies and the decisions about an award, as a browser sees them.

use actix_web::http::Method;
use actix_web::test::init_service;
use mingce::domain::role::Role;
use mingce::error::ErrorCode;
use mingce::services::access::Profile;
use mingce::services::account::{self, AccountInput};
use mingce::services::policy;
use mingce::store::REGISTRY_CHAIN;
use mingce::store::audit::last_of_action;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, PASSWORD, add_user, open_session, run, state};
use crate::http_month::{home, work};
use crate::on_both;
use crate::payout::world::day;
use crate::web_import::{multipart, token};

const KIND: &str = "multipart/form-data; boundary=xx";
const LAST_VALUE: &str = "    { from = \"2023-07\", amount = \"808.00\", decided_on = \"2023-06-20\", doc_no = \"示例〔2023〕1号\" },\n";

fn signed_in(registry: &TestRegistry, name: &str, role: Role) -> Browser {
    add_user(registry, name, role);
    Browser::with_session(&open_session(registry, name, Profile::Demo).0)
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let rest = text.split(mark).nth(1).unwrap_or_else(|| panic!("no {mark}: {text}"));
    rest.split('"').next().expect("an end")
}

/// The example with a raise to 850.00 in July 2024.
fn raised() -> String {
    let raise = LAST_VALUE.replace("2023-07", "2024-07").replace("808.00", "850.00");
    let raise = raise.replace("2023-06-20", "2024-06-20");
    assert!(policy::EXAMPLE.contains(LAST_VALUE));
    policy::EXAMPLE.replacen(LAST_VALUE, &format!("{LAST_VALUE}{raise}"), 1)
}

on_both! {
    fn a_policy_is_proposed_by_one_and_put_in_force_by_another(registry) {
        let _world = home(registry, "2023-08");
        registry.clock.move_to(day("2023-09-01"));
        let state = state(registry, Profile::Demo);
        let mut one = signed_in(registry, "one", Role::Clerk);
        let mut boss = signed_in(registry, "boss", Role::Approver);
        let mut auditor = signed_in(registry, "auditor", Role::Auditor);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let list = one.get(&app, "/policies").await;
            assert!(list.body.contains("示例标准") && list.body.contains("低保标准（虚构） 808.00 · 自 2023年7月"), "{}", list.body);
            let readers = auditor.get(&app, "/policies").await;
            assert!(readers.status == 200 && !readers.body.contains("name=\"file\""));
            // What is wrong with a file stands at the field, and nothing is stored.
            let wrong = policy::EXAMPLE.replacen("dibao = \"530.00\"", "dibao = \"531.00\"", 1);
            let without = policy::EXAMPLE.split("[[case]]").next().expect("no case").to_owned();
            let unknown = policy::EXAMPLE.replacen("cut_off_day", "cut_off_days", 1);
            for (text, said) in [
                (wrong.as_str(), "W01 算例不通过：城市低保应为 531.00 元，算得 530.00 元"),
                (without.as_str(), "没有应发大于零的算例"),
                (unknown.as_str(), "第 "),
                ("", "请选择政策文件"),
            ] {
                let body = multipart(&token(&one.get(&app, "/policies").await), "p.toml", text);
                let refused = one.send(&app, Method::POST, "/policies", KIND, &body).await;
                assert_eq!(refused.status, 422, "{}", refused.body);
                assert!(refused.body.contains(said) && refused.body.contains("file-error"), "{said}: {}", refused.body);
            }
            let body = multipart(&token(&one.get(&app, "/policies").await), "p.toml", &raised());
            let sent = one.send(&app, Method::POST, "/policies", KIND, &body).await;
            assert_eq!(sent.status, 303, "{}", sent.body);
            let here = sent.header("location").to_owned();
            let twice = one.send(&app, Method::POST, "/policies", KIND, &body).await;
            assert_eq!(twice.header("location"), here, "the same text is the same proposal");
            // In plain language, with its cases; a new value is marked.
            let page = one.get(&app, &here).await.body;
            for said in ["待启用", "非「同类待遇：工伤护理待遇、同类护理补贴」", "W01", "相符", "850.00"] {
                assert!(page.contains(said), "{said}: {page}");
            }
            assert!(!page.contains("不符</span>") && page.contains(">新<"), "{page}");
            assert!(!page.contains("/activate"), "a clerk does not activate");
            assert_eq!(one.get(&app, &format!("{here}/file")).await.body, raised());
            // 808 × 2 − 900 = 716, 850 × 2 − 900 = 800.
            let at = format!("{here}/cost");
            assert!(boss.get(&app, &at).await.body.contains("还没有测算过"));
            let compute = |at: String, month: &'static str| (at, format!("month={month}"));
            for month in ["2024-07", "2023-09"] {
                let (page, fields) = compute(at.clone(), month);
                let queued = boss.submit(&app, &page, &page, &fields).await;
                assert!(queued.header("location").starts_with("/jobs/"), "{} {}", queued.status, queued.body);
                work(registry);
                let job = boss.get(&app, queued.header("location")).await;
                assert!(job.body.contains(&format!("{here}/cost?month={month}")), "{}", job.body);
            }
            let cost = boss.get(&app, &format!("{here}/cost?month=2024-07")).await;
            for said in ["城市低保 · 东长街社区", "716.00", "800.00", "84.00"] {
                assert!(cost.body.contains(said), "{said}: {}", cost.body);
            }
            let same = boss.get(&app, &format!("{here}/cost?month=2023-09")).await;
            assert!(!same.body.contains("84.00"), "{}", same.body);
            // By the proposer never, even with the other role.
            let id: i64 = here.rsplit('/').next().expect("an id").parse().expect("an id");
            let self_made = registry.actor("one", Role::Approver);
            let refused = policy::activate(&registry.store, &self_made.authorize().expect("an approver"), id);
            assert_eq!(refused.expect_err("refused").code(), ErrorCode::SeparationOfDuties);
            let activate = format!("{here}/activate");
            assert_eq!(one.get(&app, &activate).await.status, 403);
            let asked = boss.get(&app, &activate).await;
            assert!(asked.header("location").contains("/me/confirm") || asked.body.contains("/me/confirm"));
            let fields = format!("next=%2Fpolicies&password={}&code=", PASSWORD.replace(' ', "+"));
            assert_eq!(boss.submit(&app, "/me/confirm?next=/policies", "/me/confirm", &fields).await.status, 303);
            let form = boss.get(&app, &activate).await;
            let fields = format!("csrf={}", token(&form));
            assert_eq!(boss.post(&app, &activate, &fields).await.header("location"), here);
            assert!(boss.get(&app, &here).await.body.contains("已启用"), "said once");
            assert_eq!(boss.post(&app, &activate, &fields).await.status, 303, "a second click");
            let list = one.get(&app, "/policies").await.body;
            assert!(list.contains("已取代") && list.contains("boss"), "{list}");
            assert_eq!(one.get(&app, "/policies/1").await.status, 404);
            assert!(boss.get(&app, &format!("{here}/cost?month=2024-07")).await.body.contains("请重新测算"), "another policy is in force");
        });
        for (action, actor) in [("policy.propose", "one"), ("policy.activate", "boss")] {
            let entry = registry.store.read(|conn| Ok(last_of_action(conn, REGISTRY_CHAIN, action)?));
            assert_eq!(entry.expect("read").expect("an entry").actor, actor);
        }
    }

    fn a_proposal_is_withdrawn_by_its_maker_or_rejected_by_the_second_person(registry) {
        let _world = home(registry, "2023-08");
        registry.clock.move_to(day("2023-09-01"));
        let state = state(registry, Profile::Demo);
        let mut one = signed_in(registry, "one", Role::Clerk);
        let mut two = signed_in(registry, "two", Role::Clerk);
        let mut boss = signed_in(registry, "boss", Role::Approver);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for (step, ended) in [("withdraw", "已撤回"), ("reject", "已退回")] {
                let body = multipart(&token(&one.get(&app, "/policies").await), "p.toml", &raised());
                let sent = one.send(&app, Method::POST, "/policies", KIND, &body).await;
                assert_eq!(sent.status, 303, "{}", sent.body);
                let here = sent.header("location").to_owned();
                assert!(one.get(&app, &here).await.body.contains(&format!("{here}/withdraw")));
                assert!(boss.get(&app, &here).await.body.contains(&format!("{here}/reject")));
                assert!(!two.get(&app, &here).await.body.contains(&format!("{here}/withdraw")));
                let at = format!("{here}/{step}");
                let who = if step == "withdraw" { &mut one } else { &mut boss };
                let silent = who.submit(&app, &at, &at, "reason=").await;
                assert!(silent.status == 422 && silent.body.contains("reason-error"), "{}", silent.body);
                let withdraw = format!("{here}/withdraw");
                assert_eq!(two.submit(&app, &withdraw, &withdraw, "reason=x").await.status, 403, "another's");
                let who = if step == "withdraw" { &mut one } else { &mut boss };
                let done = who.submit(&app, &at, &at, "reason=%E6%A0%87%E5%87%86%E6%9C%89%E8%AF%AF").await;
                assert_eq!((done.status, done.header("location")), (303, here.as_str()), "{}", done.body);
                let page = one.get(&app, &here).await.body;
                assert!(page.contains(ended) && page.contains("标准有误"), "{page}");
                assert!(!page.contains(&format!("{here}/withdraw")), "{page}");
                // It can neither come into force nor end again.
                let id: i64 = here.rsplit('/').next().expect("an id").parse().expect("an id");
                let actor = registry.actor("boss", Role::Approver);
                let late = policy::activate(&registry.store, &actor.authorize().expect("may"), id);
                assert_eq!(late.expect_err("refused").code(), ErrorCode::Conflict);
                let again = policy::reject(&registry.store, &actor.authorize().expect("may"), id, "x");
                assert_eq!(again.expect_err("refused").code(), ErrorCode::Conflict);
            }
        });
        for (action, actor) in [("policy.withdraw", "one"), ("policy.reject", "boss")] {
            let entry = registry.store.read(|conn| Ok(last_of_action(conn, REGISTRY_CHAIN, action)?));
            let entry = entry.expect("read").expect("an entry");
            assert_eq!((entry.actor.as_str(), entry.reason.as_deref()), (actor, Some("标准有误")));
        }
    }

    fn an_award_is_held_released_and_given_grace_by_form(registry) {
        let world = home(registry, "2023-08");
        registry.clock.move_to(day("2023-09-01"));
        let person = world.person_id("甲");
        let setup = world.setup();
        let bank = AccountInput::own(person, "农行", "6228480000000000019", day("2023-08-01"));
        let number = account::add(&registry.store, &setup.authorize().expect("setup"), &bank).expect("an account");
        let state = state(registry, Profile::Demo);
        let mut one = signed_in(registry, "one", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let award = world.awards.values().next().expect("an award");
            let award = format!("/awards/{award}");
            let listed = one.get(&app, "/entitlements?program=dibao&state=in_force").await;
            assert!(listed.body.contains(&award) && listed.body.contains("享受中 1 · 暂缓 0"), "{}", listed.body);
            let page = one.get(&app, "/api/v1/awards?limit=1&state=in_force").await.json();
            assert_eq!((page["total"].as_i64(), page["items"][0]["program"].as_str(), page["next"].as_str()), (Some(1), Some("dibao"), None), "{page}");
            let place = page["items"][0]["id"].as_str().expect("an id").to_owned();
            let rest = one.get(&app, &format!("/api/v1/awards?after={place}")).await.json();
            assert_eq!((rest["items"].as_array().map(Vec::len), rest["total"].as_i64()), (Some(0), Some(1)), "{rest}");
            let none = one.get(&app, "/entitlements?program=care").await;
            assert!(none.status == 200 && none.body.contains("没有符合条件的资格"), "{}", none.body);
            let hold = format!("{award}/hold");
            let wrong = one.submit(&app, &hold, &hold, "placed_on=2023-09-01&from_month=2023-09&reason=").await;
            assert!(wrong.status == 422 && wrong.body.contains("reason-error") && wrong.body.contains("value=\"2023-09\""), "{}", wrong.body);
            let late = one.submit(&app, &hold, &hold, "placed_on=2023-09-09&from_month=2023-09&reason=x").await;
            assert!(late.status == 422 && late.body.contains("placed_on-error"), "{}", late.body);
            let good = "placed_on=2023-09-01&from_month=2023-09&reason=%E6%A0%B8%E5%AE%9E";
            let sent = one.submit(&app, &hold, &hold, good).await;
            assert_eq!((sent.status, sent.header("location")), (303, award.as_str()), "{}", sent.body);
            let twice = one.submit(&app, &hold, &hold, good).await;
            assert!(twice.status == 422 && twice.body.contains("该待遇已暂缓"), "{}", twice.body);
            let page = one.get(&app, &award).await.body;
            assert!(page.contains("核实"), "{page}");
            let listed = one.get(&app, "/entitlements?state=held").await.body;
            assert!(listed.contains(&award) && listed.contains("享受中 0 · 暂缓 1"), "{listed}");
            let release = format!("{award}/holds/{}", after(&page, &format!("{award}/holds/")));
            let early = one.submit(&app, &release, &release, "released_on=2023-08-01&reason=x").await;
            assert!(early.status == 422 && early.body.contains("released_on-error"), "{}", early.body);
            assert_eq!(one.submit(&app, &release, &release, "released_on=2023-09-01&reason=x").await.status, 303);
            assert_eq!(one.get(&app, &release).await.status, 404, "released already");
            let grace = format!("{award}/grace");
            for wrong in ["decided_on=2023-09-01&months=0", "decided_on=2023-09-01&months=x"] {
                let refused = one.submit(&app, &grace, &grace, wrong).await;
                assert!(refused.status == 422 && refused.body.contains("months-error"), "{}", refused.body);
            }
            let sent = one.submit(&app, &grace, &grace, "decided_on=2023-09-01&months=6").await;
            assert_eq!(sent.status, 303, "{}", sent.body);
            assert!(one.get(&app, &award).await.body.contains("渐退期"));
            // An account ends at once, a fact waits for a second person.
            let page = format!("/residents/{person}");
            let close = format!("{page}/accounts/{number}/close");
            let wrong = one.submit(&app, &close, &close, "closed_on=2023-07-01&reason=x").await;
            assert!(wrong.status == 422 && wrong.body.contains("closed_on-error"), "{}", wrong.body);
            assert_eq!(one.submit(&app, &close, &close, "closed_on=2023-09-01&reason=x").await.status, 303);
            let shown = one.get(&app, &page).await.body;
            assert!(!shown.contains(&close), "closed: {shown}");
            let link = shown.split("href=\"").find(|rest| rest.split('"').next().is_some_and(|to| to.ends_with("/annul")));
            let annul = link.and_then(|rest| rest.split('"').next()).expect("a link").to_owned();
            let wrong = one.submit(&app, &annul, &annul, "annulled_on=2023-09-01&reason=").await;
            assert_eq!(wrong.status, 422, "{}", wrong.body);
            let sent = one.submit(&app, &annul, &annul, "annulled_on=2023-09-01&reason=x").await;
            assert_eq!((sent.status, sent.header("location")), (303, page.as_str()), "{}", sent.body);
            assert!(!one.get(&app, &page).await.body.contains(">已作废<"), "not yet");
        });
    }
}
