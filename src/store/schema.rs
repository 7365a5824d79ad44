// The tables as diesel sees them. Both migration trees are held equal to this file by `tests/it/migrations.rs`.

diesel::table! {
    meta (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    area (code) {
        code -> Text,
        level -> Text,
        name -> Text,
        opened_on -> Date,
        closed_on -> Nullable<Date>,
    }
}

diesel::table! {
    area_parent (code, valid_from) {
        code -> Text,
        parent_code -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
    }
}

diesel::table! {
    data_key (id) {
        id -> Integer,
        purpose -> Text,
        wrapped -> Binary,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    chain_head (street_code) {
        street_code -> Text,
        seq -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit (street_code, seq) {
        street_code -> Text,
        seq -> BigInt,
        at -> Timestamp,
        actor -> Text,
        action -> Text,
        object_kind -> Text,
        object_id -> Nullable<BigInt>,
        result -> Text,
        reason -> Nullable<Text>,
        detail -> Nullable<Text>,
        prev_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    user_account (id) {
        id -> BigInt,
        username -> Text,
        username_key -> Text,
        display_name -> Text,
        role -> Text,
        scope_code -> Text,
        rights -> Text,
        password_hash -> Text,
        status -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    resident (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        unit_id -> BigInt,
        area_code -> Text,
        name -> Text,
        name_pinyin -> Text,
        name_initials -> Text,
        sex -> Integer,
        birth_on -> Date,
        doc_kind -> Text,
        doc_no_enc -> Nullable<Binary>,
        doc_no_index -> Nullable<Binary>,
        temp_no -> Nullable<Text>,
        phone_enc -> Nullable<Binary>,
        phone_index -> Nullable<Binary>,
        ethnicity -> Nullable<Text>,
        marital -> Nullable<Text>,
        education -> Nullable<Text>,
        residence_status -> Text,
        status -> Text,
        merged_into -> Nullable<BigInt>,
        import_id -> Nullable<BigInt>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    identity_claim (blind_index) {
        blind_index -> Binary,
        street_code -> Text,
        resident_id -> BigInt,
    }
}

diesel::table! {
    name_part (street_code, part, name_pinyin, resident_id) {
        street_code -> Text,
        part -> Text,
        name_pinyin -> Text,
        resident_id -> BigInt,
    }
}

diesel::table! {
    address_part (street_code, part, household_id) {
        street_code -> Text,
        part -> Text,
        household_id -> BigInt,
    }
}

diesel::table! {
    household (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        kind -> Text,
        household_no -> Text,
        area_code -> Text,
        address -> Text,
        head_id -> Nullable<BigInt>,
        unit_id -> BigInt,
        opened_on -> Date,
        closed_on -> Nullable<Date>,
        close_reason -> Nullable<Text>,
        import_id -> Nullable<BigInt>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    membership (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        household_id -> BigInt,
        resident_id -> BigInt,
        unit_id -> BigInt,
        kind -> Text,
        relation_code -> Text,
        counted -> Bool,
        from_on -> Date,
        to_on -> Nullable<Date>,
        reason_in -> Text,
        reason_out -> Nullable<Text>,
        from_month -> Integer,
        to_month -> Nullable<Integer>,
        known_on -> Date,
        end_known_on -> Nullable<Date>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    life_event (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        resident_id -> Nullable<BigInt>,
        household_id -> Nullable<BigInt>,
        unit_id -> BigInt,
        kind -> Text,
        event_on -> Date,
        reported_on -> Date,
        decided_on -> Nullable<Date>,
        confidence -> Integer,
        from_area -> Nullable<Text>,
        to_area -> Nullable<Text>,
        note -> Nullable<Text>,
        annulled_on -> Nullable<Date>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    fact (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        resident_id -> BigInt,
        unit_id -> BigInt,
        kind -> Text,
        code -> Nullable<Text>,
        amount_fen -> Nullable<BigInt>,
        detail_enc -> Nullable<Binary>,
        from_month -> Integer,
        to_month -> Nullable<Integer>,
        event_on -> Nullable<Date>,
        reported_on -> Nullable<Date>,
        decided_on -> Nullable<Date>,
        known_on -> Date,
        annulled_on -> Nullable<Date>,
        doc_no -> Nullable<Text>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    certificate (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        resident_id -> BigInt,
        unit_id -> BigInt,
        cert_no_enc -> Binary,
        cert_no_index -> Binary,
        detail_enc -> Binary,
        first_issue -> Bool,
        issued_on -> Date,
        valid_to -> Nullable<Date>,
        from_month -> Integer,
        known_on -> Date,
        cancelled_on -> Nullable<Date>,
        cancel_known_on -> Nullable<Date>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    guardian (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        ward_id -> BigInt,
        guardian_id -> Nullable<BigInt>,
        name_enc -> Binary,
        phone_enc -> Nullable<Binary>,
        kind -> Text,
        basis -> Text,
        from_on -> Date,
        to_on -> Nullable<Date>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    account (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        owner_id -> BigInt,
        holder_name -> Text,
        holder_doc_enc -> Nullable<Binary>,
        relation -> Text,
        bank_name -> Text,
        bank_cnaps -> Nullable<Text>,
        account_enc -> Binary,
        account_index -> Binary,
        opened_on -> Date,
        closed_on -> Nullable<Date>,
        agreement_no -> Nullable<Text>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    award (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        program -> Text,
        beneficiary_kind -> Text,
        beneficiary_id -> BigInt,
        resident_id -> BigInt,
        household_id -> Nullable<BigInt>,
        unit_id -> BigInt,
        mode -> Text,
        cert_no -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        review_class -> Nullable<Text>,
        near_relative -> Bool,
        opened_on -> Date,
        import_id -> Nullable<BigInt>,
        version -> Integer,
    }
}

diesel::table! {
    decision (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        award_id -> BigInt,
        unit_id -> BigInt,
        kind -> Text,
        from_month -> Integer,
        to_month -> Nullable<Integer>,
        decided_on -> Date,
        applied_on -> Nullable<Date>,
        known_on -> Date,
        amount_fen -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        doc_no -> Nullable<Text>,
        annuls -> Nullable<BigInt>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    hold (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        award_id -> BigInt,
        unit_id -> BigInt,
        from_month -> Integer,
        placed_on -> Date,
        source -> Text,
        reason -> Text,
        placed_by -> Text,
        released_on -> Nullable<Date>,
        released_by -> Nullable<Text>,
        release_reason -> Nullable<Text>,
    }
}

diesel::table! {
    temp_case (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        case_no -> Text,
        resident_id -> BigInt,
        household_id -> Nullable<BigInt>,
        area_code -> Text,
        kind -> Text,
        cause -> Text,
        level -> Text,
        category -> Nullable<Text>,
        self_paid_fen -> Nullable<BigInt>,
        asked_fen -> BigInt,
        approved_fen -> BigInt,
        applied_on -> Date,
        decided_on -> Date,
        doc_no -> Nullable<Text>,
        import_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    visit (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        visit_no -> Text,
        household_id -> Nullable<BigInt>,
        purpose -> Text,
        planned_on -> Nullable<Date>,
        done_on -> Nullable<Date>,
        worker -> Text,
        co_visitor -> Nullable<Text>,
        result -> Nullable<Text>,
        status -> Text,
        reviewed_on -> Nullable<Date>,
        import_id -> Nullable<BigInt>,
        changed -> Text,
    }
}

diesel::table! {
    visit_photo (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        visit_id -> BigInt,
        photo_enc -> Binary,
        digest -> Binary,
        width -> Integer,
        height -> Integer,
        added_by -> Text,
        added_at -> Timestamp,
    }
}

diesel::table! {
    visit_person (visit_id, resident_id, street_code) {
        street_code -> Text,
        visit_id -> BigInt,
        resident_id -> BigInt,
    }
}

diesel::table! {
    policy (id) {
        id -> BigInt,
        code -> Text,
        version -> Integer,
        title -> Text,
        digest -> Binary,
        body -> Text,
        illustrative -> Bool,
        status -> Text,
        proposed_by -> Text,
        activated_by -> Nullable<Text>,
        activated_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<Timestamp>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    policy_cost (policy_id, street_code, month) {
        policy_id -> BigInt,
        present_id -> BigInt,
        street_code -> Text,
        month -> Integer,
        body -> Text,
        computed_at -> Timestamp,
    }
}

diesel::table! {
    program_start (street_code, program) {
        street_code -> Text,
        program -> Text,
        first_month -> Integer,
    }
}

diesel::table! {
    run (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        program -> Text,
        month -> Integer,
        state -> Text,
        origin -> Text,
        policy_id -> Nullable<BigInt>,
        cut_off -> Date,
        marks_through -> BigInt,
        line_count -> Integer,
        regular_fen -> BigInt,
        arrears_fen -> BigInt,
        claim_fen -> BigInt,
        deduction_fen -> BigInt,
        content_hash -> Nullable<Binary>,
        drafted_by -> Text,
        drafted_at -> Timestamp,
        submitted_by -> Nullable<Text>,
        submitted_at -> Nullable<Timestamp>,
        approved_by -> Nullable<Text>,
        approved_at -> Nullable<Timestamp>,
        payment_on -> Nullable<Date>,
        closed_by -> Nullable<Text>,
        closed_at -> Nullable<Timestamp>,
        note -> Nullable<Text>,
        version -> Integer,
    }
}

diesel::table! {
    run_contributor (run_id, username, street_code) {
        street_code -> Text,
        run_id -> BigInt,
        username -> Text,
    }
}

diesel::table! {
    line (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        run_id -> BigInt,
        program -> Text,
        beneficiary_id -> BigInt,
        award_id -> BigInt,
        month -> Integer,
        kind -> Text,
        amount_fen -> BigInt,
        base_fen -> BigInt,
        supplement_fen -> BigInt,
        persons -> Integer,
        area_code -> Text,
        tier -> Nullable<Text>,
        reason -> Nullable<Text>,
        void -> Bool,
        inputs -> Binary,
    }
}

diesel::table! {
    attempt (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        line_id -> BigInt,
        run_id -> BigInt,
        attempt_no -> Integer,
        state -> Text,
        reason_code -> Nullable<Text>,
        returned_on -> Nullable<Date>,
        account_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    claim (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        award_id -> BigInt,
        program -> Text,
        beneficiary_id -> BigInt,
        run_id -> Nullable<BigInt>,
        amount_fen -> BigInt,
        reason -> Text,
        status -> Text,
        opened_on -> Date,
        cap_percent -> Nullable<Integer>,
        plan_from -> Nullable<Integer>,
        doc_no -> Nullable<Text>,
    }
}

diesel::table! {
    claim_entry (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        claim_id -> BigInt,
        kind -> Text,
        amount_fen -> BigInt,
        entered_on -> Date,
        entered_by -> Text,
        line_id -> Nullable<BigInt>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    summary (street_code, month) {
        street_code -> Text,
        month -> Integer,
        body -> Text,
        digest -> Binary,
        closed_at -> Timestamp,
    }
}

diesel::table! {
    recheck (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        unit_id -> BigInt,
        from_month -> Integer,
        known_on -> Date,
    }
}

diesel::table! {
    history (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        object_kind -> Text,
        object_id -> BigInt,
        field -> Nullable<Text>,
        old_enc -> Nullable<Binary>,
        new_enc -> Nullable<Binary>,
        at -> Timestamp,
        actor -> Text,
        reason -> Nullable<Text>,
        audit_seq -> BigInt,
    }
}

diesel::table! {
    import_book (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        file_name -> Text,
        digest -> Binary,
        counts -> Text,
        imported_at -> Timestamp,
        imported_by -> Text,
        undone_at -> Nullable<Timestamp>,
        undone_by -> Nullable<Text>,
    }
}

diesel::table! {
    export_log (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        username -> Text,
        at -> Timestamp,
        file_name -> Text,
        filter -> Text,
        row_count -> BigInt,
        digest -> Text,
        purpose -> Text,
        plain -> Bool,
    }
}

diesel::table! {
    export_file (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        body_enc -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    import_upload (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        owner -> Text,
        file_name -> Text,
        row_count -> BigInt,
        body_enc -> Nullable<Binary>,
        preview_enc -> Binary,
        report_enc -> Nullable<Binary>,
        mapping -> Text,
        import_id -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    user_access (user_id) {
        user_id -> BigInt,
        auth_epoch -> BigInt,
        must_change -> Bool,
        code_expires_at -> Nullable<Timestamp>,
        expires_on -> Nullable<Date>,
        totp_secret -> Nullable<Binary>,
        totp_last_step -> BigInt,
        password_changed_at -> Nullable<Timestamp>,
        last_login_at -> Nullable<Timestamp>,
        last_login_from -> Nullable<Text>,
        failures_since -> BigInt,
        lang -> Nullable<Text>,
        page_size -> BigInt,
        density -> Text,
        large_text -> Bool,
        shortcuts -> Bool,
    }
}

diesel::table! {
    recovery_code (user_id, code_hash) {
        user_id -> BigInt,
        code_hash -> Binary,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    web_session (id) {
        id -> BigInt,
        token_hash -> Binary,
        kind -> Text,
        user_id -> BigInt,
        level -> Text,
        stamp -> Binary,
        street_code -> Text,
        area_codes -> Nullable<Text>,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        idle_seconds -> BigInt,
        expires_at -> Timestamp,
        stepped_up_at -> Nullable<Timestamp>,
        device -> Text,
        address -> Text,
    }
}

diesel::table! {
    refresh_token (token_hash) {
        token_hash -> Binary,
        session_id -> BigInt,
        issued_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        successor -> Nullable<Binary>,
    }
}

diesel::table! {
    sign_in_counter (key_hash) {
        key_hash -> Binary,
        failures -> BigInt,
        locked_until -> Nullable<Timestamp>,
        day_failures -> BigInt,
        day_started -> Timestamp,
        last_at -> Timestamp,
    }
}

diesel::table! {
    token_key (kid) {
        kid -> Text,
        id -> BigInt,
        sealed -> Binary,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    job (id) {
        id -> BigInt,
        street_code -> Text,
        kind -> Text,
        payload -> Text,
        dedupe_key -> Nullable<Text>,
        state -> Text,
        phase -> Text,
        total -> Nullable<BigInt>,
        done -> BigInt,
        succeeded -> BigInt,
        warned -> BigInt,
        failed -> BigInt,
        error_code -> Nullable<Text>,
        error_text -> Nullable<Text>,
        result_url -> Nullable<Text>,
        owner_id -> BigInt,
        owner -> Text,
        role -> Text,
        area_codes -> Nullable<Text>,
        attempts -> BigInt,
        cancel_asked -> Bool,
        worker -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        heartbeat_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    not_duplicate (first_id, second_id, street_code) {
        street_code -> Text,
        first_id -> BigInt,
        second_id -> BigInt,
        decided_by -> Text,
        decided_at -> Timestamp,
        reason -> Text,
    }
}

diesel::table! {
    pending_change (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        resident_id -> BigInt,
        kind -> Text,
        proposal_enc -> Binary,
        proposed_by -> Text,
        proposed_at -> Timestamp,
        state -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    review_task (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        kind -> Text,
        award_id -> BigInt,
        opened_on -> Date,
        done_on -> Nullable<Date>,
        done_by -> Nullable<Text>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    idempotency_key (street_code, user_id, key) {
        street_code -> Text,
        user_id -> BigInt,
        key -> Text,
        request_hash -> Binary,
        status -> Integer,
        object_id -> BigInt,
        version -> Integer,
        created_at -> Timestamp,
    }
}

diesel::table! {
    grid_hand_over (id) {
        id -> BigInt,
        street_code -> Text,
        area_code -> Text,
        from_user -> Nullable<BigInt>,
        to_user -> BigInt,
        from_on -> Date,
        handed_by -> Text,
        handed_at -> Timestamp,
    }
}

diesel::table! {
    draft_key (id) {
        id -> BigInt,
        user_id -> BigInt,
        public_key -> Text,
        private_key -> Binary,
        created_at -> Timestamp,
        withheld_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    view_log (id, street_code) {
        id -> BigInt,
        street_code -> Text,
        audit_seq -> BigInt,
        at -> Timestamp,
        on_day -> Date,
        off_hours -> Bool,
        actor -> Text,
        object_kind -> Text,
        object_id -> BigInt,
    }
}

diesel::table! {
    grant_request (id) {
        id -> BigInt,
        kind -> Text,
        username -> Text,
        display_name -> Text,
        role -> Text,
        scope_code -> Text,
        rights -> Text,
        asked_by -> Text,
        asked_at -> Timestamp,
        state -> Text,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    meta,
    area,
    area_parent,
    data_key,
    chain_head,
    audit,
    user_account,
    resident,
    identity_claim,
    name_part,
    address_part,
    household,
    membership,
    life_event,
    fact,
    certificate,
    guardian,
    account,
    award,
    decision,
    hold,
    temp_case,
    visit,
    visit_person,
    visit_photo,
    grid_hand_over,
    policy,
    policy_cost,
    program_start,
    run,
    run_contributor,
    line,
    attempt,
    claim,
    claim_entry,
    summary,
    recheck,
    history,
    import_book,
    export_log,
    export_file,
    import_upload,
    user_access,
    recovery_code,
    web_session,
    refresh_token,
    sign_in_counter,
    token_key,
    job,
    not_duplicate,
    pending_change,
    review_task,
    idempotency_key,
    view_log,
    grant_request,
    draft_key,
);
