//! Guardians of children and patients (`domain.md` §4, §7).

coded! {
    /// Who the guardian is.
    GuardianKind {
        Father = "father", "父", "father";
        Mother = "mother", "母", "mother";
        Grandparent = "grandparent", "祖父母或外祖父母", "grandparent";
        Spouse = "spouse", "配偶", "spouse";
        Child = "child", "子女", "child";
        Relative = "relative", "其他亲属", "other relative";
        Committee = "committee", "村居委会", "residents' committee";
        CivilAffairs = "civil_affairs", "民政部门", "civil affairs office";
        Other = "other", "其他", "other";
    }
}

coded! {
    /// What the guardianship rests on.
    GuardianBasis {
        Law = "law", "法定", "by law";
        Appointed = "appointed", "指定", "appointed";
        Entrusted = "entrusted", "委托", "entrusted";
    }
}
