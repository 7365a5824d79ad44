//! Long work: asked for once, taken over after a crash, stopped on request.

use actix_web::test::init_service;
use chrono::NaiveDate;

use mingce::domain::role::Role;
use mingce::jobs::statistics::RefreshStatistics;
use mingce::jobs::{new_job, run_taken};
use mingce::services::access::Profile;
use mingce::services::job::{self, End};

use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;

on_both! {
    fn a_job_outlives_its_worker(registry) {
        add_user(registry, "admin", Role::Admin);
        let (token, session) = open_session(registry, "admin", Profile::Demo);
        let new = new_job(&RefreshStatistics {}, Some("statistics".to_owned()));
        let id = job::enqueue(&registry.store, &session, &new).expect("queued");
        assert_eq!(job::enqueue(&registry.store, &session, &new).expect("the same"), id);
        let first = job::take(&registry.store, "one").expect("read").expect("a job");
        assert_eq!(first.id, id);
        assert!(job::take(&registry.store, "two").expect("read").is_none(), "leased");
        // Worker one is killed; a day later its lease has long run out.
        registry.clock.move_to(NaiveDate::from_ymd_opt(2023, 9, 2).expect("a date"));
        let second = job::take(&registry.store, "two").expect("read").expect("taken over");
        assert_eq!((second.id, second.attempts), (id, 2));
        job::finish(&registry.store, id, "one", &End::Done(None)).expect("ignored");
        assert_eq!(job::load(&registry.store, &session, id).expect("the job").state, "running");
        run_taken(&registry.store, &second, "two").expect("run");
        assert_eq!(job::load(&registry.store, &session, id).expect("the job").state, "done");
        let next = job::enqueue(&registry.store, &session, &new).expect("queued again");
        assert_ne!(next, id, "the key is free again");
        drop(token);
    }

    fn a_job_of_a_disabled_account_fails(registry) {
        add_user(registry, "clerk", Role::Clerk);
        let (_, session) = open_session(registry, "clerk", Profile::Demo);
        let id = job::enqueue(&registry.store, &session, &new_job(&RefreshStatistics {}, None)).expect("queued");
        let taken = job::take(&registry.store, "one").expect("read").expect("a job");
        run_taken(&registry.store, &taken, "one").expect("run");
        let ended = job::load(&registry.store, &session, id).expect("the job");
        assert_eq!((ended.state.as_str(), ended.error_code.as_deref()), ("failed", Some("forbidden")));
    }

    fn a_job_is_seen_and_stopped_by_its_owner_only(registry) {
        add_user(registry, "one", Role::Clerk);
        add_user(registry, "two", Role::Clerk);
        let (one, session) = open_session(registry, "one", Profile::Demo);
        let (two, _) = open_session(registry, "two", Profile::Demo);
        let id = job::enqueue(&registry.store, &session, &new_job(&RefreshStatistics {}, None)).expect("queued");
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let page = format!("/jobs/{id}");
            let mut owner = Browser::with_session(&one);
            assert_eq!(Browser::with_session(&two).get(&app, &page).await.status, 404);
            let seen = owner.get(&app, &page).await;
            assert!(seen.status == 200 && !seen.body.contains("http-equiv"), "{}", seen.body);
            let answer = owner.submit(&app, &page, &format!("{page}/cancel"), "").await;
            assert_eq!(answer.status, 303);
        });
        assert_eq!(job::load(&registry.store, &session, id).expect("the job").state, "cancelled");
    }
}
