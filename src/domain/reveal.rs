//! What a masked value may be looked at for (`security.md` SEC-118).

coded! {
    /// A field that is masked until somebody asks for it.
    RevealField {
        DocNo = "doc_no", "证件号", "ID number";
        Phone = "phone", "联系电话", "telephone";
    }
}

coded! {
    /// What a value is needed for.
    RevealPurpose {
        OnSite = "on_site", "现场核验", "check on site";
        Call = "call", "电话联系", "to call";
        Returned = "returned", "银行退票核对", "payment returned by the bank";
        Petition = "petition", "信访核查", "petition";
        Other = "other", "其他", "other";
    }
}
