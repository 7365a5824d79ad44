//! A month through the pages: a clerk drafts, a second person approves what was
//! shown, the bank pays and returns, the month is closed.

use actix_web::test::init_service;

use mingce::domain::month::Month;
use mingce::domain::payout::RunState;
use mingce::domain::role::Role;
use mingce::jobs::run_taken;
use mingce::services::access::Profile;
use mingce::services::job;
use mingce::store::run;

use crate::harness::http::{
    Answer, Browser, PASSWORD, add_user, open_session, run as finish, state,
};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::payout::world::{EAST, World, day, month};

/// A home of two with 716.00 from `from`, decided a month before.
pub fn home<'a>(registry: &'a TestRegistry, from: &str) -> World<'a> {
    use mingce::domain::money::Fen;
    let mut world = World::new(registry, &[]);
    let first = month(from);
    world.person("甲", day("1980-03-01"), EAST).expect("甲");
    world.person("乙", day("1982-05-01"), EAST).expect("乙");
    world.on(first.prev().day(10));
    world.home("甲家", &["甲", "乙"], first, EAST).expect("home");
    world.income("甲", Fen(1_080_000), Some(first)).expect("income");
    world.grant("dibao", "甲家", Some(first)).expect("award");
    world
}

/// Does the jobs that are queued.
pub fn work(registry: &TestRegistry) {
    while let Some(taken) = job::take(&registry.store, "worker").expect("read") {
        run_taken(&registry.store, &taken, "worker").expect("run");
    }
}

fn assert_to(answer: &Answer, place: &str) {
    let to = answer.header("location");
    assert!(
        answer.status == 303 && to.starts_with(place),
        "{} {to} {}",
        answer.status,
        answer.body
    );
}

fn all(world: &World<'_>, month: Month, state: RunState) -> bool {
    let runs = world.runs(month);
    !runs.is_empty() && runs.iter().all(|run| run.state == state)
}

on_both! {
    fn a_month_from_draft_to_closed(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        for (name, role) in [("zhou", Role::Clerk), ("li", Role::Approver), ("aud", Role::Auditor)] {
            add_user(registry, name, role);
        }
        let state = state(registry, Profile::Demo);
        finish(async {
            let app = init_service(mingce::app!(&state)).await;
            let sign_in = |name: &str| Browser::with_session(&open_session(registry, name, Profile::Demo).0);
            let (mut clerk, mut approver, mut auditor) = (sign_in("zhou"), sign_in("li"), sign_in("aud"));

            // (a) The board, the draft as a job, the run, its lines, a line.
            let board = clerk.get(&app, "/runs?month=2023-08").await;
            assert!(board.status == 200 && board.body.contains("编制2023年8月"), "{}", board.body);
            assert!(!auditor.get(&app, "/runs?month=2023-08").await.body.contains("/runs/draft"));
            let answer = clerk.submit(&app, "/runs?month=2023-08", "/runs/draft", "month=2023-08").await;
            assert_to(&answer, "/jobs/");
            let twice = clerk.submit(&app, "/runs?month=2023-08", "/runs/draft", "month=2023-08").await;
            assert_eq!(twice.header("location"), answer.header("location"), "the same job");
            work(registry);
            let job = clerk.get(&app, answer.header("location")).await;
            assert!(job.body.contains("/runs?month=2023-08"), "{}", job.body);
            let run = world.run_of("dibao", august);
            let (page, lines) = (format!("/runs/{}", run.id), format!("/runs/{}/lines", run.id));
            let seen = auditor.get(&app, &page).await;
            assert!(seen.status == 200 && seen.body.contains("716.00") && !seen.body.contains("/submit"), "{}", seen.body);
            let listed = clerk.get(&app, &format!("{lines}?kind=regular&community={EAST}&name=%E8%B5%B5")).await;
            assert!(listed.body.contains("赵*") && listed.body.contains("716.00"), "{}", listed.body);
            assert!(!listed.body.contains("赵甲"), "names are masked");
            let none = clerk.get(&app, &format!("{lines}?kind=arrears")).await;
            assert!(none.body.contains("没有符合条件的明细"), "{}", none.body);
            let line = world.lines_of(run.id).remove(0);
            let at = format!("/lines/{}", line.id);
            let explained = clerk.get(&app, &at).await;
            for part in ["808.00", "补差", "收入", "716.00", "clerk"] {
                assert!(explained.body.contains(part), "{part}: {}", explained.body);
            }

            // (b) Hold and release: the run is drafted again each time.
            let empty = clerk.submit(&app, &at, &format!("{at}/hold"), "reason=").await;
            assert!(empty.status == 422 && empty.body.contains("请填写原因"), "{}", empty.body);
            let held = clerk.submit(&app, &at, &format!("{at}/hold"), "reason=%E6%A0%B8%E6%9F%A5").await;
            assert_to(&held, "/jobs/");
            work(registry);
            assert_eq!(world.run_of("dibao", august).regular_fen.0, 0);
            let line = world.lines_of(run.id).remove(0);
            let at = format!("/lines/{}", line.id);
            let form = clerk.get(&app, &at).await;
            let hold = form.body.split("name=\"hold\" value=\"").nth(1).and_then(|t| t.split('"').next()).expect("a hold").to_owned();
            let freed = clerk.submit(&app, &at, &format!("{at}/release"), &format!("reason=ok&hold={hold}")).await;
            assert_to(&freed, "/jobs/");
            work(registry);
            assert_eq!(world.run_of("dibao", august).regular_fen.0, 71_600);

            // Submit, withdraw, submit again; the second click finds it done.
            let submit = format!("{page}/submit");
            assert_to(&clerk.submit(&app, &submit, &submit, "").await, &page);
            assert_to(&clerk.submit(&app, &submit, &submit, "").await, &page);
            assert!(clerk.get(&app, &page).await.body.contains("没有重复操作"));
            let withdraw = format!("{page}/withdraw");
            assert_eq!(clerk.submit(&app, &withdraw, &withdraw, "reason=").await.status, 422);
            assert_to(&clerk.submit(&app, &withdraw, &withdraw, "reason=x").await, &page);
            assert_to(&clerk.submit(&app, &submit, &submit, "").await, &page);

            // The approver returns it with a reason; the clerk submits all.
            let back = format!("/approvals/{}/return", run.id);
            assert_eq!(clerk.get(&app, &back).await.status, 403);
            assert_eq!(approver.submit(&app, &back, &back, "reason=").await.status, 422);
            assert_to(&approver.submit(&app, &back, &back, "reason=again").await, &page);
            for run in world.runs(august) {
                let submit = format!("/runs/{}/submit", run.id);
                assert_to(&clerk.submit(&app, &submit, &submit, "").await, "/runs/");
            }
            assert!(all(&world, august, RunState::Submitted));

            // Approval: not by its maker, not of another content, once.
            let run = world.run_of("dibao", august);
            let hash = mingce::domain::payout_hash::hash_text(run.content_hash.as_deref().expect("hash"));
            let look = format!("/approvals/{}", run.id);
            let confirm = format!("{look}/confirm?hash={hash}");
            let post = format!("{look}/confirm");
            assert_eq!(clerk.get(&app, &look).await.status, 403);
            let shown = approver.get(&app, &look).await;
            assert!(shown.body.contains(&confirm) && shown.body.contains("柒佰壹拾陆元"), "{}", shown.body);
            let asked = approver.get(&app, &confirm).await;
            if asked.status == 303 {
                assert_to(&asked, "/me/confirm?next=");
                let password = PASSWORD.replace(' ', "+");
                approver.submit(&app, "/me/confirm", "/me/confirm", &format!("password={password}&next=")).await;
            }
            let stale = "0".repeat(64);
            let answer = approver.submit(&app, &confirm, &post, &format!("hash={stale}")).await;
            assert!(answer.status == 409 && answer.body.contains("变了"), "{} {}", answer.status, answer.body);
            let changed = approver.get(&app, &format!("{post}?hash={stale}")).await;
            assert!(changed.body.contains("重新查看"), "{}", changed.body);
            registry.store.maintain(|conn| Ok(run::insert_contributor(conn, STREET, run.id, "li")?)).expect("helped");
            let own = approver.submit(&app, &confirm, &post, &format!("hash={hash}")).await;
            assert!(own.status == 403 && own.body.contains("另一人"), "{}", own.body);
            add_user(registry, "qian", Role::Approver);
            let mut approver = sign_in("qian");
            let password = PASSWORD.replace(' ', "+");
            approver.submit(&app, "/me/confirm", "/me/confirm", &format!("password={password}&next=")).await;
            for run in world.runs(august) {
                let hash = mingce::domain::payout_hash::hash_text(run.content_hash.as_deref().expect("hash"));
                let post = format!("/approvals/{}/confirm", run.id);
                let confirm = format!("{post}?hash={hash}");
                for _ in 0..2 {
                    // The page is asked once more only for its token.
                    let token = approver.get(&app, "/home").await.body;
                    let token = token.split("name=\"csrf\" value=\"").nth(1).and_then(|t| t.split('"').next()).expect("token").to_owned();
                    let answer = approver.post(&app, &post, &format!("csrf={token}&hash={hash}")).await;
                    assert_to(&answer, "/runs/");
                }
                assert!(approver.get(&app, &confirm).await.body.contains("不在待审批状态"));
            }
            assert!(all(&world, august, RunState::Approved));

            // Payment, a returned line, close.
            world.on(august.day(25));
            let (mut clerk, mut approver) = (sign_in("zhou"), sign_in("qian"));
            approver.submit(&app, "/me/confirm", "/me/confirm", &format!("password={password}&next=")).await;
            for run in world.runs(august) {
                let payment = format!("/runs/{}/payment", run.id);
                assert_eq!(clerk.submit(&app, &payment, &payment, "paid_on=2023-08-01").await.status, 422);
                for _ in 0..2 {
                    let answer = clerk.submit(&app, &payment, &payment, "paid_on=2023-08-25").await;
                    assert_to(&answer, "/runs/");
                }
            }
            let returns = format!("{page}/returns?name=%E8%B5%B5");
            let line = world.lines_of(run.id).remove(0).id;
            let fields = format!("line={line}&reason=F01&returned_on=2023-08-25");
            assert_to(&clerk.submit(&app, &returns, &format!("{page}/returns"), &fields).await, &page);
            let recorded = clerk.get(&app, &format!("{page}/returns")).await;
            assert!(recorded.body.contains("户名不符") && recorded.body.contains("待核实"), "{}", recorded.body);
            let again = clerk.submit(&app, &returns, &format!("{page}/returns"), &fields).await;
            assert!(again.status == 409, "{}", again.status);
            let close = "/months/2023-08/close";
            assert_eq!(clerk.get(&app, close).await.status, 403);
            let ask = approver.get(&app, close).await;
            assert!(ask.body.contains("关账 2023年8月"), "{} {}", ask.status, ask.body);
            assert_to(&approver.submit(&app, close, close, "").await, "/reports/monthly?month=2023-08");
            assert!(all(&world, august, RunState::Closed));
            assert_to(&approver.submit(&app, "/runs?month=2023-08", close, "").await, "/reports/monthly");

            // (c) The table is the command line's, on screen and as a file.
            let operator = mingce::services::Actor::operator("test", STREET);
            let summary = mingce::services::report::month_summary(
                &registry.store, &operator.authorize().expect("may"), august,
            ).expect("a table");
            let mut expected = Vec::new();
            mingce::services::report::month_table::write_summary(
                &summary.clone().without_mental(),
                mingce::services::report::render::renderer(
                    mingce::services::report::render::Format::Csv, &mut expected,
                ).as_mut(),
            ).expect("written");
            let page = clerk.get(&app, "/reports/monthly?month=2023-08").await;
            assert!(page.status == 200 && page.body.contains("社会救助资金发放汇总表"), "{}", page.body);
            assert!(page.body.contains(&summary.monthly_total.due.amount.to_string()));
            let take = "/reports/download";
            let fields = "report=month&month=2023-08&format=csv&purpose=";
            let from = "/reports/monthly?month=2023-08";
            let refused = clerk.submit(&app, from, take, fields).await;
            assert_eq!(refused.status, 422, "a purpose is needed");
            assert!(refused.body.contains("id=\"error-summary\"") && refused.body.contains("href=\"#purpose\""));
            for kept in ["name=\"report\" value=\"month\"", "name=\"month\" value=\"2023-08\"", "href=\"/reports/monthly?month=2023-08\""] {
                assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
            }
            let file = clerk.submit(&app, from, take, &format!("{fields}%E4%B8%8A%E6%8A%A5")).await;
            // The file carries the number of its export beside the title.
            let (head, rest) = file.body.split_once("\r\n").expect("a title");
            let (title, mark) = head.split_once(',').expect("a number");
            assert!(file.status == 200 && mark.starts_with("导出编号 "), "{head}");
            assert_eq!(format!("{title}\r\n{rest}").as_bytes(), expected.as_slice());
            let digest = file.header("x-content-sha256").to_owned();
            let logged = registry.store.read(|conn| {
                Ok(mingce::store::audit::list_after(conn, STREET, 0, 10_000)?)
            }).expect("the log");
            let entry = logged.iter().find(|e| e.action == "report.export").expect("logged");
            let detail = entry.detail.as_deref().unwrap_or_default();
            assert!(entry.reason.as_deref() == Some("上报") && detail.contains(&digest) && detail.contains("\"rows\":"), "{detail}");
            let book = clerk.submit(&app, from, take, "report=roll&program=dibao&month=2023-08&format=xlsx&purpose=x").await;
            assert!(book.status == 200 && book.body.starts_with("PK"), "{}", book.body);
            let mut auditor = sign_in("aud");
            for (place, part) in [
                ("/reports/roll?month=2023-08&program=dibao", "赵*"),
                ("/reports/notice?month=2023-08", "社会救助资金发放情况"),
                ("/reports/annual?month=2023-08", "/reports/annual/rows?month=2023-08&amp;figure=R05"),
                ("/reports/annual/rows?month=2023-08&figure=R05", "赵*"),
                ("/dashboards?month=2023-08", "<svg class=\"chart\""),
            ] {
                let page = auditor.get(&app, place).await;
                assert!(page.status == 200 && page.body.contains(part), "{place} {} {}", page.status, page.body);
                assert!(!page.body.contains(" style=") && !page.body.contains("<style"), "{place}");
                assert!(!page.body.contains("??") && !page.body.contains("赵甲"), "{place}");
            }
        });
        world.check(august);
    }

    fn programs_do_a_month_too(registry) {
        use actix_web::http::Method;
        use serde_json::json;
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        world.draft(august).expect("drafted");
        add_user(registry, "zhou", Role::Clerk);
        let run = world.run_of("dibao", august);
        let state = state(registry, Profile::Demo);
        finish(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut program = Browser::default();
            let account = json!({ "username": "zhou", "password": PASSWORD });
            let grant = program.json(&app, Method::POST, "/api/v1/session", &account).await;
            assert_eq!(grant.status, 201, "{}", grant.body);
            let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
            let mut program = Browser::default().header("authorization", &format!("Bearer {token}"));
            let listed = program.get(&app, "/api/v1/months/2023-08/runs").await.json();
            assert!(listed["programs"].as_array().is_some_and(|rows| rows.len() > 3), "{listed}");
            let at = format!("/api/v1/runs/{}", run.id);
            let seen = program.get(&app, &at).await;
            assert_eq!((seen.status, seen.json()["regular_fen"].as_i64()), (200, Some(71_600)));
            let etag = seen.header("etag").to_owned();
            let lines = program.get(&app, &format!("{at}/lines?limit=1")).await.json();
            assert_eq!(lines["count"].as_i64(), Some(1), "{lines}");
            let line = lines["lines"][0]["id"].as_str().expect("a line").to_owned();
            let explained = program.get(&app, &format!("/api/v1/lines/{line}")).await.json();
            assert_eq!(explained["due_fen"].as_i64(), Some(71_600), "{explained}");
            let table = program.get(&app, "/api/v1/reports/month/2023-08").await.json();
            assert_eq!(table["monthly_total"]["due"]["amount"].as_i64(), Some(71_600));
            let (submit, nothing) = (format!("{at}/submit"), json!({}));
            assert_eq!(program.json(&app, Method::POST, &submit, &nothing).await.status, 428);
            let mut stale = program.clone().header("if-match", "\"999\"");
            let answer = stale.json(&app, Method::POST, &submit, &nothing).await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (412, Some("precondition_failed")));
            let mut fresh = program.clone().header("if-match", &etag);
            let unknown = json!({ "force": true });
            assert_eq!(fresh.json(&app, Method::POST, &submit, &unknown).await.status, 422);
            let done = fresh.json(&app, Method::POST, &submit, &nothing).await;
            assert_eq!((done.status, done.json()["state"].as_str()), (200, Some("submitted")), "{}", done.body);
            assert_eq!(fresh.json(&app, Method::POST, &submit, &nothing).await.status, 412);
            let described = program.get(&app, "/api/v1/openapi.json").await.json();
            assert_eq!(described["openapi"].as_str(), Some("3.1.0"));
            assert!(described["paths"]["/api/v1/runs/{id}/approve"]["post"].is_object());
        });
    }
}
